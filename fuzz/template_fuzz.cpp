// Templates, which people fetch from anywhere: any bytes end in a template or an error with its
// reason, in bounded time and memory.
#include "base/check.h"
#include "templates/templates.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  proa::templates::TemplateInput given;
  given.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::nullopt;
    return name + "${env:" + name + "}";
  };
  const auto read = proa::templates::read_template(input, given);
  if (!read) {
    proa::check(!read.error().message().empty(), "a refusal without a reason");
    return 0;
  }
  for (const auto& function : read.value().functions) {
    proa::check(!function.runtime.empty() || !function.handler.empty() || function.line > 0,
                "a function out of nowhere");
  }
  return 0;
}
