#include "api/trace_id.h"

#include "base/encoding.h"
#include "model/trace_context.h"

#include <array>
#include <span>

namespace proa::api {
namespace {

constexpr std::size_t kTraceIdMax = 256;

bool is_plain(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E) return false;
  }
  return true;
}

/// W3C's way to say the same. More than one of them is none: nobody knows which is right.
std::optional<model::TraceContext> traceparent_of(const http::Request& request) {
  const auto given = request.headers.find("traceparent");
  if (!given || request.headers.count("traceparent") != 1) return std::nullopt;
  return model::parse_traceparent(*given);
}

std::string new_trace_id(Context& context) {
  std::array<std::byte, 24> bytes{};  // four of the time, twenty of chance
  context.random.fill(std::span(bytes).subspan(4));
  const auto seconds = static_cast<std::uint32_t>(epoch_ms(context.clock.wall_now()) / 1000);
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(seconds >> (24 - 8 * i));
  std::array<char, 48> digits{};
  to_hex(bytes, digits.data());
  const std::string_view hex(digits.data(), digits.size());
  std::string id;
  id.reserve(80);
  id.append("Root=1-").append(hex.substr(0, 8)).append("-").append(hex.substr(8, 24));
  const double share = context.options.trace_sample_share;
  if (share > 0 && model::is_in_share(id, share)) return id.append(";Sampled=1");
  return id.append(";Parent=").append(hex.substr(32)).append(";Sampled=0");
}

}  // namespace

std::string trace_id_of(Context& context, const http::Request& request) {
  const auto given = request.headers.find("X-Amzn-Trace-Id");
  if (given && !given->empty() && given->size() <= kTraceIdMax && is_plain(*given)) {
    return std::string(*given);
  }
  if (const auto trace = traceparent_of(request)) return model::to_xray_header(*trace);
  return new_trace_id(context);
}

}  // namespace proa::api
