#include "launcher/supervisor.h"

#include "launcher/launcher.h"
#include "unit/launcher/role_process.h"
#include "unit/launcher/stage_fixture.h"

#include <fcntl.h>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

class SupervisorTest : public test::StagedTest {
 protected:
  void SetUp() override {
    StagedTest::SetUp();
    if (IsSkipped()) return;
    if (const auto obstacle = test::pool_role_obstacle()) GTEST_SKIP() << *obstacle;
    config_.shards = 2;
    config_.spare_slots = 0;
    instance_.emplace(config_.run_folder);
  }
  void TearDown() override {
    daemon_.reset();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }

  void start() {
    auto ends = std::move(os::seqpacket_pair().value());
    daemon_ = std::move(ends.first);
    pid_ = ::fork();
    if (pid_ != 0) return;
    daemon_.reset();
    const int log = ::open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(log, STDERR_FILENO);
    Supervisor supervisor(config_, std::move(instance_->get()), std::move(ends.second));
    ::_exit(supervisor.run());
  }
  fs::path log_file() const { return folder_.path() / "log"; }
  /// The roles that the supervisor tells of; none when it does not within the test's patience.
  RoleConnections told() const {
    if (!test::is_readable(daemon_.get())) return {};
    auto roles = receive_roles(daemon_.get());
    EXPECT_TRUE(roles) << roles.error().message();
    return roles ? std::move(roles).value() : RoleConnections();
  }
  /// Both roles answer on every connection.
  static void expect_serving(const RoleConnections& roles) {
    ASSERT_EQ(roles.spawn.size(), 2U);
    ASSERT_EQ(roles.pool.size(), 2U);
    for (const os::UniqueFd& connection : roles.spawn) {
      test::send_request(connection.get(), PoolStatus());
      const auto answer = test::next_answer(connection.get());
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->failure(), "request is not for the spawn role");
    }
    for (const os::UniqueFd& connection : roles.pool) {
      test::send_request(connection.get(), PoolStatus());
      const auto answer = test::next_answer(connection.get());
      ASSERT_TRUE(answer);
      EXPECT_NE(answer->as<Text>(), nullptr);
    }
  }
  /// The supervisor's child that is called `name`; -1 when there is none.
  pid_t role(const std::string& name) const {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string status = test::text_of_file(entry.path() / "status");
      if (status.starts_with("Name:\t" + name + "\n") &&
          status.find("\nPPid:\t" + std::to_string(pid_) + "\n") != std::string::npos) {
        return std::stoi(entry.path().filename());
      }
    }
    return -1;
  }
  int exit_status() { return test::exit_status_of(std::exchange(pid_, -1)); }
  bool is_given_back() { return !fs::exists(instance_folder_); }

  std::optional<test::HighInstance> instance_;
  os::UniqueFd daemon_;
  pid_t pid_ = -1;
  fs::path instance_folder_;
};

TEST_F(SupervisorTest, GivesTheDaemonAConnectionToEachRoleForEachShard) {
  start();
  const auto roles = told();
  EXPECT_EQ(roles.instance, instance_->get().number());
  expect_serving(roles);
}

TEST_F(SupervisorTest, OnlyTheDaemonsEndIsItsEndAndThenNothingIsLeft) {
  instance_folder_ = instance_->get().folder();
  start();
  auto roles = told();
  expect_serving(roles);
  const pid_t spawn = role("proa-spawn");
  const pid_t pool = role("proa-pool");
  ASSERT_GT(spawn, 0);
  ASSERT_GT(pool, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(pid_, signal);
  expect_serving(roles);
  EXPECT_EQ(role("proa-spawn"), spawn);
  daemon_.reset();
  EXPECT_EQ(exit_status(), 0);
  for (const pid_t gone : {spawn, pool}) EXPECT_EQ(::kill(gone, 0), -1) << "still runs";
  EXPECT_TRUE(is_given_back());
  EXPECT_EQ(test::text_of_file(log_file()), "");
}

TEST_F(SupervisorTest, ALostRoleIsReportedAndBothAreStartedAgain) {
  start();
  auto roles = told();
  for (const std::string name : {"proa-spawn", "proa-pool"}) {
    expect_serving(roles);
    const pid_t old_spawn = role("proa-spawn");
    const pid_t old_pool = role("proa-pool");
    const pid_t victim = name == "proa-spawn" ? old_spawn : old_pool;
    ASSERT_GT(victim, 0) << "-1 would be every process of this host";
    ASSERT_EQ(::kill(victim, SIGKILL), 0);
    auto again = told();
    EXPECT_FALSE(test::next_answer(roles.spawn[0].get())) << "the old connections are closed";
    EXPECT_FALSE(test::next_answer(roles.pool[0].get()));
    roles = std::move(again);
    expect_serving(roles);
    EXPECT_NE(role("proa-spawn"), old_spawn);
    EXPECT_NE(role("proa-pool"), old_pool);
    EXPECT_NE(test::text_of_file(log_file()).find("the " + name.substr(5) + " role ended"),
              std::string::npos);
  }
}

TEST_F(SupervisorTest, RolesThatEndAsTheyStartAreGivenUpWithTheReasonAndTheNumberGivenBack) {
  instance_folder_ = instance_->get().folder();
  config_.init_program = folder_.path() / "no-init";
  start();
  EXPECT_EQ(exit_status(), 1);
  const std::string log = test::text_of_file(log_file());
  EXPECT_NE(log.find("the roles end as soon as they start: giving up"), std::string::npos) << log;
  EXPECT_NE(log.find("no-init"), std::string::npos) << log;
  EXPECT_TRUE(is_given_back());
}

}  // namespace
}  // namespace proa::launcher
