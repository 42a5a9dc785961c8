#include "api/trace_id.h"

#include "model/trace_context.h"

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

}  // namespace

std::string trace_id_of(Context& context, const http::Request& request) {
  const auto given = request.headers.find("X-Amzn-Trace-Id");
  if (given && !given->empty() && given->size() <= kTraceIdMax && is_plain(*given)) {
    return std::string(*given);
  }
  if (const auto trace = traceparent_of(request)) return model::to_xray_header(*trace);
  const std::string random = context.random.hex(20);
  const auto seconds = static_cast<std::uint32_t>(epoch_ms(context.clock.wall_now()) / 1000);
  std::string id = "Root=1-";
  id.reserve(80);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) id.push_back(kDigits[(seconds >> shift) & 15U]);
  id.append("-").append(random, 0, 24);
  const double share = context.options.trace_sample_share;
  if (share > 0 && model::is_in_share(id, share)) return id.append(";Sampled=1");
  id.append(";Parent=").append(random, 24, 16);
  return id.append(";Sampled=0");
}

}  // namespace proa::api
