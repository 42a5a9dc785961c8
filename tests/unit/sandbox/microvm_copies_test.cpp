// Machines that are copies of a template, for their function or ahead of it.
#include "unit/sandbox/played_machine.h"

namespace proa::sandbox {
namespace {

constexpr const char* kLoaded = R"({"event": "MIGRATION", "data": {"status": "completed"}})"
                                "\n";

class MicrovmCopiesTest : public test::PlayedMachineTest {
 protected:
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
  void qemu_says(const std::string& line) {
    EXPECT_EQ(::write(monitor_.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
    run_ready();
  }
};

TEST_F(MicrovmCopiesTest, ACopyIsToldThatItIsOneAndHasTheProcessOfItsTemplate) {
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
  EXPECT_FALSE(outcome_->failure);
  const RuntimeProcess process = start_runtime();
  std::array<char, 16> text{};
  EXPECT_EQ(::recv(process.link.in.get(), text.data(), text.size(), MSG_DONTWAIT), 5) << "waits";
}

TEST_F(MicrovmCopiesTest, ACopyThatCannotBeLoadedSaysWhy) {
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
  EXPECT_TRUE(outcome_->is_templates_fault) << "or it would be copied again";
  EXPECT_TRUE(sandbox_->was_bad_copy());
  EXPECT_NE(failed.error().message().find("no such device"), std::string::npos)
      << failed.error().message();
}

TEST_F(MicrovmCopiesTest, ACopyThatEndsBeforeItIsItsOwnIsNone) {
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
TEST_F(MicrovmCopiesTest, ACopyThatFailsOnceItIsItselfSaysNothingOfItsTemplate) {
  make_template();
  const auto assigned = begin_restore();
  qemu_says(kLoaded);
  say_at(port_, frames::Type::restored);
  port_.reset();
  EXPECT_FALSE(finish(assigned));
  ASSERT_TRUE(outcome_);
  EXPECT_TRUE(outcome_->failure) << "an image may be why";
  EXPECT_FALSE(outcome_->is_templates_fault);
  EXPECT_FALSE(sandbox_->was_bad_copy());
}

TEST_F(MicrovmCopiesTest, AMachineThatCannotBeStartedSaysNothingOfItsTemplate) {
  make_template();
  expect_no_start();
}

TEST_F(MicrovmCopiesTest, OneThatIsGivenUpIsKilledWhileItIsMade) {
  make_template();
  take_slot();
  const auto waits = begin(sandbox_->expect(Assignment()));
  give_machine();
  sandbox_->abandon();
  EXPECT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  monitor_.reset();
  EXPECT_FALSE(finish(waits));
}

TEST_F(MicrovmCopiesTest, AMachineThatWaitedGetsItsFunctionsDisksAndNetwork) {
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
  EXPECT_FALSE(outcome_->failure);
}

TEST_F(MicrovmCopiesTest, NothingWaitsWhereThereIsNoTemplate) {
  take_slot();
  const auto waits = await(sandbox_->expect(Assignment()));
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code(), Errc::unavailable);
  EXPECT_FALSE(outcome_);
}

// Neither a call nor the template suffers: another machine takes the call.
TEST_F(MicrovmCopiesTest, AMachineThatWaitedIsNoneForFunctionsWithAnotherRoot) {
  make_template();
  restore_ahead();
  root_image_ = std::string(launcher::kTreeIdSize, 'e');
  const auto assigned = finish(begin_assign());
  ASSERT_FALSE(assigned);
  EXPECT_EQ(assigned.error().code(), Errc::unavailable);
  EXPECT_FALSE(outcome_);
}

TEST_F(MicrovmCopiesTest, AMachineThatWaitsIsOfNoUseOnceItsTemplateIsReplaced) {
  make_template();
  restore_ahead();
  { const RuntimeProcess process = start_runtime(); }
  EXPECT_FALSE(sandbox_->has_ended());
  from_.reset();
  EXPECT_TRUE(sandbox_->has_ended());
}

TEST_F(MicrovmCopiesTest, ACopysProcessEndsOnceAndSoDoesTheNextOne) {
  make_template();
  restore_ahead();
  RuntimeProcess process = start_runtime();
  say_exited(0);
  for (const std::uint32_t stream : {frames::kOutputStream, frames::kAnswersStream}) {
    say_end(stream);
  }
  say_at(port_, frames::Type::stream_stop, number(frames::kCallsStream));
  say_end(frames::kCallsStream);
  process = start_runtime();
  EXPECT_FALSE(sandbox_->has_runtime_exited());
  say_exited(1);
  EXPECT_FALSE(sandbox_->has_ended());
  say_exited(1);
  EXPECT_TRUE(sandbox_->has_ended());
}

}  // namespace
}  // namespace proa::sandbox
