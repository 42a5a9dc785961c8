#include "kernels/command.h"

#include "unit/kernels/fake_host.h"

#include <signal.h>

#include <thread>

namespace proa::kernels {
namespace {

class CommandTest : public FakeHostTest {
 protected:
  Command command(std::vector<std::string> arguments = {}) const {
    return Command{"it", std::move(arguments), top_ / "work"};
  }
  static std::string failure(const Result<std::string>& result) {
    if (result) return "none: " + result.value();
    return std::string(to_string(result.error().code())) + " " + result.error().message();
  }
  Commands commands_ = Commands::make(search_path()).value();
};

TEST_F(CommandTest, GivesTheOutputOfAProgramThatKnowsNothingOfUs) {
  ::setenv("PROA_SECRET", "seen", 1);
  program("it",
          "pwd; echo \"$1|$2\"; /usr/bin/env | grep -v -e PWD= -e _= | sort; cat; "
          "echo not asked for >&2\n");
  const auto said = commands_.run(command({"a b", "$HOME"}));
  ::unsetenv("PROA_SECRET");
  ASSERT_TRUE(said) << said.error().message();
  EXPECT_EQ(said.value(),
            (top_ / "work").string() + "\na b|$HOME\nLC_ALL=C\nPATH=" + search_path() + "\n");
}

TEST_F(CommandTest, NamesAProgramThatIsNotThere) {
  EXPECT_EQ(failure(commands_.run(command())), "unsupported there is no it on this host");
}

TEST_F(CommandTest, TellsAFailureInTheProgramsWords) {
  program("it", "echo 'W: beside' >&2; echo 'E: one' >&2; echo 'E: two' >&2; exit 100\n");
  EXPECT_EQ(failure(commands_.run(command())), "unavailable it failed (status 100): one; two");
  program("it", "kill -9 $$\n");
  EXPECT_EQ(failure(commands_.run(command())), "unavailable it was ended by signal 9");
  program("it", "echo 'tar: write error: No space left on device' >&2; exit 2\n");
  EXPECT_EQ(failure(commands_.run(command())),
            "exhausted it failed (status 2): tar: write error: No space left on device");
}

TEST_F(CommandTest, EndsAProgramAndItsChildrenAfterItsTime) {
  program("it", "sleep 1000 &\necho $! >child\nwait\n");
  Command slow = command();
  slow.limit = std::chrono::milliseconds(300);
  EXPECT_EQ(failure(commands_.run(slow)), "deadline it: it took too long");
  const pid_t child = std::stoi(read(top_ / "work" / "child"));
  for (int i = 0; i < 1000 && ::kill(child, 0) == 0; ++i) {  // whoever inherits it reaps it
    const std::string status = read("/proc/" + std::to_string(child) + "/stat");
    if (status.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_NE(::kill(child, 0), 0);
}

TEST_F(CommandTest, DoesNotWaitForAChildThatKeepsTheOutput) {
  program("it", "sleep 1000 &\necho done\n");
  EXPECT_EQ(failure(commands_.run(command())), "none: done\n");
}

TEST_F(CommandTest, RefusesEndlessOutput) {
  program("it", "exec cat /dev/zero\n");
  EXPECT_EQ(failure(commands_.run(command())), "too_large it: it says too much");
  program("it", "head -c 5000000 /dev/zero >&2\n");
  EXPECT_EQ(failure(commands_.run(command())), "none: ") << "of errors the beginning is enough";
}

TEST_F(CommandTest, StopEndsWhatRunsAndWhatWouldRun) {
  program("it", "echo runs >started\nsleep 1000\n");
  std::thread stopper([&] {
    while (read(top_ / "work" / "started").empty()) std::this_thread::yield();
    commands_.stop();
  });
  EXPECT_EQ(failure(commands_.run(command())), "cancelled it: the daemon stops");
  stopper.join();
  EXPECT_EQ(failure(commands_.run(command())), "cancelled it: the daemon stops");
}

TEST(WordsOf, PrefersWhatIsMarkedAsErrors) {
  EXPECT_EQ(words_of(""), "");
  EXPECT_EQ(words_of("plain\n\nN: note"), "plain; note");
  EXPECT_EQ(words_of("Err:1 somewhere\nE: bad\n"), "bad");
  EXPECT_EQ(words_of(std::string(2000, 'x')).size(), 500U);
}

}  // namespace
}  // namespace proa::kernels
