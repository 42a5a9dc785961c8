// The host's resolv.conf, which DHCP servers write into: any bytes. What environments get has no
// line but the three kinds that we write, and means the same when it is read again.
#include "network/resolv_conf.h"

#include "base/check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::network;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto servers = upstreams_of(text);
  proa::check(!servers.empty() && servers.size() <= 3, "no server, or too many");
  const std::string inside = environment_resolv_conf(text);
  proa::check(inside.starts_with("nameserver 169.254.100.1\n"), "another server");
  proa::check(std::ranges::count(inside, '\n') <= 3, "a line of its own");
  proa::check(
      std::ranges::all_of(inside, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }),
      "a control character");
  proa::check(environment_resolv_conf(inside) == inside, "it changes when it is read again");
  return 0;
}
