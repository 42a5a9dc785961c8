#include "launcher/launcher.h"
#include "unit/frames/await.h"
#include "unit/launcher/own_process.h"
#include "unit/launcher/role_process.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <tuple>

namespace proa::launcher {
namespace {

const std::string kTree(kTreeIdSize, 'a');

ino_t number_of(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

Done done_of(std::uint64_t request, SlotId slot = {}) {
  Done done;
  done.request = request;
  done.slot = slot;
  return done;
}

// The client's connections end in the test, which answers as the roles do.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    auto [spawn, pool] = connections();
    client_ = std::make_unique<Client>(
        io_.get_executor(), std::move(spawn), std::move(pool),
        [this](SlotId slot, std::optional<Network> network) {
          told_ += std::to_string(slot.index) +
                   (network ? "=" + std::to_string(static_cast<int>(*network)) : "-") + " ";
        });
  }

  std::pair<os::UniqueFd, os::UniqueFd> connections() {
    auto spawn = std::move(os::seqpacket_pair().value());
    auto pool = std::move(os::seqpacket_pair().value());
    spawn_ = std::move(spawn.first);
    pool_ = std::move(pool.first);
    return {std::move(spawn.second), std::move(pool.second)};
  }
  void run_ready() {
    io_.restart();
    io_.poll();
  }
  template <class T>
  frames::Outcome<T> begin(Task<T> task) {
    auto outcome = frames::begin(io_, std::move(task));
    run_ready();
    return outcome;
  }
  template <class T>
  Result<T> finish(const frames::Outcome<T>& outcome) {
    return frames::finish(io_, outcome);
  }
  /// The next request at a role's end; nothing when none is there.
  template <class Kind>
  static std::optional<Kind> request_at(const os::UniqueFd& role) {
    if (!test::is_readable(role.get(), 0)) return std::nullopt;
    auto message = os::receive_message(role.get());
    if (!message) return std::nullopt;
    auto request = decode_request(message.value().bytes);
    const auto* wanted = request ? std::get_if<Kind>(&request.value()) : nullptr;
    return wanted == nullptr ? std::nullopt : std::optional<Kind>(*wanted);
  }
  static void answer(const os::UniqueFd& role, const Reply& reply,
                     const std::vector<int>& fds = {}) {
    test::send_bytes(role.get(), encode(reply), fds);
  }
  static bool is_closed(const os::UniqueFd& role) {
    return test::is_readable(role.get(), 0) && !os::receive_message(role.get());
  }

