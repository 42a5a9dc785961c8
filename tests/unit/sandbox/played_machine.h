// A machine between a launcher and a first process that the test plays.
#pragma once

#include "sandbox/host_memory.h"
#include "sandbox/microvm/memory_file.h"
#include "sandbox/microvm/microvm_sandbox.h"
#include "unit/sandbox/played_launcher.h"

#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace proa::sandbox::test {

using namespace std::chrono_literals;

inline const std::string kRootImage(launcher::kTreeIdSize, 'c');

/// Counts itself away.
class CountedHold final {
 public:
  explicit CountedHold(int& held) : held_(held) { ++held_; }
  CountedHold(const CountedHold&) = delete;
  CountedHold& operator=(const CountedHold&) = delete;
  ~CountedHold() { --held_; }

 private:
  int& held_;
};

class PlayedMachineTest : public PlayedLauncherTest {
 protected:
  PlayedMachineTest() {
    GuestBuilder build = [this](Assignment assignment) { return build_for(std::move(assignment)); };
    factory_ = std::make_unique<MicrovmFactory>(io_.get_executor(), *client_, std::move(build));
    sandbox_ = factory_->make({model::Isolation::microvm, 777});
  }
  ~PlayedMachineTest() override {
    client_->disconnect();
    EXPECT_TRUE(await(sandbox_->close()));
  }

  Task<GuestBuild> build_for(Assignment assignment) {
    asked_ = std::move(assignment);
    if (build_error_) co_return *build_error_;
    GuestBuild build;
    build.plan.kernel = std::string(launcher::kKernelIdSize, 'a');
    build.plan.tsc_khz = 2'000'000;
    build.plan.root_image = root_image_;
    if (!asked_.tree_id.empty()) build.plan.code_image = std::string(launcher::kTreeIdSize, 'd');
    build.open_disks = [] { return code_alone(); };
    build.kernel_name = "stock";
    build.boot_limit = 10s;
    build.from = from_;
    build.outcome = [this](const GuestOutcome& outcome) { outcome_ = outcome; };
    build.kernel_mib = kernel_mib_;
    build.hold = std::make_shared<CountedHold>(held_);
    co_return build;
  }
  static Task<FunctionDisks> code_alone() {
    FunctionDisks disks;
    CO_TRY(disks.code, make_state_file("code"));
    co_return disks;
  }
  void take_slot() {
    const auto started = begin(sandbox_->start());
    EXPECT_EQ(give_slot(), 777U);
    EXPECT_EQ(use_, launcher::SlotUse::guest);
    ASSERT_TRUE(finish(started));
    EXPECT_FALSE(request_at<launcher::StartGuest>(spawn_)) << "its function is not known yet";
  }
  frames::Outcome<void> begin_assign() {
    Assignment assignment;
    assignment.limits.memory_mib = 256;
    assignment.limits.network = model::NetworkPolicy::lan;
    assignment.tree_id = "code";
    assignment.layer_tree_ids = {"layer"};
    return begin(sandbox_->assign(std::move(assignment)));
  }
  /// Up to a machine that has answered.
  void boot() {
    take_slot();
    const auto assigned = begin_assign();
    const auto limits = request_at<launcher::ConfigureSlot>(pool_);
    ASSERT_TRUE(limits);
    const auto expected = kernel_mib_ ? Bytes::mib(guest_memory_mib(256, *kernel_mib_) + kQemuMib)
                                      : memory_on_host(model::Isolation::microvm, 256);
    EXPECT_EQ(limits->limits.memory_bytes, expected.count());
    EXPECT_EQ(limits->network, launcher::Network::lan);
    answer(pool_, done(limits->request));
    start_ = request_at<launcher::StartGuest>(spawn_);
    ASSERT_TRUE(start_);
    auto port = std::move(os::stream_pair().value());
    auto console = std::move(os::stream_pair().value());
    port_ = std::move(port.first);
    console_ = std::move(console.first);
    answer(spawn_, done(start_->request), {port.second.get(), console.second.get()});
    say_at(port_, frames::Type::init_up);
    expect_share(256);
    ASSERT_TRUE(finish(assigned));
    EXPECT_EQ(heard().first, frames::Type::set_clock);
  }
  /// The launcher refuses it, which is told and no template's fault.
  void expect_no_start() {
    take_slot();
    const auto assigned = begin_assign();
    const auto limits = request_at<launcher::ConfigureSlot>(pool_);
    ASSERT_TRUE(limits);
    launcher::Failed failed;
    failed.request = limits->request;
    answer(pool_, failed);
    EXPECT_FALSE(finish(assigned));
    ASSERT_TRUE(outcome_);
    EXPECT_TRUE(outcome_->failure) << "an image may be why";
    EXPECT_FALSE(outcome_->is_templates_fault);
  }
  /// The launcher is asked for the processors that go with so much memory, and agrees.
  void expect_share(std::uint32_t memory_mib) {
    const auto wish = request_at<launcher::ConfigureSlot>(pool_);
    ASSERT_TRUE(wish);
    EXPECT_EQ(wish->limits.memory_mib, memory_mib);
    answer(pool_, done(wish->request));
  }
  /// The next frame that the first process gets.
  std::pair<frames::Type, std::string> heard() {
    run_ready();
    std::string head(frames::kHeaderSize, '\0');
    frames::Header header;
    if (::recv(port_.get(), head.data(), head.size(), MSG_DONTWAIT) !=
            static_cast<ssize_t>(head.size()) ||
        frames::decode_header(std::as_bytes(std::span(head)), header) != frames::Status::ok) {
      ADD_FAILURE() << "no frame";
      return {};
    }
    std::string body(header.body_size, '\0');
    if (!body.empty()) {
      EXPECT_EQ(::recv(port_.get(), body.data(), body.size(), MSG_DONTWAIT),
                static_cast<ssize_t>(body.size()));
    }
    return {header.type, body};
  }
  RuntimeProcess start_runtime() {
    RuntimeCommand command;
    command.arguments = {"/usr/bin/node"};
    auto process = await(sandbox_->start_runtime(std::move(command)));
    EXPECT_TRUE(process) << process.error().message();
    return process ? std::move(process.value()) : RuntimeProcess();
  }
  void say_exited(std::uint32_t wait_status) {
    std::string body(frames::kExitedSize, '\0');
    frames::encode_exited({wait_status, 0},
                          std::as_writable_bytes(std::span(body)).first<frames::kExitedSize>());
    say_at(port_, frames::Type::exited, body);
  }
  void say_end(std::uint32_t stream) { say_at(port_, frames::Type::stream_end, number(stream)); }
  static std::string number(std::uint32_t value) {
    std::string text(4, '\0');
    for (std::size_t i = 0; i < 4; ++i) text[i] = static_cast<char>(value >> (8 * i));
    return text;
  }

