#include "unit/cli/cli_daemon.h"

#include <filesystem>
#include <fstream>

namespace proa::cli {
namespace {

constexpr const char* kImage =
    R"({"digest":"sha256:0123456789abcdef","names":["app:1","app:latest"],"architecture":"x86_64",
        "entry_point":["/run","-x"],"command":["a"],"environment":["A=1","B=2"],
        "working_directory":"","layers":3,"archive_bytes":1048576,"unpacked_bytes":10485760,
        "skipped":2,"loaded":"2026-11-26T12:00:00.000Z"})";

TEST_F(CliDaemonTest, ImageLoadUploadsAndSaysWhatItIs) {
  const auto path = std::filesystem::path(testing::TempDir()) / "proa-image-test.tar";
  std::ofstream(path) << "12345";
  bodies_ = {R"({"upload_id":"u","part_bytes_max":3})", R"({"received":3})", R"({"received":5})"};
  body_ = kImage;
  EXPECT_EQ(run({"image", "load", path.string(), "--name", "app:1"}),
            "The image app:1, app:latest (0123456789ab) is loaded: 10 MiB in 3 layers.\n");
  ASSERT_EQ(all_asked_.size(), 4U);
  EXPECT_NE(all_asked_[0].find(R"("kind":"image")"), std::string::npos);
  EXPECT_EQ(asked_, R"(POST /proa/v1/images {"upload_id":"u","name":"app:1"})");
  std::filesystem::remove(path);
}

TEST_F(CliDaemonTest, ImageLoadGivesTheUploadUpWhenItIsRefused) {
  const auto path = std::filesystem::path(testing::TempDir()) / "proa-image-test.tar";
  std::ofstream(path) << "123";
  bodies_ = {R"({"upload_id":"u","part_bytes_max":3})", R"({"received":3})",
             R"({"message":"This is no image"})"};
  statuses_ = {201, 200, 400};
  EXPECT_NE(run({"image", "load", path.string()}).find("This is no image"), std::string::npos);
  EXPECT_EQ(asked_.substr(0, 26), "DELETE /proa/v1/uploads/u ");
  std::filesystem::remove(path);
  asked_.clear();
  EXPECT_EQ(run({"image", "load", path.string()}).substr(0, 6), "error:");
  EXPECT_EQ(asked_, "") << "refused before the daemon is asked";
}

TEST_F(CliDaemonTest, ImageListAndShowAndRemove) {
  around_.now = [] { return WallTime(std::chrono::seconds(1795694400)); };
  body_ = std::string(R"({"images":[)") + kImage + "]}";
  EXPECT_EQ(run({"image", "list"}),
            "IMAGE              DIGEST          SIZE  AGE\n"
            "app:1, app:latest  0123456789ab  10 MiB   0s\n");
  body_ = R"({"images":[]})";
  EXPECT_EQ(run({"image", "list"}), "No images. Load one: proa image load FILE\n");
  body_ = kImage;
  const std::string shown = run({"image", "show", "app:1"});
  EXPECT_EQ(asked_.substr(0, 29), "GET /proa/v1/images/app%3A1 ");
  EXPECT_NE(shown.find("ENTRYPOINT:   /run -x\nCMD:          a\nWORKDIR:      /\n"
                       "ENV:          A=1\n              B=2\n"),
            std::string::npos)
      << shown;
  EXPECT_NE(shown.find("left out:     2 devices\n"), std::string::npos);
  status_ = 204;
  body_.clear();
  EXPECT_EQ(run({"image", "remove", "app:1"}),
            "Image app:1 is removed. Functions made of it go on.\n");
}

}  // namespace
}  // namespace proa::cli
