// Texts that name a function. What is accepted must name the same function when written as an ARN.
#include "model/function_ref.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // A line break parts the text from ?Qualifier=.
  const std::size_t line = input.find('\n');
  const std::string_view text = input.substr(0, line);
  std::optional<std::string_view> qualifier;
  if (line != std::string_view::npos) qualifier = input.substr(line + 1);
  const model::Scope scope{"000000000000", "us-east-1"};
  const auto ref = model::parse_function_ref(text, qualifier, scope);
  if (!ref) {
    check(!ref.error().message().empty(), "a refusal without a reason");
    return 0;
  }
  const auto again = model::parse_function_arn(ref.value().arn(), scope);
  if (!again) {
    // ?Qualifier= takes a '$' anywhere, as Lambda does.
    const std::string named = ref.value().qualifier.value_or("");
    check(named.find('$') != std::string::npos, "its own ARN is refused");
    return 0;
  }
  check(again.value().name == ref.value().name, "the name changed");
  check(again.value().qualifier == ref.value().qualifier, "the qualifier changed");
  return 0;
}
