#include "network/dns_message.h"

#include <algorithm>

namespace proa::network {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kLabelMax = 63;
constexpr std::size_t kNameMax = 255;

unsigned byte_at(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<unsigned>(bytes[at]);
}

std::uint16_t u16_at(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>((byte_at(bytes, at) << 8U) | byte_at(bytes, at + 1));
}

void append_readable(std::string& name, unsigned byte) {
  if (byte >= 'A' && byte <= 'Z') byte += 'a' - 'A';
  const bool is_plain = byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\';
  if (is_plain) {
    name += static_cast<char>(byte);
    return;
  }
  name += '\\';
  for (const unsigned step : {100U, 10U, 1U}) name += static_cast<char>('0' + byte / step % 10);
}

// Reads the name at `at` and moves `at` behind it.
Result<std::string> read_name(std::span<const std::byte> message, std::size_t& at) {
  std::string name;
  const std::size_t start = at;
  for (;;) {
    if (at >= message.size()) return Error(Errc::invalid, "a DNS name ends too early");
    const std::size_t length = byte_at(message, at++);
    if (length == 0) break;
    if (length > kLabelMax) return Error(Errc::invalid, "a DNS question has a compressed label");
    if (at + length > message.size()) return Error(Errc::invalid, "a DNS label ends too early");
    if (at + length - start >= kNameMax) return Error(Errc::invalid, "a DNS name is too long");
    for (std::size_t end = at + length; at < end; ++at) append_readable(name, byte_at(message, at));
    name += '.';
  }
  if (name.empty()) name = ".";
  return name;
}

}  // namespace

Result<DnsHead> parse_dns(std::span<const std::byte> message) {
  if (message.size() < kHeaderBytes) return Error(Errc::invalid, "a DNS message without header");
  DnsHead head;
  head.id = u16_at(message, 0);
  head.is_response = (byte_at(message, 2) & 0x80U) != 0;
  head.opcode = static_cast<std::uint8_t>((byte_at(message, 2) >> 3U) & 0x0fU);
  head.is_truncated = (byte_at(message, 2) & 0x02U) != 0;
  head.code = static_cast<std::uint8_t>(byte_at(message, 3) & 0x0fU);
  if (u16_at(message, 4) != 1) return Error(Errc::invalid, "a DNS message needs one question");
  std::size_t at = kHeaderBytes;
  TRY(head.name, read_name(message, at));
  if (at + 4 > message.size()) return Error(Errc::invalid, "a DNS question ends too early");
  head.type = u16_at(message, at);
  head.query_class = u16_at(message, at + 2);
  head.question_end = at + 4;
  return head;
}

bool answers(const DnsHead& response, const DnsHead& query) {
  return response.is_response && response.id == query.id && response.opcode == query.opcode &&
         response.type == query.type && response.query_class == query.query_class &&
         response.name == query.name;
}

void set_dns_id(std::span<std::byte> message, std::uint16_t id) {
  message[0] = static_cast<std::byte>(id >> 8U);
  message[1] = static_cast<std::byte>(id & 0xffU);
}

DnsBytes dns_error(std::span<const std::byte> query, const Result<DnsHead>& head, DnsCode code) {
  if (query.size() < kHeaderBytes || (byte_at(query, 2) & 0x80U) != 0) return {};
  const std::size_t size = head ? head.value().question_end : kHeaderBytes;
  DnsBytes reply(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(size));
  // QR set, opcode and RD kept; AA, TC cleared. RA set: recursion is what we are there for.
  reply[2] = (reply[2] & std::byte{0x79}) | std::byte{0x80};
  reply[3] = std::byte{0x80} | static_cast<std::byte>(code);
  std::fill(reply.begin() + 4, reply.begin() + kHeaderBytes, std::byte{0});
  if (head) reply[5] = std::byte{1};
  return reply;
}

}  // namespace proa::network
