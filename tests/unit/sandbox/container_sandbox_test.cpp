// A container between a launcher and a proa-init that the test plays. The real ones: tests/compat/.
#include "sandbox/container/container_sandbox.h"

#include "sandbox/container.h"
#include "unit/sandbox/played_launcher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

namespace proa::sandbox {
namespace {

using test::kSlot;

ino_t number_of(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

class ContainerSandboxTest : public test::PlayedLauncherTest {
 protected:
  ContainerSandboxTest() {
    ContainerFactory factory(io_.get_executor(), *client_);
    sandbox_ = factory.make({model::Isolation::container, 777});
  }
  ~ContainerSandboxTest() override {
    client_->disconnect();  // ends whatever the sandbox waits for
    const auto closed = await(sandbox_->close());
    EXPECT_TRUE(closed);
  }

  /// A frame that proa-init sends.
  void say(frames::Type type, const std::string& body = "") { say_at(init_, type, body); }
  void say_exited(std::uint32_t wait_status, std::uint32_t start_errno = 0) {
    std::string body(frames::kExitedSize, '\0');
    frames::encode_exited({wait_status, start_errno},
                          std::as_writable_bytes(std::span(body)).first<frames::kExitedSize>());
    say(frames::Type::exited, body);
  }
  /// The next frame that proa-init gets, in one piece, with what came along.
  os::Message heard() const {
    if (!launcher::test::is_readable(init_.get(), 0)) return {};
    auto message = os::receive_message(init_.get());
    return message ? std::move(message.value()) : os::Message();
  }
  static frames::Type type_of(const os::Message& message) {
    frames::Header header;
    EXPECT_EQ(frames::decode_header(std::as_bytes(std::span(message.bytes)), header),
              frames::Status::ok);
    return header.type;
  }

  /// Begins to start it, as far as proa-init's first word.
  frames::Outcome<void> begin_start() {
    auto outcome = begin(sandbox_->start());
    EXPECT_EQ(give_slot(), 777U);
    const auto start = request_at<launcher::StartSandbox>(spawn_);
    EXPECT_TRUE(start);
    EXPECT_EQ(start->slot, kSlot);
    auto control = std::move(os::stream_pair().value());
    init_ = std::move(control.first);
    answer(spawn_, done(start->request), {control.second.get()});
    return outcome;
  }
  void start() {
    const auto outcome = begin_start();
    say(frames::Type::init_up);
    const auto started = finish(outcome);
    ASSERT_TRUE(started) << started.error().message();
  }
  Result<RuntimeProcess> start_runtime() {
    RuntimeCommand command;
    command.arguments = {"/var/lang/bin/python", "-u"};
    command.environment = {"A=1"};
    command.directory = "/var/task";
    return await(sandbox_->start_runtime(std::move(command)));
  }

  Result<os::UniqueFd> listener(frames::Service service) const {
    return sandbox_->open_service(
        service, [](const os::UniqueFd&) { ADD_FAILURE() << "a container has listeners"; });
  }

  os::UniqueFd init_;
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(ContainerSandboxTest, ItIsUpWhenProaInitSaysSo) {
  EXPECT_EQ(listener(frames::Service::runtime_api).error().code(), Errc::unavailable) << "not yet";
  const auto outcome = begin_start();
  EXPECT_FALSE(outcome->has_value());
  say(frames::Type::init_up);
  ASSERT_TRUE(outcome->has_value());
  EXPECT_TRUE(**outcome);
  EXPECT_FALSE(sandbox_->has_ended());
  const auto runtime_api = listener(frames::Service::runtime_api);
  const auto lambda_api = listener(frames::Service::lambda_api);
  ASSERT_TRUE(runtime_api && lambda_api);
  EXPECT_EQ(number_of(runtime_api.value().get()), number_of(runtime_api_.get()));
  EXPECT_EQ(number_of(lambda_api.value().get()), number_of(lambda_api_.get()));
}

TEST_F(ContainerSandboxTest, AStartThatFailsBeforeProaInitSaysAtWhichStep) {
  const auto outcome = begin_start();
  report_exit(127 << 8, 4, EINVAL);
  const auto failed = finish(outcome);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
  EXPECT_NE(failed.error().message().find("sandbox did not start: "), std::string::npos);
  EXPECT_NE(failed.error().message().find("mount /tmp"), std::string::npos)
      << failed.error().message();
  EXPECT_TRUE(sandbox_->has_ended());
}

TEST_F(ContainerSandboxTest, LimitsGoToThePoolRoleAndThenTheTreesToTheSpawnRole) {
  start();
  EXPECT_EQ(use_, launcher::SlotUse::container);
  Assignment assignment;
  assignment.limits.memory = Bytes::mib(256);
  assignment.limits.memory_mib = 256;
  assignment.tree_id = std::string(launcher::kTreeIdSize, 'a');
  assignment.layer_tree_ids = {std::string(launcher::kTreeIdSize, 'b')};
  const auto adopted = begin(sandbox_->assign(std::move(assignment)));
  const auto limits = request_at<launcher::ConfigureSlot>(pool_);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->limits.memory_bytes, Bytes::mib(256).count());
  EXPECT_FALSE(request_at<launcher::AdoptCode>(spawn_)) << "no code before its limits";
  answer(pool_, done(limits->request));
  const auto trees = request_at<launcher::AdoptCode>(spawn_);
  ASSERT_TRUE(trees);
  EXPECT_EQ(trees->slot, kSlot);
  EXPECT_EQ(trees->layer_count, 1U);
  answer(spawn_, done(trees->request));
  EXPECT_TRUE(finish(adopted));
}

TEST_F(ContainerSandboxTest, ItStartsItsFunctionWithAWholeProcessorIfItIsToldTo) {
  start();
  Assignment assignment;
  assignment.limits.memory = Bytes::mib(256);
  assignment.limits.memory_mib = 256;
  assignment.share = ProcessorShare::of_start;
  const auto assigned = begin(sandbox_->assign(std::move(assignment)));
  const auto limits = request_at<launcher::ConfigureSlot>(pool_);
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->limits.memory_mib, kWholeProcessorMib);
  answer(pool_, done(limits->request));
  ASSERT_TRUE(finish(assigned));
  const auto changed = begin(sandbox_->set_processor_share(ProcessorShare::of_function));
  const auto own = request_at<launcher::ConfigureSlot>(pool_);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->limits.memory_mib, 256U);
  answer(pool_, done(own->request));
  EXPECT_TRUE(finish(changed));
}

TEST_F(ContainerSandboxTest, ARuntimeGetsItsCommandAsTheFunctionsUserAndFiveDescriptors) {
  start();
  const auto runtime = start_runtime();
  ASSERT_TRUE(runtime) << runtime.error().message();
  const os::Message message = heard();
  ASSERT_EQ(type_of(message), frames::Type::start);
  const std::string body = message.bytes.substr(frames::kHeaderSize);
  frames::StartView view;
  ASSERT_EQ(frames::decode_start(std::as_bytes(std::span(body)), view), frames::Status::ok);
  EXPECT_EQ(view.uid, 993U);
  EXPECT_EQ(view.gid, 990U);
  EXPECT_EQ(view.directory, "/var/task");
  EXPECT_EQ(view.arguments, 2);
  EXPECT_EQ(view.variables, 1);
  EXPECT_EQ(view.descriptors, 5);
  ASSERT_EQ(message.fds.size(), 5U);
  for (const std::size_t output : {1U, 2U}) {
    ASSERT_EQ(::write(message.fds[output].get(), "line", 4), 4);
    std::array<char, 8> text{};
    EXPECT_EQ(::read(runtime.value().output.get(), text.data(), text.size()), 4) << output;
  }
  ASSERT_EQ(::write(message.fds[4].get(), "x", 1), 1);
  EXPECT_TRUE(launcher::test::is_readable(runtime.value().link.in.get(), 0));
}

TEST_F(ContainerSandboxTest, ACommandBeyondTheLimitIsRefusedAndNothingIsSent) {
  start();
  RuntimeCommand command;
  command.arguments = {"/bin/true", std::string(frames::kMaxStartBody, 'x')};
  EXPECT_EQ(await(sandbox_->start_runtime(command)).error().code(), Errc::too_large);
  EXPECT_FALSE(launcher::test::is_readable(init_.get(), 0));
}

TEST_F(ContainerSandboxTest, EachRuntimesEndIsToldOnce) {
  start();
  const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  ASSERT_TRUE(start_runtime());
  EXPECT_FALSE(sandbox_->has_runtime_exited());
  say_exited(7 << 8);
  EXPECT_TRUE(sandbox_->has_runtime_exited());
  EXPECT_EQ(await(sandbox_->runtime_exit(soon)).value().wait_status, 7 << 8);
  ASSERT_TRUE(start_runtime());
  EXPECT_FALSE(sandbox_->has_runtime_exited()) << "that was the one before";
  say_exited(0, ENOENT);
  EXPECT_EQ(await(sandbox_->runtime_exit(soon)).value().exec_errno, ENOENT);
  EXPECT_FALSE(sandbox_->has_ended());
}

TEST_F(ContainerSandboxTest, KillingTheRuntimeWaitsForProaInitsAnswer) {
  start();
  const auto killed = begin(sandbox_->kill_runtime());
  EXPECT_EQ(type_of(heard()), frames::Type::kill_all);
  EXPECT_FALSE(killed->has_value());
  say(frames::Type::killed);
  EXPECT_TRUE(finish(killed));
  const auto cut_short = begin(sandbox_->kill_runtime());
  report_exit(SIGKILL);
  EXPECT_EQ(finish(cut_short).error().code(), Errc::unavailable);
}

TEST_F(ContainerSandboxTest, WhatIsNoFrameOfTheLinkIsTheEndOfIt) {
  start();
  ASSERT_TRUE(start_runtime());
  say(frames::Type::response);  // of the other link: only an attacker says that here
  const auto kill = request_at<launcher::KillSandbox>(spawn_);
  ASSERT_TRUE(kill);
  EXPECT_EQ(kill->slot, kSlot);
  EXPECT_TRUE(sandbox_->has_ended());
  EXPECT_TRUE(sandbox_->has_runtime_exited());
  EXPECT_EQ(start_runtime().error().code(), Errc::unavailable);
  EXPECT_EQ(await(sandbox_->kill_runtime()).error().code(), Errc::unavailable);
}

TEST_F(ContainerSandboxTest, ClosingKillsWaitsForTheEndAndGivesTheSlotBackLast) {
  start();
  const auto closed = begin(sandbox_->close());
  ASSERT_TRUE(request_at<launcher::KillSandbox>(spawn_));
  EXPECT_FALSE(closed->has_value()) << "its process has not ended";
  EXPECT_FALSE(launcher::test::is_readable(pool_.get(), 0));
  EXPECT_TRUE(launcher::test::is_readable(init_.get(), 0)) << "the control link is closed";
  report_exit(SIGKILL);
  ASSERT_TRUE(finish(closed));
  const auto release = request_at<launcher::ReleaseSlot>(pool_);
  ASSERT_TRUE(release);
  EXPECT_EQ(release->slot, kSlot);
  EXPECT_EQ(listener(frames::Service::runtime_api).error().code(), Errc::unavailable);
  EXPECT_TRUE(await(sandbox_->close())) << "twice is no error";
}

TEST_F(ContainerSandboxTest, ALostLauncherIsTheEndOfIt) {
  start();
  ASSERT_TRUE(start_runtime());
  client_->disconnect();
  run_ready();
  EXPECT_TRUE(sandbox_->has_ended());
  EXPECT_TRUE(sandbox_->has_runtime_exited());
}

}  // namespace
}  // namespace proa::sandbox
