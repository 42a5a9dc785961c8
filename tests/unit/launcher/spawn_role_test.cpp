#include "launcher/spawn_role.h"

#include "unit/launcher/role_process.h"
#include "unit/launcher/signed_kernel.h"
#include "unit/launcher/stage_fixture.h"

#include <fcntl.h>

namespace proa::launcher {
namespace {

StartSandbox start_of(SlotId slot, std::uint64_t number = 1) {
  StartSandbox request;
  request.request = number;
  request.slot = slot;
  return request;
}

KillSandbox kill_of(SlotId slot) {
  KillSandbox request;
  request.slot = slot;
  return request;
}

AdoptCode adopt_of(SlotId slot, char code, const std::string& layers = "") {
  AdoptCode request;
  request.request = 2;
  request.slot = slot;
  request.code.fill(code);
  for (const char layer : layers) request.layers[request.layer_count++].fill(layer);
  return request;
}

class SpawnRoleTest : public test::StagedTest {
 protected:
  void SetUp() override {
    StagedTest::SetUp();
    if (IsSkipped()) return;
    put_tree('a', "main.py", "main\n");
    put_tree('b', "lib.py", "layer\n");
    role_.emplace([this](std::vector<os::UniqueFd> daemon, os::UniqueFd pool) {
      if (!enter_stage(config_, stage())) return 10;
      auto role = SpawnRole::create(std::move(daemon), std::move(pool), key_.public_half());
      if (!role) return 11;
      role.value().run();
      return 0;
    });
  }

