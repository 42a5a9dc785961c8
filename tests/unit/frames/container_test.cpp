// The life of proa-init in a container: the real program in real namespaces, the test as its host.
#include "frames/init/container.h"

#include "unit/frames/init_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace proa::frames {
namespace {

using ContainerTest = InitTest;

using init::Stop;
using testing::HasSubstr;

int code(Stop reason) { return static_cast<int>(reason); }

/// True when no process of the pid namespace of `init` is left but itself, as the host sees it.
std::string processes_inside(InitProgram& init) {
  const std::string process =
      "/proc/" + std::to_string(init.pid()) + "/task/" + std::to_string(init.pid()) + "/children";
  auto children = os::read_file(process);
  return children ? children.value() : children.error().message();
}

TEST_F(ContainerTest, KillAllEndsEveryProcessAndAllowsAnotherStart) {
  ASSERT_TRUE(init_->start_shell("trap '' TERM INT; sleep 1000 & sleep 1000 & echo up; wait"));
  EXPECT_EQ(init_->read_line(), "up");
  ASSERT_TRUE(init_->kill_all());
  const auto exited = init_->next_exited();
  ASSERT_TRUE(exited) << exited.error().message();
  EXPECT_EQ(exited.value().wait_status, static_cast<std::uint32_t>(SIGKILL));
  EXPECT_EQ(init_->next_type(), Type::killed);
  EXPECT_EQ(processes_inside(*init_), "");
  EXPECT_EQ(init_->read_output(), "") << "somebody still holds the output";
  EXPECT_EQ(init_->run("echo again").output, "again\n");
}

TEST_F(ContainerTest, KillAllEndsAForkBomb) {
  start_init({.process_max = 100});
  ASSERT_TRUE(
      init_->start_shell("echo up; bomb() { bomb | bomb & }; bomb 2>/dev/null; "
                         "while :; do bomb 2>/dev/null; done"));
  EXPECT_EQ(init_->read_line(), "up");
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(init_->kill_all());
    auto frame = init_->receive();
    ASSERT_TRUE(frame) << frame.error().message();
    if (frame.value().type == Type::exited) frame = init_->receive();
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame.value().type, Type::killed);
    EXPECT_EQ(processes_inside(*init_), "");
    ASSERT_TRUE(
        init_->start_shell("echo up; bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 1000"));
    EXPECT_EQ(init_->read_line(), "up");
  }
}

TEST_F(ContainerTest, KillAllEndsProcessesInSessionsOfTheirOwn) {
  ASSERT_TRUE(init_->start_shell(
      "setsid setsid sleep 1000 & setsid sh -c 'setsid sleep 1000 & exit' & "
      "while [ $(grep -ls sleep /proc/[0-9]*/comm | wc -l) -lt 2 ]; do :; done; echo up; "
      "exec sleep 1000"));
  EXPECT_EQ(init_->read_line(), "up");
  ASSERT_TRUE(init_->kill_all());
  ASSERT_TRUE(init_->next_exited());
  EXPECT_EQ(init_->next_type(), Type::killed);
  EXPECT_EQ(processes_inside(*init_), "");
}

TEST_F(ContainerTest, KillAllIsAnsweredWhenNothingRuns) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(init_->kill_all());
    EXPECT_EQ(init_->next_type(), Type::killed);
  }
}

TEST_F(ContainerTest, ReapsOrphansWithoutReportingThem) {
  // Each inner shell leaves a child behind. One that ended and was not reaped would keep its name
  // in /proc, and the loop would not end.
  ASSERT_TRUE(
      init_->start_shell("for i in 1 2 3 4 5; do sh -c 'sleep 0.02 &'; done; "
                         "while grep -qs sleep /proc/[0-9]*/comm; do :; done; exit 5"));
  const auto exited = init_->next_exited();
  ASSERT_TRUE(exited) << exited.error().message();
  EXPECT_EQ(exited.value().wait_status, 5U << 8U);
  EXPECT_EQ(processes_inside(*init_), "");
}

