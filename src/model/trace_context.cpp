#include "model/trace_context.h"

#include <algorithm>
#include <cstdint>

namespace proa::model {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kParentDigits = 16;
constexpr std::size_t kSecondsDigits = 8;  ///< of a trace id: X-Ray writes them apart
constexpr std::size_t kVersion0Size = 55;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// An id of `digits` digits that are not all 0.
bool is_id(std::string_view text, std::size_t digits) {
  return text.size() == digits && is_hex(text) && text.find_first_not_of('0') != text.npos;
}

int digit_of(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// 1-<8>-<24> without its dashes and version; empty where it is no such thing.
std::string trace_id_of_root(std::string_view root) {
  constexpr std::size_t kSize = 2 + kTraceDigits + 1;
  if (root.size() != kSize || !root.starts_with("1-") || root[2 + kSecondsDigits] != '-') return {};
  std::string id(root.substr(2, kSecondsDigits));
  id.append(root.substr(2 + kSecondsDigits + 1));
  return is_id(id, kTraceDigits) ? id : std::string();
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < kVersion0Size || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  const std::string_view version = text.substr(0, 2);
  const std::string_view flags = text.substr(53, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return std::nullopt;
  const bool has_more = text.size() > kVersion0Size;
  // A later version may go on behind the flags, after a dash.
  if (has_more && (version == "00" || text[kVersion0Size] != '-')) return std::nullopt;
  TraceContext trace;
  trace.trace_id = text.substr(3, kTraceDigits);
  trace.parent_id = text.substr(36, kParentDigits);
  trace.is_sampled = (digit_of(flags[1]) & 1) != 0;
  if (!is_id(trace.trace_id, kTraceDigits) || !is_id(trace.parent_id, kParentDigits)) {
    return std::nullopt;
  }
  return trace;
}

std::optional<TraceContext> parse_xray_header(std::string_view text) {
  TraceContext trace;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view field = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.starts_with("Root=")) trace.trace_id = trace_id_of_root(field.substr(5));
    if (field == "Sampled=1") trace.is_sampled = true;
    if (field == "Sampled=0") trace.is_sampled = false;
    if (field.starts_with("Parent=") && is_id(field.substr(7), kParentDigits)) {
      trace.parent_id = field.substr(7);
    }
  }
  if (trace.trace_id.empty()) return std::nullopt;
  return trace;
}

std::string to_xray_header(const TraceContext& trace) {
  std::string text = "Root=1-";
  text.reserve(80);
  text.append(trace.trace_id, 0, kSecondsDigits).append("-");
  text.append(trace.trace_id, kSecondsDigits, std::string::npos);
  if (!trace.parent_id.empty()) text.append(";Parent=").append(trace.parent_id);
  if (trace.is_sampled) text.append(*trace.is_sampled ? ";Sampled=1" : ";Sampled=0");
  return text;
}

std::string to_traceparent(const TraceContext& trace) {
  std::string text = "00-" + trace.trace_id;
  text.reserve(kVersion0Size);
  return text.append("-")
      .append(trace.parent_id)
      .append(trace.is_sampled.value_or(false) ? "-01" : "-00");
}

// By the last 13 digits, which are random in both forms, and which a double holds exactly.
bool is_in_share(std::string_view trace_id, double share) {
  constexpr std::size_t kDigits = 13;
  std::uint64_t value = 0;
  for (const char c : trace_id.substr(trace_id.size() - kDigits)) {
    value = value * 16 + static_cast<std::uint64_t>(digit_of(c));
  }
  return static_cast<double>(value) < share * static_cast<double>(1ULL << (4 * kDigits));
}

}  // namespace proa::model
