#include "launcher/net/uplink_choice.h"

#include <array>
#include <utility>

namespace proa::launcher {
namespace {
constexpr std::array<std::pair<UplinkMode, std::string_view>, 4> kNames{
    {{UplinkMode::automatic, "auto"},
     {UplinkMode::kernel, "kernel"},
     {UplinkMode::pasta, "pasta"},
     {UplinkMode::none, "none"}}};
}  // namespace

std::string to_string(UplinkMode mode) {
  for (const auto& [value, name] : kNames) {
    if (value == mode) return std::string(name);
  }
  return "none";
}

Result<UplinkMode> parse_uplink_mode(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return Error(Errc::invalid,
               "uplink '" + std::string(text) + "': not auto, kernel, pasta or none");
}

}  // namespace proa::launcher

namespace proa::launcher::net {
namespace {

bool is_blocked(ProbeOutcome outcome) {
  return outcome == ProbeOutcome::dropped || outcome == ProbeOutcome::lost;
}

std::string blocked_reason(const ProbeReport& report, const char* family) {
  std::string text = std::string("the host's firewall drops the ") + family +
                     " packets that it would forward for functions";
  if (!report.advice.empty()) text += ": " + report.advice.front();
  return text;
}

// The kernel's way, if packets get through; else `reason` says why not.
ChosenUplink try_kernel(const RouterOptions& options) {
  ChosenUplink chosen;
  auto router = Router::create(options);
  if (!router) {
    chosen.reason = router.error().message();
    return chosen;
  }
  auto report = router.value()->probe();
  if (!report) {
    chosen.reason = report.error().with_context("the test packet").message();
    return chosen;
  }
  chosen.advice = report.value().advice;
  if (is_blocked(report.value().ipv4)) {
    chosen.reason = blocked_reason(report.value(), "IPv4");
    return chosen;
  }
  if (is_blocked(report.value().ipv6)) {
    // A function that is given IPv6 prefers it, and would wait for answers that never come.
    router.value().reset();
    RouterOptions without_ipv6 = options;
    without_ipv6.wants_ipv6 = false;
    without_ipv6.no_ipv6_reason = blocked_reason(report.value(), "IPv6");
    router = Router::create(without_ipv6);
    if (!router) {
      chosen.reason = router.error().message();
      return chosen;
    }
  }
  chosen.router = std::move(router.value());
  return chosen;
}

}  // namespace

ChosenUplink choose_uplink(RouterOptions options, UplinkMode mode) {
  ChosenUplink chosen;
  if (mode == UplinkMode::pasta) {
    chosen.reason = "chosen by --uplink pasta";
  } else {
    options.uplink = UplinkKind::kernel;
    chosen = try_kernel(options);
    if (chosen.router || mode == UplinkMode::kernel) return chosen;
  }
  options.uplink = UplinkKind::pasta;
  auto router = Router::create(options);
  if (router) {
    chosen.router = std::move(router.value());
  } else {
    chosen.reason += "; and pasta, the other way: " + router.error().message();
  }
  return chosen;
}

}  // namespace proa::launcher::net