  /// Makes `slot` ready as the pool role does; `tmp` stands in for the mount of its /tmp.
  void hand_over(SlotId slot, std::optional<int> tmp = std::nullopt,
                 SlotUse use = SlotUse::container) const {
    const auto user = make_user_namespace(test::kUnusedUserId + 2 * slot.index);
    const auto network = [] {
      const auto visit = net::NamespaceVisit::enter_new().value();
      return std::move(net::current_namespace().value());
    }();
    const os::UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
    ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
    const os::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    SlotReady ready;
    ready.slot = slot;
    ready.use = use;
    const std::array<int, 3> fds{user.value().get(), network.get(), tmp.value_or(mount.get())};
    test::send_request(role_->peer(), ready, fds);
  }
  void hand_over_to_guest(SlotId slot) const {
    folder_.put("tmp.img", std::string(1U << 20U, '\0'));
    const os::UniqueFd image(::open((folder_.path() / "tmp.img").c_str(), O_RDWR | O_CLOEXEC));
    hand_over(slot, image.get(), SlotUse::guest);
  }
  /// The control link of an environment that is started in `slot`.
  os::UniqueFd started(SlotId slot, std::size_t connection = 0) const {
    hand_over(slot);
    auto answer = role_->ask(start_of(slot), connection);
    const bool is_done = answer && answer->as<Done>() != nullptr && answer->fds.size() == 1;
    EXPECT_TRUE(is_done) << (answer ? answer->failure() : "no answer");
    return is_done ? std::move(answer->fds.front()) : os::UniqueFd();
  }
  static void tell(const os::UniqueFd& link, const std::string& line) {
    const std::string text = line + "\n";
    EXPECT_EQ(::write(link.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// The first piece of `file` as the environment sees it; "" when it has ended.
  static std::string seen_inside(const os::UniqueFd& link, const std::string& file) {
    tell(link, "say " + file);
    std::string text(4096, '\0');
    if (!test::is_readable(link.get())) return "silent";
    const ssize_t count = ::read(link.get(), text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return text;
  }
  static bool has_ended(const os::UniqueFd& link) {
    char byte = 0;
    return test::is_readable(link.get()) && ::read(link.get(), &byte, 1) <= 0;
  }
  /// The next message on `connection` is that `slot` ended; how.
  std::optional<Exited> end_of(SlotId slot, std::size_t connection = 0) const {
    const auto answer = test::next_answer(role_->daemon(connection));
    const auto* exited = answer ? answer->as<Exited>() : nullptr;
    if (exited == nullptr || exited->slot != slot) return std::nullopt;
    return *exited;
  }
  /// Whether the role still answers, and with nothing waiting before the answer.
  void expect_serving(std::size_t connection = 0) const {
    const auto answer = role_->ask(PoolStatus(), connection);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->failure(), "request is not for the spawn role");
  }

  const Ed25519Key key_ = Ed25519Key::make().value();
  std::optional<test::RoleProcess> role_;
};

TEST_F(SpawnRoleTest, StartsProaInitInNamespacesOfItsOwn) {
  const auto link = started({3, 7});
  EXPECT_EQ(seen_inside(link, "/proc/1/comm"), "proa-init\n");
  EXPECT_EQ(seen_inside(link, "/proc/sys/kernel/hostname"), "sandbox\n");
  EXPECT_EQ(seen_inside(link, "/etc/shadow"), "-\n");
  const std::string network = seen_inside(link, "/proc/net/dev");
  EXPECT_NE(network.find("lo:"), std::string::npos) << network;
  EXPECT_EQ(network.find("eth"), std::string::npos) << "the host's network";
  const std::string mounts = seen_inside(link, "/proc/self/mounts");
  EXPECT_EQ(mounts.find("/code"), std::string::npos) << "other functions' code";
}

TEST_F(SpawnRoleTest, CodeAndLayersAppearInTheRunningEnvironment) {
  const SlotId slot{0, 1};
  const auto link = started(slot);
  EXPECT_EQ(seen_inside(link, "/var/task/main.py"), "-\n");
  const auto adopted = role_->ask(adopt_of(slot, 'a', "b"));
  ASSERT_TRUE(adopted);
  ASSERT_NE(adopted->as<Done>(), nullptr) << adopted->failure();
  EXPECT_EQ(adopted->as<Done>()->request, 2U);
  EXPECT_EQ(seen_inside(link, "/var/task/main.py"), "main\n");
  EXPECT_EQ(seen_inside(link, "/opt/lib.py"), "layer\n");
}

TEST_F(SpawnRoleTest, ATreeThatIsMissingIsNamedAndTheEnvironmentLives) {
  const auto link = started({0, 1});
  EXPECT_EQ(seen_inside(link, "/proc/1/comm"), "proa-init\n");
  const auto missing = role_->ask(adopt_of({0, 1}, 'c'));
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code(), Errc::not_found);
  EXPECT_NE(missing->failure().find("cccc"), std::string::npos);
  EXPECT_EQ(seen_inside(link, "/var/task/main.py"), "-\n");
}

StartGuest guest_of(SlotId slot, char kernel) {
  StartGuest request;
  request.request = 3;
  request.slot = slot;
  request.kernel.fill(kernel);
  request.memory_mib = 64;
  request.tsc_khz = 2'000'000;
  return request;
}

TEST_F(SpawnRoleTest, AGuestNeedsAKernelThatIsThereAndThatItMayRead) {
  const std::string hidden = "data/kernels/" + std::string(32, 'b') + "/";
  folder_.put(hidden + "kernel", "x");
  folder_.put(hidden + "initrd", "x");
  std::filesystem::permissions(folder_.path() / (hidden + "initrd"), std::filesystem::perms(0600));
  hand_over_to_guest({0, 1});
  const auto unknown = role_->ask(guest_of({0, 1}, 'a'));
  ASSERT_TRUE(unknown);
  if (unknown->code() == Errc::unsupported) GTEST_SKIP() << unknown->failure();
  EXPECT_EQ(unknown->code(), Errc::not_found);
  EXPECT_NE(unknown->failure().find("guest kernel aaaa"), std::string::npos) << unknown->failure();
  EXPECT_EQ(role_->ask(guest_of({0, 1}, 'b'))->code(), Errc::corrupt);
  EXPECT_EQ(role_->ask(guest_of({9, 1}, 'b'))->code(), Errc::not_found) << "no such slot";
  EXPECT_EQ(role_->ask(guest_of({0, 1}, 'a'))->code(), Errc::not_found) << "the slot is free still";
}

TEST_F(SpawnRoleTest, AGuestNeedsTheImagesThatItIsToHave) {
  test::put_signed_kernel(folder_, "data/kernels", 'd', "x", key_);
  hand_over_to_guest({0, 1});
  auto request = guest_of({0, 1}, 'd');
  request.has_root = 1;
  request.root.fill('e');
  const auto refused = role_->ask(request);
  ASSERT_TRUE(refused);
  if (refused->code() == Errc::unsupported) GTEST_SKIP() << refused->failure();
  EXPECT_EQ(refused->code(), Errc::not_found);
  EXPECT_NE(refused->failure().find("root image of a guest: open eeee"), std::string::npos)
      << refused->failure();
}

TEST_F(SpawnRoleTest, AGuestsMemoryFileComesWithTheRequestThatWantsOne) {
  test::put_signed_kernel(folder_, "data/kernels", 'd', "x", key_);
  folder_.put("data/images/" + std::string(64, 'e') + ".erofs", "x");
  hand_over_to_guest({0, 1});
  auto request = guest_of({0, 1}, 'd');
  request.has_root = 1;
  request.root.fill('e');
  request.memory = GuestMemory::written;
  const auto refused = role_->ask(request);
  ASSERT_TRUE(refused);
  if (refused->code() == Errc::unsupported) GTEST_SKIP() << refused->failure();
  EXPECT_EQ(refused->code(), Errc::invalid);
  EXPECT_EQ(refused->failure(), "a guest's memory file is missing or not wanted");
}

TEST_F(SpawnRoleTest, AGuestNeedsAKernelThatTheDaemonHasSigned) {
  test::put_signed_kernel(folder_, "data/kernels", 'f', "x", Ed25519Key::make().value());
  hand_over_to_guest({0, 1});
  const auto refused = role_->ask(guest_of({0, 1}, 'f'));
  ASSERT_TRUE(refused);
  if (refused->code() == Errc::unsupported) GTEST_SKIP() << refused->failure();
  EXPECT_EQ(refused->code(), Errc::corrupt);
  EXPECT_TRUE(refused->failure().starts_with("guest kernel ffff")) << refused->failure();
  EXPECT_NE(refused->failure().find("is not what this host has signed"), std::string::npos)
      << refused->failure();
}

TEST_F(SpawnRoleTest, ASlotStartsWhatItWasMadeFor) {
  hand_over({0, 1});
  const auto guest = role_->ask(guest_of({0, 1}, 'a'));
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->code(), Errc::conflict);
  EXPECT_EQ(guest->failure(), "slot 0.1 is a container's");
  hand_over_to_guest({1, 1});
  const auto container = role_->ask(start_of({1, 1}));
  ASSERT_TRUE(container);
  EXPECT_EQ(container->code(), Errc::conflict);
  EXPECT_EQ(container->failure(), "slot 1.1 is a guest's");
  EXPECT_NE(role_->ask(start_of({0, 1}))->as<Done>(), nullptr) << "neither was used";
}

TEST_F(SpawnRoleTest, QemuRunsInTheSlotAndWhatItHasToSayComesOut) {
  if (::access("/usr/bin/qemu-system-x86_64", X_OK) != 0) {
    GTEST_SKIP() << "qemu-system-x86_64 is not installed";
  }
  test::put_signed_kernel(folder_, "data/kernels", 'c', std::string(4096, 'x'), key_);
  hand_over_to_guest({0, 1});
  const auto answer = role_->ask(guest_of({0, 1}, 'c'));
  ASSERT_TRUE(answer);
  ASSERT_NE(answer->as<Done>(), nullptr) << answer->failure();
  ASSERT_EQ(answer->fds.size(), 2U);
  const auto exited = end_of({0, 1});
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->start_step, 0) << exited->start_errno;
  EXPECT_TRUE(WIFEXITED(exited->wait_status) && WEXITSTATUS(exited->wait_status) == 1);
  std::string said(4096, '\0');
  const ssize_t count = ::read(answer->fds[1].get(), said.data(), said.size());
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  EXPECT_TRUE(said.starts_with("qemu")) << said;
}

TEST_F(SpawnRoleTest, TheEndIsReportedAsItWas) {
  const auto exiting = started({0, 1});
  tell(exiting, "exit 7");
  const auto exited = end_of({0, 1});
  ASSERT_TRUE(exited);
  EXPECT_TRUE(WIFEXITED(exited->wait_status) && WEXITSTATUS(exited->wait_status) == 7);
  EXPECT_EQ(exited->start_step, 0);
  const auto killed = started({1, 1});
  test::send_request(role_->daemon(), kill_of({1, 1}));
  const auto end = end_of({1, 1});
  ASSERT_TRUE(end);
  EXPECT_EQ(end->wait_status, SIGKILL);
  EXPECT_EQ(end->start_step, 0);
  EXPECT_EQ(role_->ask(start_of({1, 1}))->code(), Errc::not_found) << "a slot is used once";
}

TEST_F(SpawnRoleTest, AFailureBeforeProaInitSaysAtWhichStepAndWhy) {
  const os::UniqueFd no_mount(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  hand_over({0, 1}, no_mount.get());
  ASSERT_TRUE(role_->ask(start_of({0, 1})));
  const auto exited = end_of({0, 1});
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->start_step, static_cast<int>(StartStep::mount_tmp));
  EXPECT_EQ(exited->start_errno, EINVAL);
}

TEST_F(SpawnRoleTest, ASlotThatIsNotReadyIsNamedAndNoneStartsTwice) {
  const auto unknown = role_->ask(start_of({5, 2}, 41));
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->code(), Errc::not_found);
  EXPECT_EQ(unknown->failure(), "slot 5.2 is not ready");
  EXPECT_EQ(unknown->as<Failed>()->request, 41U);
  hand_over({5, 3});
  EXPECT_EQ(role_->ask(start_of({5, 2}))->code(), Errc::not_found) << "an earlier use of the slot";
  EXPECT_EQ(role_->ask(adopt_of({5, 3}, 'a'))->code(), Errc::not_found) << "not started";
  ASSERT_NE(role_->ask(start_of({5, 3}))->as<Done>(), nullptr);
  EXPECT_EQ(role_->ask(start_of({5, 3}))->code(), Errc::conflict);
}

TEST_F(SpawnRoleTest, AShardReachesItsOwnEnvironmentsOnly) {
  const auto link = started({0, 1}, 0);
  EXPECT_EQ(role_->ask(adopt_of({0, 1}, 'a'), 1)->code(), Errc::not_found);
  test::send_request(role_->daemon(1), kill_of({0, 1}));
  expect_serving(1);
  EXPECT_EQ(seen_inside(link, "/var/task/main.py"), "-\n") << "alive, and without code";
  tell(link, "exit 0");
  EXPECT_TRUE(end_of({0, 1}, 0));
  expect_serving(1);
}

TEST_F(SpawnRoleTest, ASlotThatIsTakenBackIsKilledOrForgotten) {
  const auto link = started({0, 1});
  hand_over({1, 1});
  for (const std::uint32_t index : {0U, 1U}) {
    SlotGone gone;
    gone.slot = {index, 1};
    test::send_request(role_->peer(), gone);
  }
  const auto exited = end_of({0, 1});
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->wait_status, SIGKILL);
  EXPECT_TRUE(has_ended(link));
  EXPECT_EQ(role_->ask(start_of({1, 1}))->code(), Errc::not_found);
}

