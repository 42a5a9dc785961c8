#include "launcher/pool_role.h"

#include "launcher/disk/disk_image.h"
#include "unit/launcher/role_process.h"
#include "unit/launcher/stage_fixture.h"

#include <boost/json.hpp>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <set>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

AcquireSlot acquire_of(std::uint32_t tmp_mib = 512) {
  AcquireSlot request;
  request.request = 1;
  request.tmp_mib = tmp_mib;
  return request;
}

ReleaseSlot release_of(SlotId slot) {
  ReleaseSlot request;
  request.slot = slot;
  return request;
}

ConfigureSlot configure_of(SlotId slot) {
  ConfigureSlot request;
  request.request = 2;
  request.slot = slot;
  request.limits = {256ULL << 20U, 64, 256};
  return request;
}

/// What the spawn role is handed.
struct Handed {
  SlotReady message;
  std::vector<os::UniqueFd> fds;
};

class PoolRoleTest : public test::StagedTest {
 protected:
  void SetUp() override {
    StagedTest::SetUp();
    if (IsSkipped()) return;
    if (const auto obstacle = test::pool_role_obstacle()) GTEST_SKIP() << *obstacle;
    config_.uplink = uplink();
    config_.may_enable_forwarding = true;  // of the role's own namespace
    instance_.emplace(config_.run_folder);
    role_.emplace([this](std::vector<os::UniqueFd> daemon, os::UniqueFd spawn) {
      if (::unshare(CLONE_NEWNET) != 0) return 10;
      auto role =
          PoolRole::create(config_, instance_->get(), {std::move(daemon), std::move(spawn)});
      if (!role) return 11;
      role.value()->run();
      return 0;
    });
  }

  virtual UplinkMode uplink() const { return UplinkMode::none; }

  /// A slot that `connection` got; a failure gives an index that no slot has.
  SlotId acquired(std::size_t connection = 0) const {
    const auto answer = role_->ask(acquire_of(), connection);
    const auto* done = answer ? answer->as<Done>() : nullptr;
    EXPECT_NE(done, nullptr) << (answer ? answer->failure() : "no answer");
    return done == nullptr ? SlotId{kMaxSlots, 0} : done->slot;
  }
  std::optional<Handed> handed() const {
    if (!test::is_readable(role_->peer())) return std::nullopt;
    auto message = os::receive_message(role_->peer());
    if (!message) return std::nullopt;
    auto request = decode_request(message.value().bytes);
    const auto* ready = request ? std::get_if<SlotReady>(&request.value()) : nullptr;
    if (ready == nullptr) return std::nullopt;
    return Handed{*ready, std::move(message.value().fds)};
  }
  boost::json::value status() const {
    const auto answer = role_->ask(PoolStatus());
    const auto* text = answer ? answer->as<Text>() : nullptr;
    if (text == nullptr) return nullptr;
    return boost::json::parse(boost::json::string_view(text->bytes.data(), text->size));
  }
  /// Control groups and attached disks that bear this instance's name or lie in its folder.
  std::set<std::string> left_over() const {
    std::set<std::string> found;
    std::error_code failed;
    const std::string name = "proa-" + instance_->get().id();
    for (fs::recursive_directory_iterator at("/sys/fs/cgroup", failed), end; at != end;
         at.increment(failed)) {
      if (at->path().filename() == name) found.insert(at->path());
    }
    for (const auto& device : fs::directory_iterator("/sys/block", failed)) {
      const std::string file = test::text_of_file(device.path() / "loop/backing_file");
      if (file.find(folder_.path().string()) != std::string::npos) found.insert(file);
    }
    return found;
  }

  std::optional<test::HighInstance> instance_;
  std::optional<test::RoleProcess> role_;
};

TEST_F(PoolRoleTest, ASlotIsHandedToTheSpawnRoleAndThenToTheDaemon) {
  const auto answer = role_->ask(acquire_of());
  ASSERT_TRUE(answer);
  const auto* done = answer->as<Done>();
  ASSERT_NE(done, nullptr) << answer->failure();
  EXPECT_EQ(done->request, 1U);
  ASSERT_TRUE(test::is_readable(role_->peer(), 0)) << "the spawn role must know it first";
  const auto ready = handed();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->message.slot, done->slot);
  EXPECT_EQ(ready->message.uid_base, instance_->get().uid_base() + 2 * done->slot.index);
  EXPECT_EQ(ready->fds.size(), 3 + ready->message.has_cgroup2 + ready->message.cgroup_fds);
  ASSERT_GE(answer->fds.size(), 3U);
  for (std::size_t i = answer->fds.size() - 2; i < answer->fds.size(); ++i) {
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    ASSERT_EQ(::getsockopt(answer->fds[i].get(), SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size),
              0);
    EXPECT_EQ(is_listening, 1);
  }
}

