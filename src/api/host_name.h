// Names in Host headers. Private to api/.
#pragma once

#include <string_view>

namespace proa::api {

/// Letters compared without case.
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool ends_ignoring_case(std::string_view text, std::string_view end);

/// The name in a Host header, without port and the dot at the end; an IPv6 address with brackets.
std::string_view host_name(std::string_view host);

/// Whether a name is an address in numbers.
bool is_address(std::string_view name);
/// Whether it stands for this machine: 127.a.b.c, [::1], localhost and what ends in .localhost
/// (RFC 6761 section 6.3).
bool is_loopback_name(std::string_view name);

}  // namespace proa::api
