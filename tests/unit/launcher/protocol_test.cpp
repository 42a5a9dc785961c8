#include "launcher/protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace proa::launcher {
namespace {

AdoptCode adopt_of(std::size_t layers) {
  AdoptCode message;
  message.request = 7;
  message.slot = {3, 9};
  message.code.fill('a');
  message.layer_count = static_cast<std::uint32_t>(layers);
  for (std::size_t i = 0; i < std::min(layers, kMaxLayers); ++i) message.layers[i].fill('0');
  return message;
}

Errc refusal(const Request& request) {
  const auto decoded = decode_request(encode(request));
  return decoded ? Errc::internal : decoded.error().code();
}

TEST(Protocol, ARequestComesBackAsItWasSent) {
  const auto decoded = decode_request(encode(Request(adopt_of(2))));
  ASSERT_TRUE(decoded);
  const auto& message = std::get<AdoptCode>(decoded.value());
  EXPECT_EQ(message.slot, (SlotId{3, 9}));
  EXPECT_EQ(message.layer_count, 2U);
  EXPECT_EQ(std::string(message.code.data(), message.code.size()), std::string(kTreeIdSize, 'a'));
}

TEST(Protocol, NamesThatAreNoContentAddressAreRefused) {
  AdoptCode path = adopt_of(0);
  std::memcpy(path.code.data(), "../../etc", 9);
  EXPECT_EQ(refusal(Request(path)), Errc::invalid);
  AdoptCode layer = adopt_of(2);
  layer.layers[1][5] = '/';
  EXPECT_EQ(refusal(Request(layer)), Errc::invalid);
  EXPECT_EQ(refusal(Request(adopt_of(kMaxLayers + 1))), Errc::invalid);
  EXPECT_FALSE(parse_tree_id("abc"));
  EXPECT_FALSE(parse_tree_id(std::string(kTreeIdSize, 'A')));
}

TEST(Protocol, ARootIsAContentAddressToo) {
  AdoptRoot root;
  root.slot = {3, 9};
  root.root.fill('a');
  EXPECT_EQ(refusal(Request(root)), Errc::internal) << "a good one must pass";
  root.root[9] = '/';
  EXPECT_EQ(refusal(Request(root)), Errc::invalid);
}

TEST(Protocol, CodeMayComeWithARoot) {
  AdoptCode code = adopt_of(1);
  code.has_root = 2;
  EXPECT_EQ(refusal(Request(code)), Errc::invalid);
  code.has_root = 1;
  EXPECT_EQ(refusal(Request(code)), Errc::invalid) << "no id";
  code.root.fill('a');
  EXPECT_EQ(refusal(Request(code)), Errc::internal) << "a good one must pass";
}

TEST(Protocol, AGuestIsAskedForByCheckedNumbersAlone) {
  StartGuest guest;
  guest.kernel.fill('a');
  guest.memory_mib = 128;
  guest.tsc_khz = 2'600'000;
  EXPECT_EQ(refusal(Request(guest)), Errc::internal) << "a good one must pass";
  const auto refused = [&](auto spoil) {
    StartGuest spoiled = guest;
    spoil(spoiled);
    return refusal(Request(spoiled));
  };
  EXPECT_EQ(refused([](StartGuest& each) { each.kernel[0] = '.'; }), Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.memory_mib = 23; }), Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.memory_mib = 65'537; }), Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.tsc_khz = 0; }), Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.needs_acpi = 2; }), Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.accelerator = static_cast<Accelerator>(2); }),
            Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.slot.index = kMaxSlots; }), Errc::invalid);
  const auto with_root = [&](auto change) {
    return refused([&](StartGuest& each) {
      each.has_root = 1;
      each.root.fill('1');
      change(each);
    });
  };
  EXPECT_EQ(with_root([](StartGuest&) {}), Errc::internal);
  EXPECT_EQ(with_root([](StartGuest& each) { each.has_root = 2; }), Errc::invalid);
  EXPECT_EQ(with_root([](StartGuest& each) { each.memory = GuestMemory::copied; }), Errc::internal);
  EXPECT_EQ(with_root([](StartGuest& each) { each.memory = static_cast<GuestMemory>(3); }),
            Errc::invalid);
  EXPECT_EQ(refused([](StartGuest& each) { each.memory = GuestMemory::written; }), Errc::invalid)
      << "there is nothing to wait for a function in";
  EXPECT_EQ(with_root([](StartGuest& each) { each.root[63] = '/'; }), Errc::invalid);
  EXPECT_EQ(with_root([](StartGuest& each) { each.has_code = 1; }), Errc::invalid) << "no id";
  EXPECT_EQ(with_root([](StartGuest& each) {
              each.has_code = each.has_layers = 1;
              each.code.fill('2');
              each.layers.fill('3');
            }),
            Errc::internal);
  EXPECT_EQ(refused([](StartGuest& each) {
              each.has_code = 1;
              each.code.fill('2');
            }),
            Errc::invalid)
      << "code without a root";
  EXPECT_EQ(with_root([](StartGuest& each) {
              each.has_layers = 2;
              each.layers.fill('3');
            }),
            Errc::invalid);
  EXPECT_TRUE(parse_kernel_id(std::string(kKernelIdSize, '0')));
  EXPECT_FALSE(parse_kernel_id(std::string(kKernelIdSize, 'g')));
  EXPECT_FALSE(parse_kernel_id("../kernel"));
}

