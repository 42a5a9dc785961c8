#include "launcher/net/netlink.h"

#include "launcher/net/links.h"
#include "launcher/net/namespaces.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

namespace proa::launcher::net {
namespace {

TEST(Netlink, BuildsAttributesPaddedAndNested) {
  Message message(RTM_NEWLINK, NLM_F_CREATE);
  const std::size_t outer = message.begin_nest(1);
  message.attribute_text(2, "veth");
  message.attribute_u32(3, 7).end_nest(outer);
  const auto bytes = message.finish(5, NLM_F_ACK);
  // header 16, nest 4, text 4 + 5 padded to 12, number 8
  ASSERT_EQ(bytes.size(), 40U);
  nlmsghdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  EXPECT_EQ(header.nlmsg_len, 40U);
  EXPECT_EQ(header.nlmsg_seq, 5U);
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK);
  std::vector<int> types;
  for_each_attribute(bytes.subspan(16), [&](int type, std::span<const std::byte> value) {
    types.push_back(type);
    for_each_attribute(value, [&](int inner, std::span<const std::byte> text) {
      types.push_back(inner);
      types.push_back(static_cast<int>(text.size()));
    });
  });
  EXPECT_EQ(types, (std::vector<int>{1, 2, 5, 3, 4}));
}

TEST(Netlink, AttributesThatLieAboutTheirLengthEndTheWalk) {
  std::vector<std::byte> bytes(12, std::byte{0});
  bytes[0] = std::byte{8};
  bytes[2] = std::byte{1};
  bytes[8] = std::byte{200};
  int count = 0;
  const auto counted = [&](int, std::span<const std::byte>) { ++count; };
  for_each_attribute(bytes, counted);
  EXPECT_EQ(count, 1);
  bytes[0] = std::byte{3};
  for_each_attribute(bytes, counted);
  for_each_attribute({}, counted);
  EXPECT_EQ(count, 1);
}

TEST(Netlink, ErrorsNameOperationAndDevice) {
  auto visit = NamespaceVisit::enter_new();
  if (!visit) GTEST_SKIP() << "needs the right to make a network namespace";
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket) << socket.error().message();
  const auto missing = bring_up(socket.value(), {4711, "e7"});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("bring up device e7"), std::string::npos);
  EXPECT_EQ(missing.error().os_errno(), ENODEV);
  // The socket is as good as before.
  ASSERT_TRUE(find_device(socket.value(), "lo"));
  EXPECT_EQ(find_device(socket.value(), "lo").value().index, 1);
  EXPECT_EQ(find_device(socket.value(), "e7").error().code(), Errc::not_found);
  EXPECT_TRUE(delete_group(socket.value(), 99)) << "an empty group is no error";
}

}  // namespace
}  // namespace proa::launcher::net
