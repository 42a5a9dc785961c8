// What a collector says of records that it did not take. Private to otlp/.
#pragma once

#include <cstdint>
#include <string_view>

namespace proa::otlp {

/// rejectedSpans, rejectedDataPoints or rejectedLogRecords of an answer's partialSuccess; 0 where
/// there is none, or the answer is not of that form.
/// https://opentelemetry.io/docs/specs/otlp/#partial-success-1
std::uint64_t rejected_in(std::string_view answer);

}  // namespace proa::otlp
