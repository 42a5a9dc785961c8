#include "unit/cli/cli_daemon.h"

#include <filesystem>
#include <fstream>

namespace proa::cli {
namespace {

constexpr const char* kRuntime =
    R"({"name":"py","sha256":"0123456789abcdef","interpreters":[{"runtime":"python3.11",
        "version":"3.11.2","program":"/usr/bin/python3.11"}],"asked_for":["python3"],
        "archive_bytes":1048576,"unpacked_bytes":10485760,"skipped":0,
        "added":"2026-11-26T12:00:00.000Z","used_by":["us-east-1/f"],
        "packages":[{"name":"python3","version":"3.11.2-1+b1"}]})";

TEST_F(CliDaemonTest, RuntimeAddUploadsAndSaysWhatItHas) {
  const auto path = std::filesystem::path(testing::TempDir()) / "proa-runtime-test.tar";
  std::ofstream(path) << "12345";
  bodies_ = {R"({"upload_id":"u","part_bytes_max":8})", R"({"received":5})"};
  body_ = kRuntime;
  EXPECT_EQ(run({"runtime", "add", "py", path.string()}),
            "The runtime image py is there: python3.11, 10 MiB.\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/runtimes {"upload_id":"u","name":"py"})");
  std::filesystem::remove(path);
}

TEST_F(CliDaemonTest, RuntimeBuildRefusesANameThatIsTakenAtOnce) {
  body_ = kRuntime;
  EXPECT_NE(run({"runtime", "build", "py", "--packages", "python3,python3-numpy"})
                .find("There is a runtime image 'py' already"),
            std::string::npos);
  ASSERT_EQ(all_asked_.size(), 1U);
}

TEST_F(CliDaemonTest, RuntimeListAndShowAndRemove) {
  body_ = std::string(R"({"runtimes":[)") + kRuntime + "]}";
  EXPECT_EQ(run({"runtime", "list"}),
            "RUNTIME  HASH          INTERPRETERS    SIZE  MADE              USED BY\n"
            "py       0123456789ab  python3.11    10 MiB  built of python3  us-east-1/f\n");
  body_ = kRuntime;
  const std::string shown = run({"runtime", "show", "py"});
  EXPECT_NE(shown.find("interpreters: python3.11 3.11.2\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("packages:     python3 3.11.2-1+b1\n"), std::string::npos) << shown;
  status_ = 204;
  body_.clear();
  EXPECT_EQ(run({"runtime", "remove", "py"}), "The runtime image py is removed.\n");
}

}  // namespace
}  // namespace proa::cli
