#include "kernels/stored_file.h"

#include "unit/kernels/fake_host.h"

#include <sys/stat.h>

namespace proa::kernels {
namespace {

class StoredFileTest : public FakeHostTest {};

TEST_F(StoredFileTest, IsMeasured) {
  const std::string bytes(600'001, 'x');
  write("file", bytes);
  const auto measured = measure(top_ / "file");
  ASSERT_TRUE(measured) << measured.error().message();
  EXPECT_EQ(measured.value().bytes, bytes.size());
  EXPECT_EQ(measured.value().sha256, to_hex(sha256(bytes)));
  EXPECT_EQ(size_of(top_ / "file").value(), bytes.size());
}

TEST_F(StoredFileTest, MustBeARegularFile) {
  EXPECT_EQ(measure(top_ / "none").error().code(), Errc::not_found);
  EXPECT_EQ(measure(top_ / "work").error().code(), Errc::corrupt);
  ASSERT_EQ(::mkfifo((top_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(measure(top_ / "pipe").error().message(), "pipe is not a regular file");
  std::filesystem::create_symlink("/bin/true", top_ / "link");
  EXPECT_EQ(size_of(top_ / "link").error().code(), Errc::os);
}

TEST_F(StoredFileTest, NewFoldersGoUnlessTheyAreKept) {
  std::filesystem::path path;
  {
    const auto folder = NewFolder::make(top_ / "work").value();
    path = folder.path();
    EXPECT_TRUE(path.filename().string().starts_with(NewFolder::kBegin));
    std::ofstream(path / "file") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  {
    auto folder = NewFolder::make(top_ / "work").value();
    std::ofstream(folder.path() / "file") << "kept";
    ASSERT_TRUE(folder.keep_as(top_ / "work" / "name"));
  }
  EXPECT_EQ(read(top_ / "work" / "name" / "file"), "kept");
  {
    auto folder = NewFolder::make(top_ / "work").value();
    EXPECT_EQ(folder.keep_as(top_ / "work" / "name").error().code(), Errc::conflict);
  }
  EXPECT_EQ(NewFolder::make(top_ / "none").error().code(), Errc::not_found);
  EXPECT_TRUE(sync(top_ / "work"));
  EXPECT_EQ(sync(top_ / "none").error().code(), Errc::not_found);
}

}  // namespace
}  // namespace proa::kernels