TEST_F(PoolRoleTest, ItsTmpHasTheSizeAskedForAndIsTheFunctionsOwn) {
  for (const std::uint32_t mib : {512U, 2048U}) {
    ASSERT_NE(role_->ask(acquire_of(mib))->as<Done>(), nullptr);
    const auto ready = handed();
    ASSERT_TRUE(ready);
    struct statvfs space {};
    ASSERT_EQ(::fstatvfs(ready->fds[2].get(), &space), 0);
    const double size = static_cast<double>(space.f_blocks) * static_cast<double>(space.f_frsize);
    EXPECT_NEAR(size / (1U << 20U), mib, mib * 0.1);
    struct stat root {};
    ASSERT_EQ(::fstat(ready->fds[2].get(), &root), 0);
    EXPECT_EQ(root.st_uid, ready->message.uid_base + 1);
  }
}

TEST_F(PoolRoleTest, AGuestGetsAnImageInsteadOfADiskAndGivesItBack) {
  auto wish = acquire_of(1024);
  wish.use = SlotUse::guest;
  const auto answer = role_->ask(wish);
  ASSERT_TRUE(answer);
  const auto* done = answer->as<Done>();
  ASSERT_NE(done, nullptr) << answer->failure();
  auto ready = handed();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->message.use, SlotUse::guest);
  EXPECT_EQ(ready->message.has_tap, 0U) << "there is no network here";
  EXPECT_EQ(ready->fds.size(), 3 + ready->message.has_cgroup2 + ready->message.cgroup_fds);
  struct stat image {};
  ASSERT_EQ(::fstat(ready->fds[2].get(), &image), 0);
  EXPECT_TRUE(S_ISREG(image.st_mode));
  EXPECT_EQ(static_cast<std::uint64_t>(image.st_size), image_size(Bytes::mib(1024)).count());
  EXPECT_EQ(::pwrite(ready->fds[2].get(), "x", 1, 0), 1);
  test::send_request(role_->daemon(), release_of(done->slot));
  EXPECT_TRUE(test::becomes_true([&] {
    return ::fstat(ready->fds[2].get(), &image) == 0 && image.st_size == 0 && image.st_nlink == 0;
  }));
  // What the slot is used for next is another question.
  for (int i = 0; i < 2; ++i) EXPECT_LT(acquired().index, 2U);
}

TEST_F(PoolRoleTest, TheDiskThatASpareSlotHadIsGivenBackWhenAGuestTakesIt) {
  ASSERT_TRUE(test::becomes_true(
      [this] { return status().at("slots").at("ready").to_number<int>() == 1; }));
  const auto folder = config_.data_folder / "disks";
  ASSERT_EQ(count_loops(folder).value(), 1U);
  for (int i = 0; i < 2; ++i) {
    auto wish = acquire_of();
    wish.use = SlotUse::guest;
    ASSERT_NE(role_->ask(wish)->as<Done>(), nullptr);
  }
  EXPECT_TRUE(test::becomes_true([&] { return count_loops(folder).value() == 0; }));
}

class NetworkedPoolRoleTest : public PoolRoleTest {
 protected:
  UplinkMode uplink() const override { return UplinkMode::kernel; }
};

TEST_F(NetworkedPoolRoleTest, AGuestGetsTheQueueOfATapAndAContainerNone) {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "no /dev/net/tun";
  const auto network = status().at("network");
  if (network.at("uplink").as_string() != "kernel") GTEST_SKIP() << network;
  auto wish = acquire_of();
  wish.use = SlotUse::guest;
  const auto guest = role_->ask(wish);
  ASSERT_TRUE(guest && guest->as<Done>()) << guest->failure();
  const auto ready = handed();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->message.has_tap, 1U);
  EXPECT_EQ(ready->message.has_ipv6 != 0, network.at("ipv6").as_bool());
  ASSERT_EQ(ready->fds.size(), 4 + ready->message.has_cgroup2 + ready->message.cgroup_fds);
  ifreq device{};
  ASSERT_EQ(::ioctl(ready->fds[3].get(), TUNGETIFF, &device), 0);
  EXPECT_STREQ(device.ifr_name, "guest0");
  EXPECT_EQ(device.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR),
            IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
  acquired();
  const auto container = handed();
  ASSERT_TRUE(container);
  EXPECT_EQ(container->message.has_tap, 0U);
}