  boost::asio::io_context io_{1};
  os::UniqueFd spawn_;
  os::UniqueFd pool_;
  std::string told_;  ///< by the hook: "3=1 " is slot 3 with network 1, "3- " no environment
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, AGuestIsAskedForWithItsImagesAndComesWithItsTwoEnds) {
  GuestPlan plan;
  plan.kernel = std::string(kKernelIdSize, 'b');
  plan.memory_mib = 128;
  plan.tsc_khz = 2'000'000;
  plan.root_image = kTree;
  plan.layers_image = std::string(kTreeIdSize, 'c');
  const auto ends = begin(client_->start_guest({4, 9}, plan));
  const auto request = request_at<StartGuest>(spawn_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->slot, (SlotId{4, 9}));
  EXPECT_EQ(std::tuple(request->has_root, request->has_code, request->has_layers),
            std::tuple(1U, 0U, 1U));
  EXPECT_EQ(request->root, parse_tree_id(kTree).value());
  EXPECT_EQ(request->layers, parse_tree_id(plan.layers_image).value());
  auto pair = std::move(os::stream_pair().value());
  answer(spawn_, done_of(request->request, {4, 9}), {pair.first.get(), pair.second.get()});
  const auto guest = finish(ends);
  ASSERT_TRUE(guest) << guest.error().message();
  EXPECT_EQ(number_of(guest.value().port.get()), number_of(pair.first.get()));
  EXPECT_EQ(number_of(guest.value().console.get()), number_of(pair.second.get()));
}

TEST_F(ClientTest, ImagesOfAGuestThatAreNoneAreRefusedBeforeAnythingIsAsked) {
  GuestPlan plan;
  plan.kernel = std::string(kKernelIdSize, 'b');
  plan.root_image = "../root";
  const auto no_id = finish(begin(client_->start_guest({4, 9}, plan)));
  ASSERT_FALSE(no_id);
  EXPECT_EQ(no_id.error().code(), Errc::invalid);
  EXPECT_NE(no_id.error().message().find("root image of a guest"), std::string::npos);
  plan.root_image.clear();
  plan.code_image = kTree;
  EXPECT_EQ(finish(begin(client_->start_guest({4, 9}, plan))).error().code(), Errc::invalid);
  EXPECT_FALSE(request_at<StartGuest>(spawn_));
}

TEST_F(ClientTest, AnAcquiredSlotComesWithItsFilesAndThenTheTwoListeners) {
  const auto slot = begin(client_->acquire_slot(777, SlotUse::guest));
  const auto request = request_at<AcquireSlot>(pool_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->tmp_mib, 777U);
  EXPECT_EQ(request->use, SlotUse::guest);
  std::vector<os::UniqueFd> sent;
  std::vector<int> numbers;
  for (int i = 0; i < 2; ++i) {
    auto pair = std::move(os::stream_pair().value());
    for (auto* end : {&pair.first, &pair.second}) sent.push_back(std::move(*end));
  }
  for (const os::UniqueFd& fd : sent) numbers.push_back(fd.get());
  auto done = done_of(request->request, {4, 9});
  done.detail = 3;
  answer(pool_, done, numbers);
  const auto acquired = finish(slot);
  ASSERT_TRUE(acquired) << acquired.error().message();
  EXPECT_EQ(acquired.value().id, (SlotId{4, 9}));
  EXPECT_EQ(acquired.value().cgroup_kind, 3U);
  ASSERT_EQ(acquired.value().cgroup_fds.size(), 2U);
  EXPECT_EQ(number_of(acquired.value().cgroup_fds[0].get()), number_of(numbers[0]));
  EXPECT_EQ(number_of(acquired.value().cgroup_fds[1].get()), number_of(numbers[1]));
  EXPECT_EQ(number_of(acquired.value().sockets.runtime_api.get()), number_of(numbers[2]));
  EXPECT_EQ(number_of(acquired.value().sockets.lambda_api.get()), number_of(numbers[3]));
}

TEST_F(ClientTest, AnswersReachTheirQuestionsInAnyOrderAndErrorsArriveWhole) {
  const auto first = begin(client_->adopt_code({1, 1}, kTree, {}));
  const auto second = begin(client_->adopt_code({2, 1}, kTree, {}));
  const auto first_request = request_at<AdoptCode>(spawn_);
  const auto second_request = request_at<AdoptCode>(spawn_);
  ASSERT_TRUE(first_request && second_request);
  answer(spawn_, done_of(second_request->request));
  answer(spawn_, make_failed(first_request->request, Error(Errc::not_found, "no tree", ENOENT)));
  EXPECT_TRUE(finish(second));
  const auto failed = finish(first);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::not_found);
  EXPECT_EQ(failed.error().os_errno(), ENOENT);
  EXPECT_NE(failed.error().message().find("no tree"), std::string::npos);
}

TEST_F(ClientTest, WhatANameOrNumberOfLayersIsWrongInIsNeverSent) {
  const auto wrong_code = finish(begin(client_->adopt_code({1, 1}, "../etc", {})));
  ASSERT_FALSE(wrong_code);
  EXPECT_EQ(wrong_code.error().code(), Errc::invalid);
  EXPECT_NE(wrong_code.error().message().find("'../etc'"), std::string::npos);
  const std::vector<std::string> wrong_layer{"B"};
  EXPECT_EQ(finish(begin(client_->adopt_code({1, 1}, kTree, wrong_layer))).error().code(),
            Errc::invalid);
  const std::vector<std::string> six(6, kTree);
  EXPECT_EQ(finish(begin(client_->adopt_code({1, 1}, kTree, six))).error().code(), Errc::invalid);
  EXPECT_FALSE(test::is_readable(spawn_.get(), 0));
}

