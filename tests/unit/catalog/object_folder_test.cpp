#include "catalog/object_folder.h"

#include "os/file.h"
#include "unit/catalog/temp_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

namespace proa::catalog {
namespace {

class ObjectFolderTest : public TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    std::filesystem::create_directories(folder_ / "s3/bucket/deep");
    write("s3/bucket/deep/code.zip", "archive");
    write("secret", "not yours");
    objects_ = ObjectFolder(os::open_file(folder_ / "s3", O_PATH | O_DIRECTORY).value());
  }
  void write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::string read(std::string bucket, std::string key, std::uint64_t most = 100) {
    S3Object object;
    object.bucket = std::move(bucket);
    object.key = std::move(key);
    auto text = objects_.read(object, most);
    return text ? text.value() : text.error().message();
  }

  ObjectFolder objects_;
  const std::string no_key_ =
      "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified "
      "key does not exist.";
  const std::string no_bucket_ =
      "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The "
      "specified bucket does not exist";
};

TEST_F(ObjectFolderTest, ReadsObjects) { EXPECT_EQ(read("bucket", "deep/code.zip"), "archive"); }

TEST_F(ObjectFolderTest, MissesInLambdasWords) {
  EXPECT_EQ(read("bucket", "none.zip"), no_key_);
  EXPECT_EQ(read("bucket", "deep"), no_key_) << "a folder";
  EXPECT_EQ(read("bucket", "deep/code.zip/x"), no_key_);
  EXPECT_EQ(read("none", "code.zip"), no_bucket_);
  EXPECT_EQ(ObjectFolder().read(S3Object{"bucket", "k"}, 1).error().message(),
            no_bucket_ + " (proa serve was started without --s3-folder)");
}

TEST_F(ObjectFolderTest, NothingOutsideCanBeReached) {
  EXPECT_EQ(read("bucket", "../../secret"), no_key_);
  EXPECT_EQ(read("bucket", "/etc/passwd"), no_key_);
  EXPECT_EQ(read("bucket", std::string("deep/code.zip\0x", 15)), no_key_);
  for (const char* bucket : {"..", ".", "", "bucket/deep"}) {
    EXPECT_EQ(read(bucket, "code.zip"), no_bucket_) << bucket;
  }
  std::filesystem::create_symlink("../../secret", folder_ / "s3/bucket/link");
  EXPECT_EQ(read("bucket", "link"),
            "Your access has been denied by S3, please make sure your request credentials have "
            "permission to GetObject for bucket/link. S3 Error Code: AccessDenied. S3 Error "
            "Message: Access Denied");
}

TEST_F(ObjectFolderTest, APipeIsNoObjectAndDoesNotBlock) {
  ASSERT_EQ(::mkfifo((folder_ / "s3/bucket/pipe").c_str(), 0600), 0);
  EXPECT_EQ(read("bucket", "pipe"), no_key_);
}

TEST_F(ObjectFolderTest, LargeObjectsAreRefusedUnread) {
  EXPECT_EQ(read("bucket", "deep/code.zip", 6), "Unzipped size must be smaller than 6 bytes");
}

}  // namespace
}  // namespace proa::catalog
