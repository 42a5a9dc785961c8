// The place of a call in a trace: W3C's `traceparent` and AWS's `X-Amzn-Trace-Id` say the same
// in two forms. Values, no I/O.
// https://www.w3.org/TR/trace-context/
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proa::model {

struct TraceContext {
  std::string trace_id;            ///< 32 lowercase hexadecimal digits, not all 0
  std::string parent_id;           ///< 16 of them; empty: whoever began the trace named no span
  std::optional<bool> is_sampled;  ///< none: nobody has decided whether it is recorded

  bool operator==(const TraceContext&) const = default;
};

/// "00-<trace>-<parent>-<flags>", and what a later version puts behind that. Nothing for all that
/// the recommendation tells to ignore: other forms, uppercase letters, version ff, ids of zeros.
std::optional<TraceContext> parse_traceparent(std::string_view text);

/// "Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=<0|1>" in any order and with further
/// fields, spaces around them allowed. Parent may be missing, and so may Sampled (or be
/// "?"). Nothing where Root is not of that form.
std::optional<TraceContext> parse_xray_header(std::string_view text);

/// In the form above; what is not known is left out.
std::string to_xray_header(const TraceContext& trace);

/// With version 00 and no other flag than "sampled", 0 where nobody has decided. Precondition:
/// there is a parent_id.
std::string to_traceparent(const TraceContext& trace);

/// Whether the trace is one of the `share` (0 to 1) of all traces: the same answer everywhere, as
/// of OpenTelemetry's TraceIdRatioBased sampler. `trace_id` is one of TraceContext.
bool is_in_share(std::string_view trace_id, double share);

}  // namespace proa::model
