#include "frames/init/children.h"

#include "frames/init/process.h"
#include "unit/frames/init_program.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace proa::frames::init {
namespace {

class NoActions final : public Actions {
 public:
  Started start(const StartView&, std::span<const int>) override { return {}; }
  KillRound kill_everyone() override { return KillRound::nobody_left; }
  void close_descriptor(int) override {}
};

/// The exit status of `body` as the first process of a pid namespace: what it kills is its own.
int as_first_process(const std::function<int()>& body) {
  constexpr unsigned long kFlags = CLONE_NEWPID | SIGCHLD;
  const auto pid =
      static_cast<pid_t>(::syscall(SYS_clone, kFlags, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class ChildrenTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto obstacle = InitProgram::obstacle()) GTEST_SKIP() << *obstacle;
  }
};

TEST_F(ChildrenTest, EverybodyIsKilledAndTheirEndsAreTold) {
  EXPECT_EQ(as_first_process([] {
              if (!quiet_signals()) return 1;
              const int signals = open_child_signals();
              for (int i = 0; i < 3; ++i) {
                if (::fork() == 0) {
                  for (;;) ::pause();
                }
              }
              if (kill_everyone() != KillRound::signalled) return 2;
              static NoActions actions;
              static Control control(actions);
              pollfd wait{signals, POLLIN, 0};
              for (int turns = 0; turns < 100; ++turns) {
                ::poll(&wait, 1, 100);
                if (!reap(control, signals, nullptr) && kill_everyone() == KillRound::nobody_left)
                  return 0;
              }
              return 3;
            }),
            0);
}

TEST_F(ChildrenTest, TheMemoryOfWhatHasEndedIsToldBeforeItsEnd) {
  EXPECT_EQ(as_first_process([] {
              if (!quiet_signals()) return 1;
              const int signals = open_child_signals();
              if (::fork() == 0) {
                std::vector<char> some(64 << 20, 'x');
                ::_exit(some[some.size() / 2] == 'x' ? 0 : 1);
              }
              static NoActions actions;
              static Control control(actions);
              static MemoryWatch watch;
              pollfd wait{signals, POLLIN, 0};
              ::poll(&wait, 1, 20'000);
              MemoryView view;
              if (reap(control, signals, &watch) || !watch.take_news(view)) return 2;
              return view.peak_bytes >= 64U << 20 ? 0 : 3;
            }),
            0);
}

TEST_F(ChildrenTest, AFloodOfEndsIsReapedInTurns) {
  EXPECT_EQ(as_first_process([] {
              if (!quiet_signals()) return 1;
              const int signals = open_child_signals();
              for (int i = 0; i < 100; ++i) {
                if (::fork() == 0) ::_exit(0);
              }
              ::poll(nullptr, 0, 300);
              static NoActions actions;
              static Control control(actions);
              return reap(control, signals, nullptr) && patience_ms(control, true) == 0 ? 0 : 2;
            }),
            0);
}

TEST(Patience, IsEndlessWhileNothingIsToBeDone) {
  NoActions actions;
  auto control = std::make_unique<Control>(actions);
  EXPECT_EQ(patience_ms(*control, false), -1);
  EXPECT_EQ(patience_ms(*control, true), 0);
}

}  // namespace
}  // namespace proa::frames::init
