// Tags of a function, one line each, key and value parted by the first '=': what Lambda's limits
// let through is either settings or a refusal that names the tag.
#include "model/settings.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> tags;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    const std::size_t equals = std::min(line.find('='), line.size());
    tags[std::string(line.substr(0, equals))] = line.substr(std::min(equals + 1, line.size()));
  }
  const bool is_within_limits = model::check_tags(tags).has_value();
  const auto settings = model::parse_settings(tags, model::Settings());
  if (settings) return 0;
  check(!settings.error().message().empty(), "a refusal without a reason");
  bool names_one = false;
  for (const auto& [key, value] : tags) {
    names_one = names_one || settings.error().message().find(key) != std::string::npos;
  }
  check(!is_within_limits || names_one, "a refusal that names no tag");
  return 0;
}