TEST_F(PoolRoleTest, WhenAllAreTakenOneMustComeBackAndIsAnotherUseOfItsSlot) {
  const SlotId first = acquired();
  const SlotId second = acquired();
  EXPECT_NE(first.index, second.index);
  const auto refused = role_->ask(acquire_of());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), Errc::exhausted);
  EXPECT_EQ(refused->failure(), "all 2 slots of this host are in use");
  test::send_request(role_->daemon(), release_of(first));
  const SlotId again = acquired();
  EXPECT_EQ(again.index, first.index);
  EXPECT_NE(again.generation, first.generation);
  test::send_request(role_->daemon(), release_of(first));  // late: of the use before
  EXPECT_EQ(role_->ask(acquire_of())->code(), Errc::exhausted);
}

TEST_F(PoolRoleTest, AShardMayNeitherLimitNorReleaseWhatIsAnothers) {
  const SlotId mine = acquired(0);
  acquired(0);
  const auto foreign = role_->ask(configure_of(mine), 1);
  ASSERT_TRUE(foreign);
  EXPECT_EQ(foreign->code(), Errc::not_found);
  EXPECT_EQ(foreign->failure(), "slot is not yours");
  test::send_request(role_->daemon(1), release_of(mine));
  EXPECT_EQ(role_->ask(acquire_of(), 1)->code(), Errc::exhausted);
  const auto own = role_->ask(configure_of(mine), 0);
  ASSERT_TRUE(own);
  ASSERT_NE(own->as<Done>(), nullptr) << own->failure();
  EXPECT_EQ(own->as<Done>()->slot, mine);
}

TEST_F(PoolRoleTest, TheSlotsOfAShardThatGoesAreFreeForOthers) {
  acquired(0);
  acquired(0);
  role_->close_daemon(0);
  EXPECT_LT(acquired(1).index, 2U);
  EXPECT_LT(acquired(1).index, 2U);
}

TEST_F(PoolRoleTest, TheStatusCountsSlotsAndNamesTheInstance) {
  acquired();
  boost::json::value out = status();
  EXPECT_EQ(out.at("instance").to_number<std::uint32_t>(), instance_->get().number());
  EXPECT_EQ(out.at("slots").at("taken").to_number<int>(), 1);
  EXPECT_EQ(out.at("slots").at("limit").to_number<int>(), 2);
  EXPECT_EQ(out.at("network").at("uplink").as_string(), "none");
  EXPECT_FALSE(out.at("limits").as_object().empty());
  EXPECT_TRUE(test::becomes_true([this] {
    return status().at("slots").at("ready").to_number<int>() == 1;
  })) << "a spare is made ahead of need";
}

TEST_F(PoolRoleTest, WhatItIsNotForIsRefusedAndTheRoleGoesOn) {
  EXPECT_EQ(role_->ask(StartSandbox())->failure(), "request is not for the pool role");
  EXPECT_EQ(role_->ask(acquire_of(511))->code(), Errc::invalid);
  EXPECT_EQ(role_->ask(OpenGatewayDns())->code(), Errc::unavailable);
  test::send_bytes(role_->daemon(), "nonsense");
  EXPECT_EQ(test::next_answer(role_->daemon())->code(), Errc::corrupt);
  acquired();
}

TEST_F(PoolRoleTest, AtItsEndNothingOfItIsLeftOnTheHost) {
  acquired();
  EXPECT_FALSE(left_over().empty()) << "nothing to look for was found";
  role_->close_all();
  EXPECT_EQ(role_->exit_status(), 0);
  EXPECT_EQ(left_over(), std::set<std::string>());
}

TEST_F(PoolRoleTest, WithoutTheSpawnRoleItEnds) {
  acquired();
  role_->close_peer();
  EXPECT_EQ(role_->exit_status(), 0);
  EXPECT_EQ(left_over(), std::set<std::string>());
}

}  // namespace
}  // namespace proa::launcher
