// A machine between a launcher and a first process that the test plays. Real ones: tests/compat/.
#include "sandbox/microvm/microvm_sandbox.h"

#include "sandbox/host_memory.h"
#include "sandbox/microvm/memory_file.h"
#include "unit/sandbox/played_launcher.h"

#include <signal.h>

namespace proa::sandbox {
namespace {

using test::kSlot;
using namespace std::chrono_literals;

const std::string kRootImage(launcher::kTreeIdSize, 'c');
constexpr const char* kLoaded = R"({"event": "MIGRATION", "data": {"status": "completed"}})"
                                "\n";

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

class MicrovmSandboxTest : public test::PlayedLauncherTest {
 protected:
  MicrovmSandboxTest() {
    GuestBuilder build = [this](Assignment assignment) { return build_for(std::move(assignment)); };
    factory_ = std::make_unique<MicrovmFactory>(io_.get_executor(), *client_, std::move(build));
    sandbox_ = factory_->make({model::Isolation::microvm, 777});
  }
  ~MicrovmSandboxTest() override {
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
    build.outcome = [this](std::optional<Error> failure) { outcome_ = failure; };
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

  /// A template with a process that has said "waits".
  void make_template() {
    MachineTemplate made;
    made.memory_file = std::move(make_memory_file(1).value());
    made.state = "state";
    made.command = RuntimeCommand{{"/usr/bin/node"}, {}, "/"};
    std::string frame(frames::kHeaderSize, '\0');
    frames::encode_header({9, frames::Type::stream_data},
                          std::as_writable_bytes(std::span(frame)).first<frames::kHeaderSize>());
    made.said = frame + number(frames::kAnswersStream) + "waits";
    from_ = std::make_shared<const MachineTemplate>(std::move(made));
  }
  /// Until the copy runs; what QEMU gets is at monitor_.
  frames::Outcome<void> begin_restore() {
    take_slot();
    const auto assigned = begin_assign();
    give_machine();
    return assigned;
  }
  /// A machine that waits for a function.
  void restore_ahead() {
    take_slot();
    Assignment expected;
    expected.limits.memory_mib = 256;
    const auto waits = begin(sandbox_->expect(std::move(expected)));
    EXPECT_EQ(give_machine(), launcher::Network::none) << "it is nobody's";
    EXPECT_EQ(start_->has_code, 0U);
    EXPECT_TRUE(os::receive_message(monitor_.get()));
    qemu_says(kLoaded);
    EXPECT_EQ(heard().first, frames::Type::restore);
    EXPECT_FALSE(waits->has_value());
    say_at(port_, frames::Type::restored);
    ASSERT_TRUE(finish(waits));
    EXPECT_EQ(heard().first, frames::Type::set_clock);
    EXPECT_FALSE(outcome_) << "nobody's call hung on it";
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
  void qemu_says(const std::string& line) {
    EXPECT_EQ(::write(monitor_.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
    run_ready();
  }

  std::string root_image_ = kRootImage;
  std::shared_ptr<const MachineTemplate> from_;
  std::optional<std::optional<Error>> outcome_;
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

TEST_F(MicrovmSandboxTest, ItBootsWhenItsFunctionIsKnownWithWhatWasBuiltForIt) {
  boot();
  EXPECT_EQ(asked_.tree_id, "code");
  EXPECT_EQ(asked_.layer_tree_ids, std::vector<std::string>{"layer"});
  EXPECT_EQ(start_->slot, kSlot);
  EXPECT_EQ(start_->memory_mib, guest_memory_mib(256)) << "its kernel takes some";
  EXPECT_EQ(sandbox_->kernel(), "stock");
  EXPECT_FALSE(sandbox_->has_ended());
}

TEST_F(MicrovmSandboxTest, ItsShareOfTheProcessorsIsThatOfItsMachine) {
  boot();
  for (const auto& [share, memory_mib] : {std::pair(ProcessorShare::of_start, kWholeProcessorMib),
                                          std::pair(ProcessorShare::of_function, 256U)}) {
    const auto changed = begin(sandbox_->set_processor_share(share));
    expect_share(memory_mib);
    EXPECT_TRUE(finish(changed));
  }
}

TEST_F(MicrovmSandboxTest, AKernelThatWasMeasuredGetsWhatItTakes) {
  kernel_mib_ = 30;
  boot();
  EXPECT_EQ(start_->memory_mib, guest_memory_mib(256, 30));
  EXPECT_LT(start_->memory_mib, guest_memory_mib(256));
}

TEST_F(MicrovmSandboxTest, WhatItNeedsIsHeldUntilItIsClosed) {
  boot();
  EXPECT_EQ(held_, 1);
  client_->disconnect();
  EXPECT_EQ(held_, 1);
  EXPECT_TRUE(await(sandbox_->close()));
  EXPECT_EQ(held_, 0);
}

TEST_F(MicrovmSandboxTest, WhatCannotBeBuiltIsTheErrorOfTheAssignment) {
  take_slot();
  build_error_ = Error(Errc::unsupported, "no kernel");
  const auto failed = finish(begin_assign());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unsupported);
  EXPECT_EQ(failed.error().message(), "no kernel");
  EXPECT_EQ(await(sandbox_->start_runtime({})).error().code(), Errc::unavailable);
  EXPECT_EQ(await(sandbox_->kill_runtime()).error().code(), Errc::unavailable);
}

TEST_F(MicrovmSandboxTest, ARuntimesAnswersAndOutputComeThroughThePort) {
  boot();
  const RuntimeProcess process = start_runtime();
  const auto [type, body] = heard();
  ASSERT_EQ(type, frames::Type::start);
  frames::StartView view;
  ASSERT_EQ(frames::decode_start(std::as_bytes(std::span(body)), view), frames::Status::ok);
  EXPECT_EQ(view.uid, 993U);
  say_at(port_, frames::Type::stream_data, number(frames::kAnswersStream) + "answer");
  say_at(port_, frames::Type::stream_data, number(frames::kOutputStream) + "print");
  std::array<char, 16> text{};
  EXPECT_EQ(::recv(process.link.in.get(), text.data(), text.size(), MSG_DONTWAIT), 6);
  EXPECT_EQ(::read(process.output.get(), text.data(), text.size()), 5);
}

TEST_F(MicrovmSandboxTest, AnEndIsToldWhenWhatWasPrintedBeforeHasCome) {
  boot();
  const RuntimeProcess process = start_runtime();
  say_exited(9);
  EXPECT_FALSE(sandbox_->has_runtime_exited());
  say_at(port_, frames::Type::stream_data, number(frames::kOutputStream) + "last");
  say_end(frames::kOutputStream);
  say_end(frames::kAnswersStream);
  say_at(port_, frames::Type::stream_stop, number(frames::kCallsStream));
  say_end(frames::kCallsStream);
  const auto exit =
      await(sandbox_->runtime_exit(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  ASSERT_TRUE(exit) << exit.error().message();
  EXPECT_EQ(exit.value().wait_status, 9);
  std::array<char, 16> text{};
  EXPECT_EQ(::read(process.output.get(), text.data(), text.size()), 4);
}

TEST_F(MicrovmSandboxTest, OfAProcessThatLeftOthersBehindTheEndIsToldAllTheSame) {
  boot();
  const RuntimeProcess process = start_runtime();
  say_exited(0);
  const auto exit =
      await(sandbox_->runtime_exit(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  ASSERT_TRUE(exit) << exit.error().message();
  EXPECT_EQ(exit.value().wait_status, 0);
}

TEST_F(MicrovmSandboxTest, AConnectionFromInsideGoesToTheOneWhoServesIt) {
  boot();
  std::vector<os::UniqueFd> runtime;
  std::vector<os::UniqueFd> lambda;
  const auto listener = sandbox_->open_service(
      frames::Service::runtime_api, [&](os::UniqueFd end) { runtime.push_back(std::move(end)); });
  ASSERT_TRUE(listener);
  EXPECT_FALSE(listener.value()) << "a machine's connections are brought";
  ASSERT_TRUE(sandbox_->open_service(frames::Service::lambda_api,
                                     [&](os::UniqueFd end) { lambda.push_back(std::move(end)); }));
  say_at(port_, frames::Type::stream_open, number(frames::kFirstConnection) + number(2));
  EXPECT_EQ(runtime.size(), 0U);
  ASSERT_EQ(lambda.size(), 1U);
  say_at(port_, frames::Type::stream_data, number(frames::kFirstConnection) + "GET /");
  std::array<char, 16> text{};
  EXPECT_EQ(::recv(lambda[0].get(), text.data(), text.size(), MSG_DONTWAIT), 5);
}

TEST_F(MicrovmSandboxTest, MemoryIsWhatTheFirstProcessSaysOfIt) {
  boot();
  EXPECT_FALSE(sandbox_->memory_peak());
  frames::MemoryView memory;
  memory.peak_bytes = Bytes::mib(33).count();
  memory.oom_kills = 2;
  std::string body(frames::kMemorySize, '\0');
  frames::encode_memory(memory,
                        std::as_writable_bytes(std::span(body)).first<frames::kMemorySize>());
  say_at(port_, frames::Type::memory, body);
  EXPECT_EQ(sandbox_->memory_peak(), Bytes::mib(33));
  EXPECT_EQ(sandbox_->oom_kills(), 2U);
  say_at(port_, frames::Type::memory, "short");
  EXPECT_TRUE(sandbox_->has_ended()) << "what it says makes no sense any more";
}

TEST_F(MicrovmSandboxTest, AKillIsOverWhenNobodyIsLeft) {
  boot();
  const RuntimeProcess process = start_runtime();
  EXPECT_EQ(heard().first, frames::Type::start);
  const auto killed = begin(sandbox_->kill_runtime());
  EXPECT_EQ(heard().first, frames::Type::kill_all);
  say_exited(SIGKILL);
  say_at(port_, frames::Type::killed);
  EXPECT_FALSE(killed->has_value()) << "its streams are not over";
  for (const std::uint32_t stream : {frames::kOutputStream, frames::kAnswersStream}) {
    say_end(stream);
  }
  say_at(port_, frames::Type::stream_stop, number(frames::kCallsStream));
  say_end(frames::kCallsStream);
  ASSERT_TRUE(finish(killed));
  EXPECT_TRUE(sandbox_->has_runtime_exited());
}

TEST_F(MicrovmSandboxTest, TheEndOfTheMachineIsThatOfItsProcesses) {
  boot();
  const RuntimeProcess process = start_runtime();
  const auto killed = begin(sandbox_->kill_runtime());
  port_.reset();
  EXPECT_EQ(finish(killed).error().code(), Errc::unavailable);
  EXPECT_TRUE(sandbox_->has_ended());
  const auto exit = await(sandbox_->runtime_exit(std::chrono::steady_clock::now()));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit.value().wait_status, SIGKILL);
  EXPECT_EQ(await(sandbox_->start_runtime({})).error().code(), Errc::unavailable);
}

TEST_F(MicrovmSandboxTest, ACopyIsToldThatItIsOneAndHasTheProcessOfItsTemplate) {
  make_template();
  const auto assigned = begin_restore();
  EXPECT_EQ(start_->memory, launcher::GuestMemory::copied);
  const auto commands = os::receive_message(monitor_.get());
  ASSERT_TRUE(commands);
  ASSERT_EQ(commands.value().fds.size(), 1U);
  std::string state(16, '?');
  EXPECT_EQ(::read(commands.value().fds[0].get(), state.data(), state.size()), 5);
  qemu_says(kLoaded);
  const auto [type, body] = heard();
  ASSERT_EQ(type, frames::Type::restore);
  frames::RestoreView view;
  ASSERT_EQ(frames::decode_restore(std::as_bytes(std::span(body)), view), frames::Status::ok);
  EXPECT_TRUE(view.has_ipv6);
  EXPECT_NE(view.entropy, frames::RestoreView().entropy);
  const auto disks = heard();
  EXPECT_EQ(disks.first, frames::Type::mount);
  EXPECT_EQ(disks.second, std::string(frames::kMountSize, '\0')) << "no layers were built";
  say_at(port_, frames::Type::restored);
  EXPECT_FALSE(assigned->has_value());
  say_at(port_, frames::Type::mounted);
  answer(pool_, done(request_at<launcher::ConfigureSlot>(pool_)->request));
  ASSERT_TRUE(finish(assigned));
  EXPECT_TRUE(sandbox_->is_restored());
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(*outcome_);
  const RuntimeProcess process = start_runtime();
  std::array<char, 16> text{};
  EXPECT_EQ(::recv(process.link.in.get(), text.data(), text.size(), MSG_DONTWAIT), 5) << "waits";
}

TEST_F(MicrovmSandboxTest, ACopyThatCannotBeLoadedSaysWhy) {
  make_template();
  const auto assigned = begin_restore();
  const std::string why = "qemu: no such device\n";
  EXPECT_EQ(::write(console_.get(), why.data(), why.size()), static_cast<ssize_t>(why.size()));
  qemu_says("{\"error\": {\"desc\": \"no\"}}\n");
  const auto failed = finish(assigned);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
  EXPECT_TRUE(failed.error().message().starts_with("a guest's state: no"));
  ASSERT_TRUE(outcome_);
  EXPECT_TRUE(*outcome_) << "or it would be copied again";
  EXPECT_TRUE(sandbox_->was_bad_copy());
  EXPECT_NE(failed.error().message().find("no such device"), std::string::npos)
      << failed.error().message();
}

TEST_F(MicrovmSandboxTest, ACopyThatEndsBeforeItIsItsOwnIsNone) {
  make_template();
  const auto assigned = begin_restore();
  qemu_says(kLoaded);
  port_.reset();
  const auto failed = finish(assigned);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().message().starts_with("the copy of a guest ended"))
      << failed.error().message();
}

// Of the function's own code, say, whose image has rotted: others' copies are good.
TEST_F(MicrovmSandboxTest, ACopyThatFailsOnceItIsItselfSaysNothingOfItsTemplate) {
  make_template();
  const auto assigned = begin_restore();
  qemu_says(kLoaded);
  say_at(port_, frames::Type::restored);
  port_.reset();
  EXPECT_FALSE(finish(assigned));
  EXPECT_FALSE(outcome_);
  EXPECT_FALSE(sandbox_->was_bad_copy());
}

TEST_F(MicrovmSandboxTest, AMachineThatCannotBeStartedSaysNothingOfItsTemplate) {
  make_template();
  take_slot();
  const auto assigned = begin_assign();
  const auto limits = request_at<launcher::ConfigureSlot>(pool_);
  ASSERT_TRUE(limits);
  launcher::Failed failed;
  failed.request = limits->request;
  answer(pool_, failed);
  EXPECT_FALSE(finish(assigned));
  EXPECT_FALSE(outcome_);
}

TEST_F(MicrovmSandboxTest, OneThatIsGivenUpIsKilledWhileItIsMade) {
  make_template();
  take_slot();
  const auto waits = begin(sandbox_->expect(Assignment()));
  give_machine();
  sandbox_->abandon();
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  port_.reset();
  EXPECT_FALSE(finish(waits));
}

TEST_F(MicrovmSandboxTest, AMachineThatWaitedGetsItsFunctionsDisksAndNetwork) {
  make_template();
  restore_ahead();
  const RuntimeProcess process = start_runtime();
  const auto assigned = begin_assign();
  const auto limits = request_at<launcher::ConfigureSlot>(pool_);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->network, launcher::Network::lan);
  EXPECT_EQ(limits->limits.memory_bytes, memory_on_host(model::Isolation::microvm, 256).count());
  answer(pool_, done(limits->request));
  const auto commands = os::receive_message(monitor_.get());
  ASSERT_TRUE(commands);
  ASSERT_EQ(commands.value().fds.size(), 1U);
  std::string code(16, '?');
  EXPECT_EQ(::read(commands.value().fds[0].get(), code.data(), code.size()), 4);
  qemu_says("{\"return\": {}, \"id\": \"inserted\"}\n");
  EXPECT_EQ(heard().first, frames::Type::set_clock);
  EXPECT_EQ(heard().first, frames::Type::mount);
  EXPECT_FALSE(assigned->has_value());
  say_at(port_, frames::Type::mounted);
  expect_share(256);
  ASSERT_TRUE(finish(assigned));
  EXPECT_TRUE(sandbox_->is_restored());
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(*outcome_);
}

TEST_F(MicrovmSandboxTest, NothingWaitsWhereThereIsNoTemplate) {
  take_slot();
  const auto waits = await(sandbox_->expect(Assignment()));
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code(), Errc::unavailable);
  EXPECT_FALSE(outcome_);
}

// Neither a call nor the template suffers: another machine takes the call.
TEST_F(MicrovmSandboxTest, AMachineThatWaitedIsNoneForFunctionsWithAnotherRoot) {
  make_template();
  restore_ahead();
  root_image_ = std::string(launcher::kTreeIdSize, 'e');
  const auto assigned = finish(begin_assign());
  ASSERT_FALSE(assigned);
  EXPECT_EQ(assigned.error().code(), Errc::unavailable);
  EXPECT_FALSE(outcome_);
}

TEST_F(MicrovmSandboxTest, AMachineThatWaitsIsOfNoUseOnceItsTemplateIsReplaced) {
  make_template();
  restore_ahead();
  { const RuntimeProcess process = start_runtime(); }
  EXPECT_FALSE(sandbox_->has_ended());
  from_.reset();
  EXPECT_TRUE(sandbox_->has_ended());
}

TEST_F(MicrovmSandboxTest, ABootIsTold) {
  boot();
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(*outcome_);
  EXPECT_FALSE(sandbox_->is_restored());
}

}  // namespace
}  // namespace proa::sandbox
