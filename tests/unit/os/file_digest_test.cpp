#include "os/file_digest.h"

#include "os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace proa::os {
namespace {

namespace fs = std::filesystem;

class FileDigestTest : public testing::Test {
 protected:
  FileDigestTest() {
    std::string name = fs::temp_directory_path() / "proa-digest-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~FileDigestTest() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(FileDigestTest, IsThatOfTheWholeFile) {
  std::ofstream(folder_ / "abc") << "abc";
  const auto found = file_digest(folder_ / "abc");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found.value().bytes, 3U);
  EXPECT_EQ(found.value().sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, B.1
  EXPECT_EQ(file_bytes(folder_ / "abc").value(), 3U);
}

TEST_F(FileDigestTest, OfAFileLongerThanWhatIsReadAtOnce) {
  std::ofstream(folder_ / "long") << std::string(1'000'000, 'a');
  EXPECT_EQ(file_digest(folder_ / "long").value().sha256,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");  // FIPS 180-2, B.3
}

TEST_F(FileDigestTest, OfAnOpenFileWhereverItsDescriptorStands) {
  std::ofstream(folder_ / "abc") << "abc";
  const auto opened = open_file(folder_ / "abc", O_RDONLY).value();
  ASSERT_EQ(::lseek(opened.get(), 2, SEEK_SET), 2);
  EXPECT_EQ(file_digest(opened.get(), "abc").value().sha256,
            file_digest(folder_ / "abc").value().sha256);
  EXPECT_EQ(file_digest(opened.get(), "abc").value().bytes, 3U);
  EXPECT_EQ(::lseek(opened.get(), 0, SEEK_CUR), 2) << "who has it reads on where it stood";
  const auto failed = file_digest(-1, "abc");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("read abc"), std::string::npos);
}

TEST_F(FileDigestTest, IsRefusedForWhatIsNoFile) {
  EXPECT_EQ(file_digest(folder_ / "none").error().code(), Errc::not_found);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_digest(folder_ / "pipe").error().code(), Errc::corrupt);
  fs::create_symlink("abc", folder_ / "link");
  EXPECT_FALSE(file_digest(folder_ / "link"));
  EXPECT_EQ(file_bytes(folder_).error().code(), Errc::corrupt);
}

}  // namespace
}  // namespace proa::os
