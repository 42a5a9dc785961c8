// DNS messages as far as a forwarder must understand them: header and question (RFC 1035 section
// 4). Pure functions over foreign bytes, any thread; fuzzed by fuzz/dns_fuzz.cpp.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace proa::network {

using DnsBytes = std::vector<std::byte>;

/// A message over TCP is 65,535 bytes at most; a query of ours far less.
inline constexpr std::size_t kDnsMessageMax = 65'535;
inline constexpr std::size_t kDnsQueryMax = 4'096;

/// Response codes a forwarder gives itself (RFC 1035 section 4.1.1).
enum class DnsCode : std::uint8_t {
  format_error = 1,
  server_failure = 2,
  not_implemented = 4,
  refused = 5,
};

/// Header and the one question of a message.
struct DnsHead {
  DnsHead() = default;
  std::uint16_t id = 0;
  bool is_response = false;
  bool is_truncated = false;
  std::uint8_t opcode = 0;  ///< 0 is a standard query
  std::uint8_t code = 0;    ///< of a response
  std::string name;         ///< lower case, labels ended by '.'; odd bytes as \DDD
  std::uint16_t type = 0;
  std::uint16_t query_class = 0;
  std::size_t question_end = 0;  ///< offset of the first byte behind the question
};

/// Reads header and question. Errc: invalid when there is not exactly one question, a label is
/// compressed or too long, the name exceeds 255 bytes, or the message ends too early.
Result<DnsHead> parse_dns(std::span<const std::byte> message);

/// True when `response` may be the answer to `query`: same id and question (names compared without
/// case), marked as a response.
bool answers(const DnsHead& response, const DnsHead& query);

/// Overwrites the id of a message of at least 2 bytes.
void set_dns_id(std::span<std::byte> message, std::uint16_t id);

/// A response without records to `query`: its id, its question if `head` could be read, and `code`.
/// Empty when the query has not even a header, or is a response itself.
DnsBytes dns_error(std::span<const std::byte> query, const Result<DnsHead>& head, DnsCode code);

}  // namespace proa::network
