#include "launcher/spawn_role.h"
#include "unit/launcher/stage_fixture.h"

#include <sys/statvfs.h>

#include <algorithm>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

class StageTest : public test::StagedTest {
 protected:
  /// What `look` says in a child that tried to enter the stage.
  std::string entered(const std::function<std::string(const Result<void>&)>& look) const {
    return test::said_by_child([&] { return look(enter_stage(config_, stage())); });
  }
};

TEST_F(StageTest, HoldsTheEnvironmentsRootTheCodeAndProcAndNothingElse) {
  const std::string host_file = folder_.path() / "secret";
  folder_.put("secret", "key");
  put_tree('a', "main.py", "main");
  EXPECT_EQ(
      entered([&](const Result<void>& done) -> std::string {
        if (!done) return done.error().message();
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator("/")) {
          names.push_back(entry.path().filename());
        }
        std::ranges::sort(names);
        if (names != std::vector<std::string>{"code", "env", "guest", "images", "kernels", "proc"})
          return "more in the root";
        if (fs::exists(host_file)) return "the host can be named";
        if (test::text_of_file("/code/" + std::string(64, 'a') + "/main.py") != "main") {
          return "no code";
        }
        if (!fs::exists("/env/var/runtime/proa-init")) return "no environment";
        return fs::exists("/proc/self/status") ? "" : "no proc";
      }),
      "");
}

TEST_F(StageTest, NoMountOfTheHostIsLeftInIt) {
  EXPECT_EQ(entered([&](const Result<void>& done) -> std::string {
              if (!done) return done.error().message();
              std::ifstream mounts("/proc/self/mountinfo");
              std::string line;
              while (std::getline(mounts, line)) {
                std::istringstream words(line);
                std::string word;
                for (int i = 0; i < 5; ++i) words >> word;  // the fifth is the mount point
                const bool is_known = word == "/" || word == "/code" || word == "/kernels" ||
                                      word == "/images" || word == "/proc" || word == "/env" ||
                                      word == "/guest" || word.starts_with("/env/") ||
                                      word.starts_with("/guest/");
                if (!is_known) return word;
              }
              return "";
            }),
            "");
}

TEST_F(StageTest, TheCallersNamespaceSeesNothingOfIt) {
  const std::string mounts = test::text_of_file("/proc/self/mountinfo");
  EXPECT_EQ(entered([&](const Result<void>& done) -> std::string {
              if (!done) return done.error().message();
              return "";
            }),
            "");
  EXPECT_EQ(test::text_of_file("/proc/self/mountinfo"), mounts);
  EXPECT_TRUE(fs::is_empty(stage()));
}

TEST_F(StageTest, AFolderThatIsMissingIsNamed) {
  const auto message = [](const Result<void>& done) {
    return done ? std::string("entered") : done.error().message();
  };
  auto& missing = config_.data_folder;
  missing = folder_.path() / "no-data";
  EXPECT_NE(entered(message).find("mount"), std::string::npos);
  missing = folder_.path() / "data";
  config_.init_program = folder_.path() / "no-init";
  EXPECT_NE(entered(message).find("no-init"), std::string::npos);
  config_.init_program = "/bin/true";
  EXPECT_NE(test::said_by_child([&] {
              return message(enter_stage(config_, folder_.path() / "no-stage"));
            }).find("no-stage"),
            std::string::npos);
}

}  // namespace
}  // namespace proa::launcher
