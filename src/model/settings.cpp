#include "model/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <vector>

namespace proa::model {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kTagsMax = 50;
constexpr std::size_t kKeyMax = 128;
constexpr std::size_t kValueMax = 256;
constexpr milliseconds kDurationMax = std::chrono::hours(24 * 30);

/// Keys that have a meaning in Proa's design and no code behind them yet.
constexpr std::array<std::string_view, 4> kFutureKeys = {"proa:sidecars", "proa:sidecars-allowed",
                                                         "proa:hardware", "proa:connections"};

Error unknown(std::string_view key, std::string_view item, std::string_view expected) {
  return Error(Errc::invalid, "The value '" + std::string(item) + "' of the tag '" +
                                  std::string(key) +
                                  "' is not known. Expected: " + std::string(expected));
}

Error unsupported(std::string_view key, std::string_view item) {
  return Error(Errc::unsupported, "The value '" + std::string(item) + "' of the tag '" +
                                      std::string(key) + "' is not supported by Proa yet");
}

/// Items between single spaces; an empty item where there are two spaces or one at an end.
std::vector<std::string_view> items_of(std::string_view value) {
  std::vector<std::string_view> items;
  for (;;) {
    const std::size_t space = value.find(' ');
    items.push_back(value.substr(0, space));
    if (space == std::string_view::npos) return items;
    value.remove_prefix(space + 1);
  }
}

/// A whole number and one of ms, s, m, h; at most 30 days.
std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kDurationMax.count()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1'000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (factor == 0 || number > kDurationMax.count() / factor) return std::nullopt;
  return milliseconds(number * factor);
}

Result<void> apply_isolation(std::string_view key, std::string_view value, Settings& settings) {
  if (value != "container" && value != "microvm") {
    return unknown(key, value, "container or microvm");
  }
  settings.isolation = value == "microvm" ? Isolation::microvm : Isolation::container;
  return ok();
}

Result<void> apply_network(std::string_view key, std::string_view value, Settings& settings) {
  constexpr std::string_view kExpected = "internet, none or lan";
  std::optional<NetworkPolicy> policy;
  for (const std::string_view item : items_of(value)) {
    // "internet host:5432" opens a port of the host.
    if (item.starts_with("host:")) return unsupported(key, item);
    if (policy) return unknown(key, value, kExpected);
    if (item == "internet") policy = NetworkPolicy::internet;
    if (item == "none") policy = NetworkPolicy::none;
    if (item == "lan") policy = NetworkPolicy::lan;
    if (!policy) return unknown(key, item, kExpected);
  }
  settings.network = *policy;
  return ok();
}

Result<void> apply_idle(std::string_view key, std::string_view value, Settings& settings) {
  constexpr std::string_view kExpected =
      "freeze=DURATION, remove=DURATION, each at most once, such as freeze=50ms remove=1h";
  bool has_freeze = false;
  bool has_remove = false;
  for (const std::string_view item : items_of(value)) {
    const std::size_t equals = item.find('=');
    const std::string_view option = item.substr(0, equals);
    if (option == "suspend") return unsupported(key, item);
    const auto time =
        equals == std::string_view::npos ? std::nullopt : parse_duration(item.substr(equals + 1));
    bool* const is_given = option == "freeze"   ? &has_freeze
                           : option == "remove" ? &has_remove
                                                : nullptr;
    if (is_given == nullptr || *is_given || !time) return unknown(key, item, kExpected);
    *is_given = true;
    (option == "freeze" ? settings.idle_freeze : settings.idle_remove) = *time;
  }
  if (settings.idle_remove < settings.idle_freeze) {
    return Error(Errc::invalid,
                 "The tag '" + std::string(key) +
                     "' must not remove an environment before it freezes it: freeze is " +
                     std::to_string(settings.idle_freeze.count()) + "ms, remove is " +
                     std::to_string(settings.idle_remove.count()) + "ms");
  }
  return ok();
}

// Whether there is such a kernel is looked at when a machine is made: it may be stored later.
Result<void> apply_kernel(std::string_view key, std::string_view value, Settings& settings) {
  constexpr std::size_t kNameMax = 32;
  if (value == "auto" || value.find(' ') != std::string_view::npos) return unsupported(key, value);
  const bool is_name = !value.empty() && value.size() <= kNameMax && value.front() != '-' &&
                       std::all_of(value.begin(), value.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                       });
  if (!is_name) return unknown(key, value, "the name of a kernel, such as net (proa kernel list)");
  settings.kernel = value;
  return ok();
}

// Whether there is such an image is looked at where the images are known.
Result<void> apply_runtime(std::string_view key, std::string_view value, Settings& settings) {
  if (!is_runtime_image_name(value)) {
    return unknown(key, value, "the name of a runtime image (proa runtime list)");
  }
  settings.runtime_image = value;
  return ok();
}

