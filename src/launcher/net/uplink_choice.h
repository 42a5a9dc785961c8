// Which way out the environments of this host get, and why.
#pragma once

#include "launcher/net/router.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proa::launcher {

/// What `--uplink` asks for.
enum class UplinkMode {
  automatic,  ///< the kernel's forwarding where it works, else pasta, else none
  kernel,     ///< the kernel's forwarding or none
  pasta,      ///< pasta or none
  none,       ///< loopback only
};

std::string to_string(UplinkMode mode);
/// "auto", "kernel", "pasta", "none". Errc: invalid.
Result<UplinkMode> parse_uplink_mode(std::string_view text);

}  // namespace proa::launcher

namespace proa::launcher::net {

struct ChosenUplink {
  std::unique_ptr<Router> router;  ///< null: environments get loopback only
  std::string reason;              ///< why it is not the kernel's forwarding; empty when it is
  /// Foreign chains that drop or may drop what is forwarded, each with its remedy.
  std::vector<std::string> advice;
};

/// Tries what `mode` allows, in its order. A failure is no error but a reason: environments without
/// a network are better than none. `mode` is not `none`.
ChosenUplink choose_uplink(RouterOptions options, UplinkMode mode);

}  // namespace proa::launcher::net