TEST_F(ContainerTest, ReportsTheMainProcessWhileItsChildrenLiveOn) {
  ASSERT_TRUE(init_->start_shell("sleep 1000 & exit 0"));
  ASSERT_TRUE(init_->next_exited());
  EXPECT_NE(processes_inside(*init_), "");
  ASSERT_TRUE(init_->kill_all());
  EXPECT_EQ(init_->next_type(), Type::killed);
  EXPECT_EQ(processes_inside(*init_), "");
}

TEST_F(ContainerTest, EndOfTheLinkKillsEverything) {
  ASSERT_TRUE(init_->start_shell("trap '' TERM HUP; setsid sleep 1000 & echo up; wait"));
  EXPECT_EQ(init_->read_line(), "up");
  init_->link().close();
  EXPECT_EQ(init_->exit_code(), code(Stop::link_closed));
  EXPECT_EQ(init_->read_output(), "") << "somebody still holds the output";
}

TEST_F(ContainerTest, GarbageOnTheLinkEndsIt) {
  ASSERT_TRUE(init_->start_shell("echo up; exec sleep 1000"));
  EXPECT_EQ(init_->read_line(), "up");
  ASSERT_TRUE(await(init_->io(), init_->link().send(Type::ready, {})));
  EXPECT_EQ(init_->exit_code(), code(Stop::protocol_error));
  EXPECT_EQ(init_->read_output(), "");
}

TEST_F(ContainerTest, ASecondStartEndsIt) {
  ASSERT_TRUE(init_->start_shell("exec sleep 1000"));
  ASSERT_TRUE(init_->start_shell("exec sleep 1000"));
  EXPECT_EQ(init_->exit_code(), code(Stop::protocol_error));
}

TEST_F(ContainerTest, AStartWithoutItsDescriptorsEndsIt) {
  const std::vector<std::string_view> arguments{"/bin/true"};
  const StartSpec spec{.uid = 993, .gid = 990, .directory = "/", .arguments = arguments};
  std::string body(start_body_size(spec), '\0');
  ASSERT_EQ(encode_start(spec, std::as_writable_bytes(std::span(body))), Status::ok);
  const std::vector<std::string_view> parts{body};
  ASSERT_TRUE(await(init_->io(), init_->link().send(Type::start, parts)));
  EXPECT_EQ(init_->exit_code(), code(Stop::protocol_error));
}

TEST_F(ContainerTest, SignalsFromTheHostLeaveItAlone) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD, SIGALRM}) {
    ASSERT_EQ(::kill(init_->pid(), signal), 0);
  }
  EXPECT_EQ(init_->run("echo fine").output, "fine\n");
}

TEST_F(ContainerTest, TakesTheLargestStart) {
  // One string may have 128 KiB (MAX_ARG_STRLEN), so it takes two to fill the frame.
  const std::string half(kMaxStartBody / 2 - 100, 'x');
  ASSERT_TRUE(init_->start({"/bin/sh", "-c", "echo ${#1} ${#2}", "sh", half, half}));
  const auto exited = init_->next_exited();
  ASSERT_TRUE(exited) << exited.error().message();
  EXPECT_EQ(exited.value().start_errno, 0U);
  const std::string size = std::to_string(half.size());
  EXPECT_EQ(init_->read_output(), size + " " + size + "\n");
}

TEST(Container, RefusesToBeAnyProcessButTheFirst) {
  const std::string program = PROA_BINARY_DIR "/proa-init";
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const os::UniqueFd read_end(ends[0]);
  os::UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(write_end.get(), STDERR_FILENO);
    ::execl(program.c_str(), "proa-init", nullptr);
    ::_exit(99);
  }
  write_end.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), code(Stop::not_first));
  std::array<char, 512> message{};
  ASSERT_GT(::read(read_end.get(), message.data(), message.size() - 1), 0);
  EXPECT_THAT(message.data(), HasSubstr("started by proa-launcher"));
}

}  // namespace
}  // namespace proa::frames
