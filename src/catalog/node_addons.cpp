#include "catalog/node_addons.h"

#include <array>
#include <charconv>
#include <utility>

namespace proa::catalog {
namespace {

// Major version of Node and its ABI; odd ones are short-lived and not on Lambda.
constexpr std::array<std::pair<int, int>, 7> kAbis{
    {{12, 72}, {14, 83}, {16, 93}, {18, 108}, {20, 115}, {22, 127}, {24, 137}}};

std::optional<int> number_at(std::string_view text) {
  int number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{})
    return std::nullopt;
  return number;
}

}  // namespace

std::optional<int> addon_abi(std::string_view shared_object) {
  if (shared_object.find("napi_register_module_v") != std::string_view::npos) return std::nullopt;
  constexpr std::string_view kSymbol = "node_register_module_v";
  const auto at = shared_object.find(kSymbol);
  if (at == std::string_view::npos) return std::nullopt;
  return number_at(shared_object.substr(at + kSymbol.size()));
}

std::optional<int> node_abi(std::string_view version) {
  const auto major = number_at(version);
  for (const auto& [node, abi] : kAbis) {
    if (major == node) return abi;
  }
  return std::nullopt;
}

std::optional<int> node_of_abi(int abi) {
  for (const auto& [node, known] : kAbis) {
    if (known == abi) return node;
  }
  return std::nullopt;
}

}  // namespace proa::catalog
