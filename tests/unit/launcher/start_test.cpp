#include "launcher/launcher.h"
#include "unit/launcher/own_process.h"
#include "unit/launcher/role_process.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <sstream>

namespace proa::launcher {
namespace {

class StartTest : public ::testing::Test {
 protected:
  /// A program in place of proa-launcher.
  std::filesystem::path program(const std::string& script) const {
    folder_.put("program", "#!/bin/sh\n" + script);
    const auto path = folder_.path() / "program";
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    return path;
  }
  test::OwnFolder folder_;
  LauncherConfig config_;
};

TEST_F(StartTest, TheProgramGetsConfigurationAndSocketAndNoOtherDescriptor) {
  config_.data_folder = "/somewhere/with \"quotes\"";
  config_.shards = 7;
  const std::string folder = folder_.path();
  const auto path = program("cat /proc/self/fd/3 >" + folder + "/config\nls /proc/$$/fd >" +
                            folder + "/open\nprintf hello >&4\n");
  const os::UniqueFd secret(::fcntl(STDIN_FILENO, F_DUPFD, 5));  // inherited unless closed
  ASSERT_LT(secret.get(), 10);
  const auto started = start_launcher(path, config_);
  ASSERT_TRUE(started) << started.error().message();
  ASSERT_TRUE(test::is_readable(started.value().socket.get()));
  const auto said = os::receive_message(started.value().socket.get());
  ASSERT_TRUE(said);
  EXPECT_EQ(said.value().bytes, "hello");
  EXPECT_EQ(test::exit_status_of(started.value().pid), 0);
  const auto arrived = parse_config(test::text_of_file(folder_.path() / "config"));
  ASSERT_TRUE(arrived) << arrived.error().message();
  EXPECT_EQ(arrived.value().data_folder, config_.data_folder);
  EXPECT_EQ(arrived.value().shards, 7U);
  std::istringstream lines(test::text_of_file(folder_.path() / "open"));
  std::string open;
  for (std::string number; std::getline(lines, number);) {
    if (number.size() == 1) open += number;  // from 10 on are the shell's own
  }
  EXPECT_EQ(open, "01234");
  EXPECT_FALSE(os::receive_message(started.value().socket.get())) << "open although it ended";
}

TEST_F(StartTest, AProgramThatIsMissingOrNoneIsNamedAndNothingIsStarted) {
  const std::size_t descriptors = test::open_descriptors();
  const auto missing = start_launcher(folder_.path() / "no-launcher", config_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_NE(missing.error().message().find("no-launcher"), std::string::npos);
  folder_.put("text", "");
  const auto no_program = start_launcher(folder_.path() / "text", config_);
  ASSERT_FALSE(no_program);
  EXPECT_EQ(no_program.error().os_errno(), EACCES);
  EXPECT_EQ(test::open_descriptors(), descriptors);
  EXPECT_TRUE(test::has_no_children());
}

TEST_F(StartTest, TheRolesConnectionsAreToldApart) {
  const auto ends = std::move(os::seqpacket_pair().value());
  std::vector<os::UniqueFd> sent;
  std::vector<int> numbers;
  for (int i = 0; i < 2; ++i) {
    auto pair = std::move(os::stream_pair().value());
    sent.push_back(std::move(pair.first));
    sent.push_back(std::move(pair.second));
  }
  for (const os::UniqueFd& fd : sent) numbers.push_back(fd.get());
  RolesUp up;
  up.instance = 12;
  up.shards = 2;
  test::send_bytes(ends.first.get(), encode(Reply(up)), numbers);
  const auto roles = receive_roles(ends.second.get());
  ASSERT_TRUE(roles) << roles.error().message();
  EXPECT_EQ(roles.value().instance, 12U);
  ASSERT_EQ(roles.value().spawn.size(), 2U);
  ASSERT_EQ(roles.value().pool.size(), 2U);
  const auto number_of = [](int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
  };
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& got = i < 2 ? roles.value().spawn[i] : roles.value().pool[i - 2];
    EXPECT_EQ(number_of(got.get()), number_of(numbers[i])) << i;
  }
}

TEST_F(StartTest, AnotherMessageIsCorruptAndAClosedSupervisorUnavailable) {
  auto ends = std::move(os::seqpacket_pair().value());
  RolesUp up;
  up.shards = 1;
  const std::array<int, 1> too_few{ends.first.get()};
  test::send_bytes(ends.first.get(), encode(Reply(up)), too_few);
  EXPECT_EQ(receive_roles(ends.second.get()).error().code(), Errc::corrupt);
  test::send_bytes(ends.first.get(), encode(Reply(Done())));
  EXPECT_EQ(receive_roles(ends.second.get()).error().code(), Errc::corrupt);
  ends.first.reset();
  EXPECT_EQ(receive_roles(ends.second.get()).error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace proa::launcher
