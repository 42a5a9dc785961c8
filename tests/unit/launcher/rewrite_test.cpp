// The rewriting program on single packets, by BPF_PROG_TEST_RUN: no device, no traffic.
#include "launcher/net/rewrite.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>

#include <cstdint>
#include <vector>

namespace proa::launcher::net {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kIp = 14;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp = 1;

unsigned sum16(const Bytes& bytes, std::size_t from, std::size_t to) {
  unsigned sum = 0;
  for (std::size_t i = from; i < to; i += 2) {
    sum += static_cast<unsigned>(bytes[i] << 8U) + (i + 1 < to ? bytes[i + 1] : 0U);
  }
  return sum;
}

unsigned fold(unsigned sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return sum;
}

void put16(Bytes& bytes, std::size_t at, unsigned value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

void put_address(Bytes& bytes, std::size_t at, const std::string& text) {
  const auto address = IpAddress::parse(text).value();
  for (const std::byte byte : address.bytes()) bytes[at++] = std::to_integer<std::uint8_t>(byte);
}

std::string address_at(const Bytes& bytes, std::size_t at, std::size_t size) {
  return IpAddress::from_bytes(std::as_bytes(std::span(bytes)).subspan(at, size)).value().text();
}

// Sum over header fields that a transport checksum covers, and the transport bytes.
unsigned transport_sum(const Bytes& frame, std::size_t ip, std::uint8_t protocol) {
  const auto size = static_cast<unsigned>(frame.size() - ip - 20);
  return fold(sum16(frame, ip + 12, ip + 20) + protocol + size +
              sum16(frame, ip + 20, frame.size()));
}

// An Ethernet frame with IPv4 and 24 bytes behind it, all checksums right.
Bytes frame4(const std::string& source, const std::string& destination, std::uint8_t protocol) {
  Bytes frame(kIp + 20 + 24, 0);
  frame[12] = 0x08;
  frame[kIp] = 0x45;
  put16(frame, kIp + 2, 44);
  frame[kIp + 8] = 64;
  frame[kIp + 9] = protocol;
  put_address(frame, kIp + 12, source);
  put_address(frame, kIp + 16, destination);
  put16(frame, kIp + 10, ~fold(sum16(frame, kIp, kIp + 20)) & 0xffffU);
  for (std::size_t i = kIp + 20; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i);
  const std::size_t check = kIp + 20 + (protocol == kTcp ? 16 : 6);
  put16(frame, check, 0);
  put16(frame, check, ~transport_sum(frame, kIp, protocol) & 0xffffU);
  return frame;
}

class Rewrite : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = RewriteProgram::load();
    if (!loaded && loaded.error().code() == Errc::denied) GTEST_SKIP() << "needs CAP_BPF";
    ASSERT_TRUE(loaded) << loaded.error().message();
    program_.emplace(std::move(loaded.value()));
    // A test run pretends that packets come from device 1.
    ASSERT_TRUE(
        program_->set(1, IpAddress::parse(kOutside4).value(), IpAddress::parse(kOutside6).value()));
  }

  std::uint32_t run(int program, Bytes& frame) {
    Bytes out(frame.size() + 64);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.data_out = out.data();
    options.data_size_out = static_cast<std::uint32_t>(out.size());
    EXPECT_EQ(::bpf_prog_test_run_opts(program, &options), 0);
    out.resize(options.data_size_out);
    frame = out;
    return options.retval;
  }
  std::uint32_t from(Bytes& frame) { return run(program_->from_environment(), frame); }
  std::uint32_t to(Bytes& frame) { return run(program_->to_environment(), frame); }

  static constexpr const char* kOutside4 = "100.64.3.9";
  static constexpr const char* kOutside6 = "fd70:726f:6100:1::5:fb";
  static constexpr std::uint32_t kPass = TC_ACT_OK;
  static constexpr std::uint32_t kDrop = TC_ACT_SHOT;
  std::optional<RewriteProgram> program_;
};

TEST_F(Rewrite, ReplacesTheSourceOnTheWayOutAndKeepsChecksumsRight) {
  for (const std::uint8_t protocol : {kTcp, kUdp}) {
    Bytes frame = frame4(kInside4, "198.51.100.1", protocol);
    ASSERT_EQ(from(frame), kPass);
    EXPECT_EQ(address_at(frame, kIp + 12, 4), kOutside4);
    EXPECT_EQ(address_at(frame, kIp + 16, 4), "198.51.100.1");
    EXPECT_EQ(fold(sum16(frame, kIp, kIp + 20)), 0xffffU);
    EXPECT_EQ(transport_sum(frame, kIp, protocol), 0xffffU);
  }
}

TEST_F(Rewrite, ReplacesTheDestinationOnTheWayIn) {
  for (const std::uint8_t protocol : {kTcp, kUdp}) {
    Bytes frame = frame4("198.51.100.1", kOutside4, protocol);
    ASSERT_EQ(to(frame), kPass);
    EXPECT_EQ(address_at(frame, kIp + 16, 4), kInside4);
    EXPECT_EQ(fold(sum16(frame, kIp, kIp + 20)), 0xffffU);
    EXPECT_EQ(transport_sum(frame, kIp, protocol), 0xffffU);
  }
  Bytes stranger = frame4("198.51.100.1", "100.64.3.10", kTcp);
  EXPECT_EQ(to(stranger), kDrop);
}

