// Machines that boot. Copies: microvm_copies_test.cpp. Real ones: tests/compat/.
#include "unit/sandbox/played_machine.h"

namespace proa::sandbox {
namespace {

using namespace std::chrono_literals;
using test::kSlot;

class MicrovmSandboxTest : public test::PlayedMachineTest {};

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

// Each waits a while for what the process has printed: a guest must not have as many as it likes.
TEST_F(MicrovmSandboxTest, AnEndThatIsToldTwiceIsThatOfTheMachine) {
  boot();
  const RuntimeProcess process = start_runtime();
  say_exited(0);
  EXPECT_FALSE(sandbox_->has_ended());
  say_exited(0);
  EXPECT_TRUE(sandbox_->has_ended());
  EXPECT_TRUE(sandbox_->has_runtime_exited());
}

TEST_F(MicrovmSandboxTest, AnEndOfNoProcessIsThatOfTheMachine) {
  boot();
  say_exited(0);
  EXPECT_TRUE(sandbox_->has_ended());
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

TEST_F(MicrovmSandboxTest, ABootThatFailsIsTold) {
  expect_no_start();
}

TEST_F(MicrovmSandboxTest, ABootIsTold) {
  boot();
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(outcome_->failure);
  EXPECT_FALSE(sandbox_->is_restored());
}

}  // namespace
}  // namespace proa::sandbox