TEST_F(ClientTest, LayersKeepTheirOrder) {
  const std::vector<std::string> layers{std::string(kTreeIdSize, 'b'),
                                        std::string(kTreeIdSize, 'c')};
  const auto adopted = begin(client_->adopt_code({1, 1}, kTree, layers));
  const auto request = request_at<AdoptCode>(spawn_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->layer_count, 2U);
  EXPECT_EQ(request->layers[0][0], 'b');
  EXPECT_EQ(request->layers[1][0], 'c');
  answer(spawn_, done_of(request->request));
  EXPECT_TRUE(finish(adopted));
}

TEST_F(ClientTest, ATreeBecomesTheRoot) {
  EXPECT_EQ(finish(begin(client_->adopt_root({1, 1}, "../etc"))).error().code(), Errc::invalid);
  const auto adopted = begin(client_->adopt_root({1, 1}, kTree));
  const auto request = request_at<AdoptRoot>(spawn_);
  ASSERT_TRUE(request);
  EXPECT_EQ(std::string(request->root.data(), request->root.size()), kTree);
  answer(spawn_, done_of(request->request));
  EXPECT_TRUE(finish(adopted));
}

TEST_F(ClientTest, CodeComesWithItsRootInOneRequest) {
  EXPECT_EQ(finish(begin(client_->adopt_code({1, 1}, kTree, {}, "../etc"))).error().code(),
            Errc::invalid);
  const std::string root(kTreeIdSize, 'b');
  const auto adopted = begin(client_->adopt_code({1, 1}, kTree, {}, root));
  const auto request = request_at<AdoptCode>(spawn_);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->has_root, 1U);
  EXPECT_EQ(std::string(request->root.data(), request->root.size()), root);
  answer(spawn_, done_of(request->request));
  EXPECT_TRUE(finish(adopted));
}

TEST_F(ClientTest, AnAnswerWithoutItsDescriptorsOrOfAnotherKindIsCorrupt) {
  const auto slot = begin(client_->acquire_slot(512, SlotUse::container));
  const int one = spawn_.get();
  answer(pool_, done_of(request_at<AcquireSlot>(pool_)->request), {one});
  EXPECT_EQ(finish(slot).error().code(), Errc::corrupt);
  const auto link = begin(client_->start_sandbox({1, 1}));
  answer(spawn_, done_of(request_at<StartSandbox>(spawn_)->request));
  EXPECT_EQ(finish(link).error().code(), Errc::corrupt);
  const auto status = begin(client_->pool_status());
  answer(pool_, done_of(request_at<PoolStatus>(pool_)->request));
  EXPECT_EQ(finish(status).error().code(), Errc::corrupt);
  const auto dns = begin(client_->open_gateway_dns());
  GatewayDns gateway;
  gateway.request = request_at<OpenGatewayDns>(pool_)->request;
  gateway.has_ipv6 = 1;
  answer(pool_, gateway, {one, one});
  EXPECT_EQ(finish(dns).error().code(), Errc::corrupt);
  EXPECT_TRUE(client_->is_connected());
}

TEST_F(ClientTest, ALateAnswerIsDroppedWithItsDescriptors) {
  const std::size_t before = test::open_descriptors();
  answer(pool_, done_of(4711), {spawn_.get(), pool_.get()});
  run_ready();
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_TRUE(client_->is_connected());
}

TEST_F(ClientTest, AnExitIsKeptForWhoeverAsksLaterAndSaysWhichStepFailed) {
  Exited exited;
  exited.slot = {1, 1};
  exited.wait_status = 9;
  answer(spawn_, exited);
  exited.slot = {2, 1};
  exited.start_step = 4;
  exited.start_errno = EINVAL;
  answer(spawn_, exited);
  run_ready();
  const auto plain = finish(begin(client_->exited({1, 1})));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain.value().wait_status, 9);
  EXPECT_EQ(plain.value().start_failure, "");
  EXPECT_FALSE(plain.value().is_launcher_lost);
  const auto failed = finish(begin(client_->exited({2, 1})));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed.value().start_failure, "mount /tmp: Invalid argument");
}

TEST_F(ClientTest, AnExitWakesAllWhoWaitForThatUseOfTheSlotAndNobodyElse) {
  const auto one = begin(client_->exited({1, 1}));
  const auto two = begin(client_->exited({1, 1}));
  const auto later_use = begin(client_->exited({1, 2}));
  Exited exited;
  exited.slot = {1, 1};
  answer(spawn_, exited);
  EXPECT_TRUE(finish(one));
  EXPECT_TRUE(finish(two));
  run_ready();
  EXPECT_FALSE(later_use->has_value());
}