TEST_F(Rewrite, LaterFragmentsKeepTheirBytes) {
  Bytes frame = frame4(kInside4, "198.51.100.1", kTcp);
  frame[kIp + 7] = 3;
  const Bytes before(frame.begin() + kIp + 20, frame.end());
  ASSERT_EQ(from(frame), kPass);
  EXPECT_EQ(Bytes(frame.begin() + kIp + 20, frame.end()), before);
  EXPECT_EQ(address_at(frame, kIp + 12, 4), kOutside4);
}

TEST_F(Rewrite, AUdpDatagramWithoutChecksumStaysWithout) {
  Bytes frame = frame4(kInside4, "198.51.100.1", kUdp);
  put16(frame, kIp + 26, 0);
  ASSERT_EQ(from(frame), kPass);
  EXPECT_EQ(sum16(frame, kIp + 26, kIp + 28), 0U);
}

TEST_F(Rewrite, DropsForeignSourcesAndUnknownProtocols) {
  for (const char* source : {kOutside4, "169.254.100.1", "127.0.0.1", "8.8.8.8", "0.0.0.0"}) {
    Bytes frame = frame4(source, "198.51.100.1", kUdp);
    EXPECT_EQ(from(frame), kDrop) << source;
  }
  Bytes vlan = frame4(kInside4, "198.51.100.1", kUdp);
  vlan[12] = 0x81;
  EXPECT_EQ(from(vlan), kDrop);
  Bytes short_options = frame4(kInside4, "198.51.100.1", kUdp);
  short_options[kIp] = 0x41;
  EXPECT_EQ(from(short_options), kDrop);
}

TEST_F(Rewrite, RepairsTheAddressQuotedInAnIcmpError) {
  // "port unreachable" from outside, quoting what the environment had sent.
  Bytes frame(kIp + 20 + 8 + 28, 0);
  frame[12] = 0x08;
  frame[kIp] = 0x45;
  put16(frame, kIp + 2, static_cast<unsigned>(frame.size() - kIp));
  frame[kIp + 9] = kIcmp;
  put_address(frame, kIp + 12, "198.51.100.1");
  put_address(frame, kIp + 16, kOutside4);
  put16(frame, kIp + 10, ~fold(sum16(frame, kIp, kIp + 20)) & 0xffffU);
  const std::size_t icmp = kIp + 20;
  frame[icmp] = 3;
  frame[icmp + 1] = 3;
  const std::size_t quoted = icmp + 8;
  frame[quoted] = 0x45;
  frame[quoted + 9] = kUdp;
  put_address(frame, quoted + 12, kOutside4);
  put_address(frame, quoted + 16, "198.51.100.1");
  put16(frame, quoted + 10, ~fold(sum16(frame, quoted, quoted + 20)) & 0xffffU);
  put16(frame, icmp + 2, ~fold(sum16(frame, icmp, frame.size())) & 0xffffU);
  Bytes other = frame;
  ASSERT_EQ(to(frame), kPass);
  EXPECT_EQ(address_at(frame, quoted + 12, 4), kInside4);
  EXPECT_EQ(fold(sum16(frame, quoted, quoted + 20)), 0xffffU);
  EXPECT_EQ(fold(sum16(frame, icmp, frame.size())), 0xffffU);
  put_address(other, quoted + 12, "100.64.3.10");
  EXPECT_EQ(to(other), kDrop) << "quotes another environment's packet";
  Bytes redirect = frame4(kInside4, "198.51.100.1", kIcmp);
  redirect[icmp] = 5;
  EXPECT_EQ(from(redirect), kDrop);
}

TEST_F(Rewrite, ReplacesIpv6AddressesWithoutTouchingChecksums) {
  Bytes frame(kIp + 40 + 20, 0);
  frame[12] = 0x86;
  frame[13] = 0xdd;
  frame[kIp] = 0x60;
  frame[kIp + 6] = kUdp;
  put_address(frame, kIp + 8, kInside6);
  put_address(frame, kIp + 24, "2001:db8::1");
  Bytes spoofed = frame;
  const unsigned before = fold(sum16(frame, kIp + 8, kIp + 40));
  ASSERT_EQ(from(frame), kPass);
  EXPECT_EQ(address_at(frame, kIp + 8, 16), kOutside6);
  EXPECT_EQ(fold(sum16(frame, kIp + 8, kIp + 40)), before);
  put_address(spoofed, kIp + 8, "fe80::1");
  EXPECT_EQ(from(spoofed), kDrop);
}

TEST_F(Rewrite, ArpMaySpeakOnlyForTheInsideAddress) {
  Bytes frame(kIp + 28, 0);
  frame[12] = 0x08;
  frame[13] = 0x06;
  put_address(frame, kIp + 14, kInside4);
  Bytes lie = frame;
  EXPECT_EQ(from(frame), kPass);
  put_address(lie, kIp + 14, "100.64.0.1");
  EXPECT_EQ(from(lie), kDrop);
}

TEST_F(Rewrite, NothingPassesADeviceThatWasForgotten) {
  ASSERT_TRUE(program_->set(1, IpAddress::parse(kOutside4).value(), std::nullopt));
  Bytes v6(kIp + 60, 0);
  v6[12] = 0x86;
  v6[13] = 0xdd;
  v6[kIp] = 0x60;
  put_address(v6, kIp + 8, kInside6);
  EXPECT_EQ(from(v6), kDrop) << "an environment without IPv6";
  ASSERT_TRUE(program_->forget(1));
  ASSERT_TRUE(program_->forget(1));
  Bytes out = frame4(kInside4, "198.51.100.1", kUdp);
  EXPECT_EQ(from(out), kDrop);
  Bytes in = frame4("198.51.100.1", kOutside4, kUdp);
  EXPECT_EQ(to(in), kDrop);
}

}  // namespace
}  // namespace proa::launcher::net
