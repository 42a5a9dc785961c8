// DNS messages from environments and from servers: any bytes.
#include "base/check.h"
#include "network/dns_message.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::network;
  const auto message = std::as_bytes(std::span(data, size));
  const auto head = parse_dns(message);
  if (head) proa::check(head.value().question_end <= size, "the question ends behind the message");
  const DnsBytes reply = dns_error(message, head, DnsCode::refused);
  if (reply.empty()) return 0;
  proa::check(reply.size() <= size, "an error is longer than its query");
  const auto again = parse_dns(reply);
  proa::check(again.has_value() == head.has_value(), "an error cannot be read as its query can");
  if (head) proa::check(answers(again.value(), head.value()), "an error does not fit its query");
  return 0;
}
