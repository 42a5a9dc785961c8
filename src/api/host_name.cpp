#include "api/host_name.h"

#include <algorithm>

namespace proa::api {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// a.b.c.d, as digits and dots: a name that only begins so is somebody's domain.
bool is_dotted_quad(std::string_view name) {
  return std::count(name.begin(), name.end(), '.') == 3 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

bool ends_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

std::string_view host_name(std::string_view host) {
  if (host.starts_with("[")) return host.substr(0, host.find(']') + 1);
  host = host.substr(0, host.find(':'));
  if (host.ends_with(".")) host.remove_suffix(1);
  return host;
}

bool is_address(std::string_view name) { return name.starts_with("[") || is_dotted_quad(name); }

bool is_loopback_name(std::string_view name) {
  if (name == "[::1]" || (name.starts_with("127.") && is_dotted_quad(name))) return true;
  return equals_ignoring_case(name, "localhost") || ends_ignoring_case(name, ".localhost");
}

}  // namespace proa::api
