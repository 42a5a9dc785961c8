#include "cli/upload.h"

#include "unit/cli/cli_daemon.h"

#include <fstream>

namespace proa::cli {
namespace {

class UploadTest : public CliDaemonTest {
 protected:
  UploadTest() {
    std::string name = "/tmp/proa-upload-test-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "app.py") << "def handler(e, c): pass\n";
    const auto contents = packaging::read_contents(folder_, {});
    package_.emplace(packaging::pack(contents.value(), {}, {}).value());
    size_ = package_->bytes().size();
  }
  ~UploadTest() override { std::filesystem::remove_all(folder_); }

  std::string state(std::size_t received) {
    return R"({"upload_id":"u1","part_bytes_max":100,"received":)" + std::to_string(received) + "}";
  }
  Result<std::string> sent() {
    ProgressLine progress(around_, false);
    return upload(around_, *package_, progress);
  }

  std::filesystem::path folder_;
  std::optional<packaging::Package> package_;
  std::size_t size_ = 0;
};

TEST_F(UploadTest, SendsPartsUntilAllIsThere) {
  bodies_ = {state(0), state(100)};
  for (std::size_t at = 200; at < size_; at += 100) bodies_.push_back(state(at));
  body_ = state(size_);
  const auto id = sent();
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_EQ(id.value(), "u1");
  const std::size_t last = (size_ - 1) / 100 * 100;
  EXPECT_EQ(asked_, "PUT /proa/v1/uploads/u1?offset=" + std::to_string(last) + " " +
                        std::string(package_->bytes().substr(last)));
}

TEST_F(UploadTest, AnAnswerThatSaysNothingIsAnError) {
  body_ = "{}";
  EXPECT_EQ(sent().error().message(), "the daemon does not say how to upload");
  bodies_ = {state(0)};
  EXPECT_EQ(sent().error().message(), "the daemon does not say how far the upload is");
  bodies_ = {state(0)};
  body_ = state(size_ + 1);
  EXPECT_EQ(sent().error().message(), "the daemon has more of the upload than there is");
}

TEST_F(UploadTest, ARefusalEndsIt) {
  status_ = 403;
  body_ = R"({"message":"no right deploy"})";
  EXPECT_EQ(sent().error().code(), Errc::denied);
}

}  // namespace
}  // namespace proa::cli