TEST_F(ClientTest, AWaitForAnExitCanBeGivenUp) {
  boost::asio::cancellation_signal stop;
  auto outcome = std::make_shared<std::optional<Result<SandboxExit>>>();
  boost::asio::co_spawn(
      io_, frames::keep(client_->exited({1, 1}), outcome),
      boost::asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
  run_ready();
  stop.emit(boost::asio::cancellation_type::terminal);
  const auto given_up = finish(outcome);
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code(), Errc::cancelled);
}

TEST_F(ClientTest, LosingOneRoleEndsEverythingAtOnce) {
  const auto slot = begin(client_->acquire_slot(512, SlotUse::container));
  const auto link = begin(client_->start_sandbox({1, 1}));
  const auto exit = begin(client_->exited({1, 1}));
  pool_.reset();
  EXPECT_EQ(finish(slot).error().code(), Errc::unavailable);
  EXPECT_EQ(finish(link).error().code(), Errc::unavailable);
  const auto ended = finish(exit);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended.value().is_launcher_lost);
  EXPECT_EQ(ended.value().wait_status, SIGKILL);
  EXPECT_FALSE(client_->is_connected());
  EXPECT_EQ(finish(begin(client_->pool_status())).error().code(), Errc::unavailable);
  client_->kill({1, 1});
  client_->release({1, 1});
  ASSERT_TRUE(request_at<StartSandbox>(spawn_));
  EXPECT_TRUE(is_closed(spawn_)) << "the other role must see it too";
}

TEST_F(ClientTest, ARoleThatTalksNonsenseIsLost) {
  const auto status = begin(client_->pool_status());
  test::send_bytes(spawn_.get(), "nonsense");
  EXPECT_EQ(finish(status).error().code(), Errc::unavailable);
  EXPECT_FALSE(client_->is_connected());
}

TEST_F(ClientTest, NewConnectionsServeAgain) {
  const auto before = begin(client_->exited({1, 1}));
  auto [spawn, pool] = connections();
  client_->reconnect(std::move(spawn), std::move(pool));
  EXPECT_TRUE(finish(before).value().is_launcher_lost);
  EXPECT_TRUE(client_->is_connected());
  const auto status = begin(client_->pool_status());
  Text text;
  text.request = request_at<PoolStatus>(pool_)->request;
  text.size = 2;
  text.bytes[0] = '{';
  text.bytes[1] = '}';
  answer(pool_, text);
  EXPECT_EQ(finish(status).value(), "{}");
}

TEST_F(ClientTest, TheHookIsToldOfEveryNetworkFromConfigurationToTheEnd) {
  const auto configure = [&](std::uint32_t index, Network network, bool is_done) {
    const auto configured =
        begin(client_->configure_slot({index, 1}, {128ULL << 20U, 64, 128}, network));
    const auto number = request_at<ConfigureSlot>(pool_)->request;
    if (is_done) {
      answer(pool_, done_of(number));
    } else {
      answer(pool_, make_failed(number, Error(Errc::os, "memory.max")));
    }
    EXPECT_EQ(finish(configured).has_value(), is_done);
  };
  configure(1, Network::internet, true);
  configure(2, Network::lan, false);
  configure(3, Network::none, true);
  EXPECT_EQ(told_, "1=1 3=0 ");
  client_->release({1, 1});
  client_->release({1, 1});
  EXPECT_EQ(told_, "1=1 3=0 1- ");
  client_->disconnect();
  EXPECT_EQ(told_, "1=1 3=0 1- 3- ");
}

TEST_F(ClientTest, ARoleThatDoesNotReadExhaustsInsteadOfBlockingTheShard) {
  std::vector<frames::Outcome<std::string>> waiting;
  while (waiting.size() < 100'000) {
    waiting.push_back(begin(client_->pool_status()));
    if (waiting.back()->has_value()) break;
  }
  const auto refused = finish(waiting.back());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::exhausted);
  EXPECT_TRUE(client_->is_connected());
  client_->disconnect();
  run_ready();
}

}  // namespace
}  // namespace proa::launcher
