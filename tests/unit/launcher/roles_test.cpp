#include "launcher/supervisor.h"
#include "unit/launcher/role_process.h"
#include "unit/launcher/stage_fixture.h"

#include <boost/json.hpp>
#include <linux/capability.h>

#include <sstream>

namespace proa::launcher {
namespace {

constexpr std::uint64_t bit(int capability) { return 1ULL << static_cast<unsigned>(capability); }

/// The words after `name:` in a process's status.
std::string status_line(const std::string& process, const std::string& name) {
  std::istringstream lines(test::text_of_file("/proc/" + process + "/status"));
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "";
}

std::uint64_t capabilities(const std::string& process, const std::string& set) {
  return std::stoull(status_line(process, set), nullptr, 16);
}

/// What a child that runs `body` writes to standard error.
std::string complaint_of(const std::function<void()>& body) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const std::string said = test::said_by_child([&]() -> std::string {
    ::dup2(ends[1], STDERR_FILENO);
    body();
    return "";
  });
  EXPECT_EQ(said, "");
  ::close(ends[1]);
  const os::UniqueFd reading(ends[0]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(
      std::max<ssize_t>(::read(reading.get(), text.data(), text.size()), 0)));
  return text;
}

TEST(KeepCapabilities, NothingElseIsLeftInAnySetAndNothingComesBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has capabilities to drop";
  const std::uint64_t kept = bit(CAP_KILL) | bit(CAP_BPF);
  const std::uint64_t expected = kept & capabilities("self", "CapPrm");
  EXPECT_EQ(test::said_by_child([&]() -> std::string {
              if (auto done = keep_capabilities(kept); !done) return done.error().message();
              for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
                if (capabilities("self", set) != expected) return set;
              }
              for (const char* set : {"CapInh", "CapAmb"}) {
                if (capabilities("self", set) != 0) return set;
              }
              // More than there is cannot be kept: no error, and no way back.
              if (auto again = keep_capabilities(~0ULL); !again) return again.error().message();
              return capabilities("self", "CapPrm") == expected ? "" : "they came back";
            }),
            "");
}

TEST(Report, IsOneLineOfJsonWhateverTheErrorHolds) {
  const std::string text =
      complaint_of([] { report("spawn", Error(Errc::os, "cannot open \"a\nb\"", EACCES)); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = boost::json::parse(text);
  EXPECT_EQ(line.at("level").as_string(), "error");
  EXPECT_EQ(line.at("module").as_string(), "launcher");
  EXPECT_EQ(line.at("role").as_string(), "spawn");
  EXPECT_EQ(line.at("reason").as_string().find("cannot open \"a\nb\""), 0U);
}

class RolesTest : public test::StagedTest {
 protected:
  void SetUp() override {
    StagedTest::SetUp();
    if (!IsSkipped()) instance_.emplace(config_.run_folder);
  }
  test::RoleProcess start(void (*run)(RoleStart)) {
    return test::RoleProcess([this, run](std::vector<os::UniqueFd> daemon, os::UniqueFd peer) {
      run({config_, instance_->get(), std::move(daemon), std::move(peer)});
      return 99;
    });
  }
  std::optional<test::HighInstance> instance_;
};

TEST_F(RolesTest, TheSpawnRoleServesConfinedAndWithItsOwnCapabilitiesOnly) {
  auto role = start(run_spawn_role);
  ASSERT_TRUE(role.ask(PoolStatus())) << "it serves";
  const std::string process = std::to_string(role.pid());
  const std::uint64_t has = capabilities(process, "CapEff");
  EXPECT_NE(has & bit(CAP_SYS_ADMIN), 0U);
  for (const int foreign : {CAP_NET_ADMIN, CAP_BPF, CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_MKNOD,
                            CAP_SYS_MODULE, CAP_CHOWN}) {
    EXPECT_EQ(has & bit(foreign), 0U) << foreign;
  }
  EXPECT_EQ(capabilities(process, "CapBnd") & ~has, 0U) << "could come back by an exec";
  EXPECT_EQ(status_line(process, "Seccomp"), "2");
  role.close_all();
  EXPECT_EQ(role.exit_status(), 0);
}

TEST_F(RolesTest, TheSpawnRolesFailureIsReportedAndItsExitStatus) {
  config_.init_program = folder_.path() / "no-init";
  const std::string text = complaint_of([&] {
    auto role = start(run_spawn_role);
    if (role.exit_status() != 1) ::_exit(1);
  });
  ASSERT_FALSE(text.empty());
  const auto line = boost::json::parse(text);
  EXPECT_EQ(line.at("role").as_string(), "spawn");
  EXPECT_NE(line.at("reason").as_string().find("no-init"), std::string::npos) << text;
}

TEST_F(RolesTest, ThePoolRolesFailureIsReportedAndItsExitStatus) {
  folder_.put("no-folder", "");
  config_.data_folder = folder_.path() / "no-folder";
  const std::string text = complaint_of([&] {
    auto role = start(run_pool_role);
    if (role.exit_status() != 1) ::_exit(1);
  });
  ASSERT_FALSE(text.empty());
  const auto line = boost::json::parse(text);
  EXPECT_EQ(line.at("role").as_string(), "pool");
  EXPECT_NE(line.at("reason").as_string().find("no-folder"), std::string::npos) << text;
}

TEST_F(RolesTest, ThePoolRoleServesConfinedAndLeavesTheInstanceToItsSupervisor) {
  if (const auto obstacle = test::pool_role_obstacle()) GTEST_SKIP() << *obstacle;
  auto role = start(run_pool_role);
  const auto answer = role.ask(PoolStatus());
  ASSERT_TRUE(answer);
  ASSERT_NE(answer->as<Text>(), nullptr);
  const std::string process = std::to_string(role.pid());
  const std::uint64_t has = capabilities(process, "CapEff");
  EXPECT_NE(has & bit(CAP_NET_ADMIN), 0U);
  for (const int foreign : {CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_SYS_CHROOT, CAP_SYS_RAWIO,
                            CAP_SETPCAP, CAP_DAC_READ_SEARCH}) {
    EXPECT_EQ(has & bit(foreign), 0U) << foreign;
  }
  EXPECT_EQ(capabilities(process, "CapBnd") & ~has, 0U) << "could come back by an exec";
  EXPECT_EQ(status_line(process, "Seccomp"), "2");
  role.close_all();
  EXPECT_EQ(role.exit_status(), 0);
  EXPECT_TRUE(std::filesystem::exists(instance_->get().folder()));
}

}  // namespace
}  // namespace proa::launcher