/// A tag that asks for more than the kernel has would be a promise that nobody keeps.
Result<void> fit_network_to_kernel(bool is_network_tagged, Settings& settings) {
  if (may_have_network_card(settings.kernel) || settings.isolation != Isolation::microvm) {
    return ok();
  }
  if (is_network_tagged && settings.network != NetworkPolicy::none) {
    return Error(Errc::invalid,
                 "The tag 'proa:network' asks for " + std::string(to_string(settings.network)) +
                     ", and the kernel '" + settings.kernel +
                     "' of the tag 'proa:kernel' has no network card. Expected: proa:network=none, "
                     "or proa:kernel=net");
  }
  settings.network = NetworkPolicy::none;
  return ok();
}

Result<void> apply(std::string_view key, std::string_view value, Settings& settings) {
  if (key == "proa:isolation") return apply_isolation(key, value, settings);
  if (key == "proa:network") return apply_network(key, value, settings);
  if (key == "proa:idle") return apply_idle(key, value, settings);
  if (key == "proa:kernel") return apply_kernel(key, value, settings);
  if (key == "proa:runtime") return apply_runtime(key, value, settings);
  if (std::find(kFutureKeys.begin(), kFutureKeys.end(), key) != kFutureKeys.end()) {
    return Error(Errc::unsupported,
                 "The tag '" + std::string(key) + "' is not supported by Proa yet");
  }
  return Error(Errc::invalid,
               "The tag '" + std::string(key) +
                   "' is not known. Proa knows proa:isolation, proa:kernel, proa:idle, "
                   "proa:network and proa:runtime");
}

bool begins_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char p, char t) {
           return p == (t >= 'A' && t <= 'Z' ? static_cast<char>(t + 32) : t);
         });
}

/// Characters, not bytes, of UTF-8.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_tag_char(char c) {
  const bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  // Letters beyond ASCII are allowed; which code points are letters is not checked.
  const bool is_beyond_ascii = static_cast<unsigned char>(c) >= 0x80;
  return is_alnum || is_beyond_ascii ||
         std::string_view(" _.:/=+-@").find(c) != std::string_view::npos;
}

Result<void> check_tag(const std::string& key, const std::string& value) {
  const std::size_t key_length = length_of(key);
  if (key_length == 0 || key_length > kKeyMax) {
    return Error(Errc::invalid, "The tag key '" + key + "' must have 1 to 128 characters");
  }
  if (length_of(value) > kValueMax) {
    return Error(Errc::invalid,
                 "The value of the tag '" + key + "' must have at most 256 characters");
  }
  if (begins_ignoring_case(key, "aws:")) {
    return Error(Errc::invalid,
                 "The tag key '" + key + "' is not valid: aws: is reserved for AWS use");
  }
  if (!std::all_of(key.begin(), key.end(), is_tag_char) ||
      !std::all_of(value.begin(), value.end(), is_tag_char)) {
    return Error(Errc::invalid,
                 "The tag '" + key +
                     "' has a character that is not allowed: letters, digits, space and "
                     "_ . : / = + - @ are");
  }
  return ok();
}

}  // namespace

Result<Settings> parse_settings(const std::map<std::string, std::string>& tags,
                                const Settings& defaults) {
  Settings settings = defaults;
  for (const auto& [key, value] : tags) {
    // "Proa:Idle" is a typing error that would otherwise be ignored without a word.
    if (!begins_ignoring_case(key, kSettingPrefix)) continue;
    TRY(apply(key, value, settings));
  }
  TRY(fit_network_to_kernel(tags.contains("proa:network"), settings));
  return settings;
}

bool is_runtime_image_name(std::string_view name) {
  constexpr std::size_t kNameMax = 64;
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameMax && is_alnum(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

bool may_have_network_card(std::string_view kernel) {
  return kernel != "nonet" && kernel != "local";
}

Result<void> check_tags(const std::map<std::string, std::string>& tags) {
  if (tags.size() > kTagsMax) {
    return Error(Errc::invalid, "Number of tags exceeds resource tag limit.");
  }
  for (const auto& [key, value] : tags) {
    TRY(check_tag(key, value));
  }
  return ok();
}

std::string_view to_string(Isolation isolation) {
  return isolation == Isolation::microvm ? "microvm" : "container";
}

std::string_view to_string(NetworkPolicy policy) {
  switch (policy) {
    case NetworkPolicy::none:
      return "none";
    case NetworkPolicy::internet:
      return "internet";
    case NetworkPolicy::lan:
      return "lan";
  }
  return "internet";
}

}  // namespace proa::model