TEST(Protocol, ASlotIsForOneOfTwoUsesAndOnlyAGuestsHasATap) {
  AcquireSlot wish;
  wish.tmp_mib = 512;
  for (const std::uint32_t use : {0U, 1U, 2U}) {
    wish.use = static_cast<SlotUse>(use);
    EXPECT_EQ(refusal(Request(wish)), use < 2 ? Errc::internal : Errc::invalid) << use;
  }
  const auto of = [](SlotUse use, std::uint32_t has_tap, std::uint32_t has_ipv6) {
    SlotReady ready;
    ready.use = use;
    ready.has_tap = has_tap;
    ready.has_ipv6 = has_ipv6;
    return refusal(Request(ready));
  };
  EXPECT_EQ(of(SlotUse::container, 0, 0), Errc::internal);
  EXPECT_EQ(of(SlotUse::guest, 0, 0), Errc::internal);
  EXPECT_EQ(of(SlotUse::guest, 1, 1), Errc::internal);
  EXPECT_EQ(of(SlotUse::container, 1, 0), Errc::invalid);
  EXPECT_EQ(of(SlotUse::guest, 2, 0), Errc::invalid);
  EXPECT_EQ(of(SlotUse::guest, 0, 1), Errc::invalid);
  EXPECT_EQ(of(static_cast<SlotUse>(2), 0, 0), Errc::invalid);
}

TEST(Protocol, NumbersOutOfRangeAreRefused) {
  StartSandbox slot;
  slot.slot.index = kMaxSlots;
  EXPECT_EQ(refusal(Request(slot)), Errc::invalid);
  AcquireSlot disk;
  disk.tmp_mib = 10'241;
  EXPECT_EQ(refusal(Request(disk)), Errc::invalid);
  ConfigureSlot limits;
  limits.limits = {1ULL << 20U, 10, 128};  // less memory than any function may have
  EXPECT_EQ(refusal(Request(limits)), Errc::invalid);
  limits.limits.memory_bytes = 128ULL << 20U;
  EXPECT_EQ(refusal(Request(limits)), Errc::internal) << "a good one must pass";
  limits.network = static_cast<Network>(3);
  EXPECT_EQ(refusal(Request(limits)), Errc::invalid);
}

TEST(Protocol, BytesThatAreNoMessageAreCorrupt) {
  for (const std::string& bytes : {std::string(), std::string("abc"), std::string(4, '\xff'),
                                   encode(Request(PoolStatus{})) + "x"}) {
    const auto decoded = decode_request(bytes);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), Errc::corrupt);
  }
}

TEST(Protocol, AFailureKeepsConditionErrnoAndMessageAndCutsWhatIsTooLong) {
  const Error error(Errc::exhausted, std::string(2000, 'm'), 28);
  const auto decoded = decode_reply(encode(Reply(make_failed(5, error))));
  ASSERT_TRUE(decoded);
  const Error back = to_error(std::get<Failed>(decoded.value()));
  EXPECT_EQ(back.code(), Errc::exhausted);
  EXPECT_EQ(back.os_errno(), 28);
  EXPECT_EQ(back.message(), std::string(511, 'm'));
}

}  // namespace
}  // namespace proa::launcher
