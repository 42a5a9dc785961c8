// Filter patterns, which clients send: a line with the pattern, then a message. Any bytes; what
// compiles takes a message in linear time, so no input may be slow.
#include "logs/filter_pattern.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using proa::logs::FilterPattern;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const auto pattern = FilterPattern::compile(input.substr(0, end));
  if (!pattern) {
    proa::check(!pattern.error().message().empty(), "a refusal without a reason");
    return 0;
  }
  const std::string_view message =
      end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  const bool is_taken = pattern.value().matches(message);
  proa::check(is_taken || !pattern.value().is_everything(), "everything leaves something out");
  proa::check(is_taken == pattern.value().matches(message), "an answer changes");
  return 0;
}
