// A template between a launcher and a machine that the test plays. Real ones: tests/compat/.
#include "sandbox/host_memory.h"
#include "sandbox/microvm/guest.h"
#include "unit/sandbox/played_launcher.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace proa::sandbox {
namespace {

using namespace std::chrono_literals;
using TemplatePtr = std::shared_ptr<const MachineTemplate>;

class TemplateMakerTest : public test::PlayedLauncherTest {
 protected:
  frames::Outcome<TemplatePtr> begin_make() {
    TemplatePlan wanted;
    wanted.plan.kernel = std::string(launcher::kKernelIdSize, 'a');
    wanted.plan.root_image = std::string(launcher::kTreeIdSize, 'b');
    wanted.plan.tsc_khz = 2'000'000;
    wanted.memory_mib = 128;
    wanted.command = RuntimeCommand{{"/usr/bin/node"}, {}, "/"};
    wanted.ahead_variables = {"AHEAD=1"};
    wanted.boot_limit = 10s;
    return begin(maker_.make(std::move(wanted)));
  }
  /// Until QEMU has been started, whose memory file is memory_.
  void boot() {
    give_slot();
    answer(pool_, done(request_at<launcher::ConfigureSlot>(pool_)->request));
    auto message = os::receive_message(spawn_.get());
    ASSERT_TRUE(message);
    ASSERT_EQ(message.value().fds.size(), 1U);
    memory_ = std::move(message.value().fds[0]);
    const auto request = launcher::decode_request(message.value().bytes);
    const auto* start = std::get_if<launcher::StartGuest>(&request.value());
    ASSERT_NE(start, nullptr);
    EXPECT_EQ(start->memory, launcher::GuestMemory::written);
    EXPECT_EQ(start->memory_mib, guest_memory_mib(128));
    EXPECT_EQ(start->has_code, 0U);
    auto port = std::move(os::stream_pair().value());
    auto console = std::move(os::stream_pair().value());
    auto monitor = std::move(os::stream_pair().value());
    port_ = std::move(port.first);
    console_ = std::move(console.first);
    monitor_ = std::move(monitor.first);
    answer(spawn_, done(start->request),
           {port.second.get(), console.second.get(), monitor.second.get()});
    say_at(port_, frames::Type::init_up);
  }
  /// The runtime says something of this type on its link.
  void runtime_says(frames::Type type) {
    std::string said(frames::kHeaderSize, '\0');
    frames::encode_header({0, type},
                          std::as_writable_bytes(std::span(said)).first<frames::kHeaderSize>());
    say_at(port_, frames::Type::stream_data, std::string("\2\0\0\0", 4) + said);
  }
  /// From when it is held to when QEMU has written its state.
  void save() {
    say_at(port_, frames::Type::held);
    auto commands = os::receive_message(monitor_.get());
    ASSERT_TRUE(commands);
    ASSERT_EQ(commands.value().fds.size(), 1U);
    ASSERT_EQ(::write(commands.value().fds[0].get(), "state", 5), 5);
    const std::string saved = R"({"event": "MIGRATION", "data": {"status": "completed"}})"
                              "\n";
    ASSERT_EQ(::write(monitor_.get(), saved.data(), saved.size()), std::ssize(saved));
    run_ready();
  }
  /// Descriptors of this process that are the machine's memory.
  std::size_t holders() const {
    struct stat memory {};
    EXPECT_EQ(::fstat(memory_.get(), &memory), 0);
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
      struct stat other {};
      if (::stat(each.path().c_str(), &other) != 0) continue;
      if (other.st_dev == memory.st_dev && other.st_ino == memory.st_ino) ++count;
    }
    return count;
  }
  /// What the machine's end is followed by.
  void end() {
    port_.reset();
    report_exit(SIGKILL);
  }

  TemplateMaker maker_{io_.get_executor(), *client_, io_.get_executor()};
  os::UniqueFd memory_;
  os::UniqueFd port_;
  os::UniqueFd console_;
  os::UniqueFd monitor_;
};

TEST_F(TemplateMakerTest, IsWhatWasWrittenWhenTheRuntimeWaited) {
  const auto outcome = begin_make();
  boot();
  std::string asked(4096, '\0');
  const ssize_t size = ::recv(port_.get(), asked.data(), asked.size(), MSG_DONTWAIT);
  asked.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  EXPECT_NE(asked.find("AHEAD=1"), std::string::npos) << "what it is started with";
  ASSERT_EQ(::pwrite(memory_.get(), "memory", 6, 4096), 6);
  runtime_says(frames::Type::parked);
  save();
  EXPECT_FALSE(outcome->has_value()) << "QEMU may still write";
  end();
  const auto made = finish(outcome);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made.value()->state, "state");
  EXPECT_EQ(*made.value()->command, (RuntimeCommand{{"/usr/bin/node"}, {}, "/"}));
  EXPECT_FALSE(made.value()->said.empty());
  std::string bytes(6, '?');
  EXPECT_EQ(::pread(made.value()->memory_file.get(), bytes.data(), 6, 4096), 6);
  EXPECT_EQ(bytes, "memory");
  EXPECT_NE(::fcntl(made.value()->memory_file.get(), F_GET_SEALS) & F_SEAL_WRITE, 0);
}

TEST_F(TemplateMakerTest, TheSlotIsGivenBackWhenNothingOfItsMemoryIsLeft) {
  const auto outcome = begin_make();
  boot();
  runtime_says(frames::Type::parked);
  save();
  EXPECT_EQ(holders(), 2U) << "the test's and the maker's";
  port_.reset();
  launcher::Exited exited;
  exited.slot = test::kSlot;
  exited.wait_status = SIGKILL;
  launcher::test::send_bytes(spawn_.get(), launcher::encode(exited), {});
  io_.restart();
  while (!launcher::test::is_readable(pool_.get(), 0)) ASSERT_GT(io_.run_one_for(20s), 0U);
  EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
  EXPECT_EQ(holders(), 1U);
  EXPECT_TRUE(finish(outcome));
}

TEST_F(TemplateMakerTest, ARuntimeThatSaysAnotherThingMakesNone) {
  const auto outcome = begin_make();
  boot();
  runtime_says(frames::Type::init_error);
  end();
  const auto made = finish(outcome);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "/usr/bin/node did not come to wait for a function");
}

TEST_F(TemplateMakerTest, ARuntimeThatSaysTooMuchMakesNone) {
  const auto outcome = begin_make();
  boot();
  // Its output, of which a stream takes as much without an answer of ours.
  say_at(port_, frames::Type::stream_data, std::string("\3\0\0\0", 4) + std::string(9'000, 'x'));
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_)) << "nobody waits for what it says next";
  end();
  const auto made = finish(outcome);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "/usr/bin/node says more than a template may");
}

TEST_F(TemplateMakerTest, ARuntimeThatEndsMakesNone) {
  const auto outcome = begin_make();
  boot();
  end();
  ASSERT_FALSE(finish(outcome));
}

TEST_F(TemplateMakerTest, OneIsMadeAtATimeAndNoneOnceThatIsCancelled) {
  const auto outcome = begin_make();
  boot();
  const auto second = finish(begin_make());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  maker_.cancel();
  run_ready();
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_)) << "of the one that is being made";
  end();
  EXPECT_FALSE(finish(outcome));
  EXPECT_TRUE(request_at<launcher::ReleaseSlot>(pool_));
  const auto third = begin_make();
  give_slot();
  const auto cancelled = finish(third);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), Errc::cancelled);
}

}  // namespace
}  // namespace proa::sandbox
