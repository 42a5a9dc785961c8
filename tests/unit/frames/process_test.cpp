// What a process gets that proa-init starts: the real program in real namespaces.
#include "frames/init/process.h"

#include "unit/frames/init_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace proa::frames {
namespace {

using ProcessTest = InitTest;

using testing::HasSubstr;

TEST_F(ProcessTest, ReportsTheExitStatus) {
  const auto run = init_->run("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(run.exited) << run.exited.error().message();
  EXPECT_EQ(run.exited.value().start_errno, 0U);
  EXPECT_EQ(run.exited.value().wait_status, 3U << 8U);
  EXPECT_EQ(run.output, "out\nerr\n");
}

TEST_F(ProcessTest, ReportsTheSignalThatEndedIt) {
  const auto run = init_->run("kill -SEGV $$");
  ASSERT_TRUE(run.exited);
  EXPECT_EQ(run.exited.value().wait_status & 0x7fU, static_cast<unsigned>(SIGSEGV));
}

TEST_F(ProcessTest, ReportsAFailedExecAndStartsTheNextOne) {
  for (const auto& [program, error] :
       {std::pair{"/no/such/program", ENOENT}, std::pair{"/etc/passwd", EACCES},
        std::pair{"/bin", EACCES}}) {
    ASSERT_TRUE(init_->start({program}));
    const auto exited = init_->next_exited();
    ASSERT_TRUE(exited) << exited.error().message();
    EXPECT_EQ(exited.value().start_errno, static_cast<std::uint32_t>(error)) << program;
    EXPECT_EQ(init_->read_output(), "");
  }
  EXPECT_EQ(init_->run("echo next").output, "next\n");
}

TEST_F(ProcessTest, ReportsADirectoryThatIsNotThere) {
  ASSERT_TRUE(init_->start({"/bin/true"}, {}, "/no/such/directory"));
  const auto exited = init_->next_exited();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited.value().start_errno, static_cast<std::uint32_t>(ENOENT));
}

TEST_F(ProcessTest, RunsAsTheFunctionsUserWithoutCapabilities) {
  const auto run = init_->run("exec cat /proc/self/status");
  for (const auto line :
       {"Uid:\t993\t993\t993\t993\n", "Gid:\t990\t990\t990\t990\n", "Groups:\t \n",
        "CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n",
        "CapBnd:\t0000000000000000\n", "CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n"}) {
    EXPECT_THAT(run.output, HasSubstr(line));
  }
}

TEST_F(ProcessTest, NeedsNoMoreThanThreeCapabilitiesOfInit) {
  start_init({.has_only_three_capabilities = true});
  const auto run = init_->run("exec cat /proc/self/status");
  for (const auto line : {"Uid:\t993\t993\t993\t993\n", "CapPrm:\t0000000000000000\n",
                          "CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n"}) {
    EXPECT_THAT(run.output, HasSubstr(line));
  }
  ASSERT_TRUE(init_->kill_all());
  EXPECT_EQ(init_->next_type(), Type::killed);
}

TEST_F(ProcessTest, HasDefaultSignalsAndASessionOfItsOwn) {
  // cat itself, not a shell that might touch its signals. Field 6 of stat is the session.
  ASSERT_TRUE(init_->start({"/bin/cat", "/proc/self/status", "/proc/self/stat"}));
  const auto exited = init_->next_exited();
  ASSERT_TRUE(exited);
  const std::string output = init_->read_output();
  for (const auto line : {"SigBlk:\t0000000000000000\n", "SigIgn:\t0000000000000000\n",
                          "SigCgt:\t0000000000000000\n"}) {
    EXPECT_THAT(output, HasSubstr(line));
  }
  EXPECT_THAT(output, HasSubstr("\n2 (cat) R 1 2 2 "));
}

TEST_F(ProcessTest, HasExactlyTheDescriptorsOfTheRequest) {
  ASSERT_TRUE(init_->start({"/bin/ls", "-l", "/proc/self/fd"}));
  ASSERT_TRUE(init_->next_exited());
  const std::string output = init_->read_output();
  EXPECT_THAT(output, HasSubstr(" 0 -> /dev/null\n"));
  EXPECT_THAT(output, HasSubstr(" 1 -> pipe:"));
  EXPECT_THAT(output, HasSubstr(" 2 -> pipe:"));
  EXPECT_THAT(output, HasSubstr(" 3 -> /proc/2/fd\n")) << "what ls itself opens";
  EXPECT_THAT(output, testing::Not(HasSubstr(" 4 -> ")));
}

TEST_F(ProcessTest, InheritsFurtherDescriptorsFromThreeOn) {
  std::array<int, 2> runtime_link{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, runtime_link.data()), 0);
  const os::UniqueFd host(runtime_link[0]);
  os::UniqueFd function(runtime_link[1]);
  std::vector<int> further{function.get()};
  std::vector<os::UniqueFd> nulls;
  while (further.size() < kMaxStartDescriptors - kMinStartDescriptors) {
    auto null = os::open_file("/dev/zero", O_RDONLY);
    ASSERT_TRUE(null);
    further.push_back(null.value().get());
    nulls.push_back(std::move(null.value()));
  }
  ASSERT_TRUE(
      init_->start_shell("read line <&3; echo \"got $line\" >&3; ls /proc/self/fd", further));
  function.reset();
  ASSERT_EQ(::write(host.get(), "ping\n", 5), 5);
  ASSERT_TRUE(init_->next_exited());
  std::array<char, 64> bytes{};
  EXPECT_EQ(::read(host.get(), bytes.data(), bytes.size()), 9);
  EXPECT_STREQ(bytes.data(), "got ping\n");
  EXPECT_EQ(::read(host.get(), bytes.data(), bytes.size()), 0) << "init keeps no copy";
  EXPECT_THAT(init_->read_output(), HasSubstr("15\n"));
}

TEST_F(ProcessTest, GetsItsArgumentsVariablesAndDirectory) {
  ASSERT_TRUE(init_->start(
      {"/bin/sh", "-c", "pwd; echo \"$0|$1|$GREETING\"; umask; env | wc -l", "zero", "one two"}, {},
      "/usr"));
  ASSERT_TRUE(init_->next_exited());
  // PATH and GREETING, and PWD of the shell itself.
  EXPECT_EQ(init_->read_output(), "/usr\nzero|one two|hello\n0022\n3\n");
}

TEST_F(ProcessTest, IsWhatTheOomKillerTakesFirst) {
  const auto run = init_->run("cat /proc/self/oom_score_adj /proc/1/oom_score_adj");
  const auto own = std::stoi(run.output);
  const auto of_init = std::stoi(run.output.substr(run.output.find('\n') + 1));
  EXPECT_EQ(own, 500);
  EXPECT_LT(of_init, own);
}

TEST_F(ProcessTest, CannotTouchInit) {
  const auto run = init_->run(
      "kill -9 1; kill -15 1; kill -STOP 1; cat /proc/1/environ; ls /proc/1/fd; echo x > "
      "/proc/1/mem; "
      "echo still here");
  EXPECT_THAT(run.output, HasSubstr("still here\n"));
  EXPECT_THAT(run.output, HasSubstr("Permission denied"));
  ASSERT_TRUE(init_->kill_all());
  EXPECT_EQ(init_->next_type(), Type::killed);
}

}  // namespace
}  // namespace proa::frames
