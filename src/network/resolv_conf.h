// resolv.conf: the host's one is read for upstream servers, the environments' one is written.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace proa::network {

/// The servers that `text`, a resolv.conf(5), names: three at most, in order; lines that name no
/// address are skipped. 127.0.0.1 when it names none, as the resolver library does.
std::vector<boost::asio::ip::address> upstreams_of(std::string_view text);

/// The resolv.conf of an environment: the gateway as server, the host's search domains (from its
/// resolv.conf `host_text`), `options edns0`, and never `trust-ad`.
std::string environment_resolv_conf(std::string_view host_text);

}  // namespace proa::network