  launcher::Network give_machine() {
    const auto limits = request_at<launcher::ConfigureSlot>(pool_);
    if (!limits) return launcher::Network::internet;
    answer(pool_, done(limits->request));
    start_ = request_at<launcher::StartGuest>(spawn_);
    EXPECT_TRUE(start_);
    auto port = std::move(os::stream_pair().value());
    auto console = std::move(os::stream_pair().value());
    auto monitor = std::move(os::stream_pair().value());
    port_ = std::move(port.first);
    console_ = std::move(console.first);
    monitor_ = std::move(monitor.first);
    launcher::Done started = done(start_->request);
    started.detail = 1;
    answer(spawn_, started, {port.second.get(), console.second.get(), monitor.second.get()});
    return limits->network;
  }
  std::string root_image_ = kRootImage;
  std::shared_ptr<const MachineTemplate> from_;
  std::optional<GuestOutcome> outcome_;
  os::UniqueFd monitor_;
  std::optional<Error> build_error_;
  std::optional<std::uint32_t> kernel_mib_;
  int held_ = 0;
  Assignment asked_;
  std::unique_ptr<MicrovmFactory> factory_;
  std::unique_ptr<Sandbox> sandbox_;
  std::optional<launcher::StartGuest> start_;
  os::UniqueFd port_;
  os::UniqueFd console_;
};

}  // namespace proa::sandbox::test