TEST_F(SpawnRoleTest, WhatIsNoRequestOfTheProtocolIsRefusedAndTheRoleGoesOn) {
  test::send_bytes(role_->daemon(), "nonsense");
  EXPECT_EQ(test::next_answer(role_->daemon())->code(), Errc::corrupt);
  auto wrong = adopt_of({0, 1}, 'a');
  wrong.code.fill('/');
  EXPECT_EQ(role_->ask(wrong)->code(), Errc::invalid);
  SlotReady incomplete;
  incomplete.slot = {0, 1};
  test::send_request(role_->peer(), incomplete);  // without its descriptors
  EXPECT_EQ(role_->ask(start_of({0, 1}))->code(), Errc::not_found);
  expect_serving();
}

TEST_F(SpawnRoleTest, AShardThatGoesTakesItsEnvironmentsAndTheLastOneTheRole) {
  const auto first = started({0, 1}, 0);
  const auto second = started({1, 1}, 1);
  role_->close_daemon(0);
  EXPECT_TRUE(has_ended(first));
  EXPECT_EQ(seen_inside(second, "/proc/1/comm"), "proa-init\n");
  role_->close_daemon(1);
  EXPECT_EQ(role_->exit_status(), 0);
  EXPECT_TRUE(has_ended(second));
}

TEST_F(SpawnRoleTest, WithoutThePoolRoleItEndsAndSoDoesEveryEnvironment) {
  const auto link = started({0, 1});
  EXPECT_EQ(seen_inside(link, "/proc/1/comm"), "proa-init\n");
  role_->close_peer();
  EXPECT_EQ(role_->exit_status(), 0);
  EXPECT_TRUE(has_ended(link));
}

}  // namespace
}  // namespace proa::launcher
