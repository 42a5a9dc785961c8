#include "cli/config_change.h"

#include "cli/help.h"
#include "cli/text.h"
#include "model/settings.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kVariablePrefix = "env:";

/// Keys of design "Configuration that any AWS tool can carry": tags without their "proa:".
constexpr auto kSettings =
    std::to_array<std::string_view>({"isolation", "idle", "network", "kernel", "runtime-image",
                                     "sidecars", "sidecars-allowed", "hardware", "connections"});

enum class Kind { text, megabytes, seconds, layers };

/// A key that is a member of UpdateFunctionConfiguration, in an object of its own or not.
struct Plain {
  std::string_view key;
  std::string_view object;  ///< "" for none
  std::string_view member;
  Kind kind;
  bool may_be_empty = false;
};

constexpr auto kPlain = std::to_array<Plain>({
    {"memory", "", "MemorySize", Kind::megabytes},
    {"timeout", "", "Timeout", Kind::seconds},
    {"handler", "", "Handler", Kind::text},
    {"runtime", "", "Runtime", Kind::text},
    {"role", "", "Role", Kind::text},
    {"description", "", "Description", Kind::text, true},
    {"tmp", "EphemeralStorage", "Size", Kind::megabytes},
    {"layers", "", "Layers", Kind::layers, true},
    {"log-format", "LoggingConfig", "LogFormat", Kind::text},
    {"log-level", "LoggingConfig", "ApplicationLogLevel", Kind::text},
    {"system-log-level", "LoggingConfig", "SystemLogLevel", Kind::text},
    {"log-group", "LoggingConfig", "LogGroup", Kind::text},
});

struct Unit {
  std::string_view suffix;
  std::int64_t factor;
};
constexpr auto kMegabytes = std::to_array<Unit>(
    {{"", 1}, {"m", 1}, {"mb", 1}, {"mib", 1}, {"g", 1024}, {"gb", 1024}, {"gib", 1024}});
constexpr auto kSeconds = std::to_array<Unit>({{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}});

template <std::size_t kCount>
std::optional<std::int64_t> parse_amount(std::string_view text,
                                         const std::array<Unit, kCount>& units) {
  constexpr std::int64_t kMost = 1'000'000'000;
  std::int64_t amount = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (parsed.ec != std::errc() || amount < 0 || amount > kMost) return std::nullopt;
  const std::string suffix = lower(text.substr(static_cast<std::size_t>(parsed.ptr - text.data())));
  for (const Unit& unit : units) {
    if (unit.suffix == suffix) return amount * unit.factor;
  }
  return std::nullopt;
}

Error wrong_value(std::string_view key, std::string_view value, std::string_view wanted) {
  return Error(Errc::invalid, std::string(key) + "=" + std::string(value.substr(0, 100)) +
                                  " is not of the form " + std::string(wanted));
}

json::array split(std::string_view list) {
  json::array items;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    items.emplace_back(std::string(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return items;
}

Result<json::value> plain_value(const Plain& plain, const std::string& value) {
  if (value.empty() && !plain.may_be_empty) {
    return Error(Errc::invalid, std::string(plain.key) + " cannot be empty or unset");
  }
  if (plain.kind == Kind::layers) return json::value(split(value));
  if (plain.kind == Kind::text) {
    // Lambda's words are Text and JSON; people write them as they like.
    if (plain.key == "log-format" && lower(value) == "json") return json::value("JSON");
    if (plain.key == "log-format" && lower(value) == "text") return json::value("Text");
    return json::value(value);
  }
  const bool is_size = plain.kind == Kind::megabytes;
  const auto amount = is_size ? parse_amount(value, kMegabytes) : parse_amount(value, kSeconds);
  if (!amount) {
    return wrong_value(plain.key, value, is_size ? "512, 512mb or 2gb" : "30, 30s, 2m or 1h");
  }
  return json::value(*amount);
}

Result<void> add_plain(const Plain& plain, const std::string& value, ConfigChange& change) {
  TRY(auto parsed, plain_value(plain, value));
  change.configuration_keys.emplace_back(plain.key);
  if (plain.object.empty()) {
    change.configuration[plain.member] = std::move(parsed);
    return ok();
  }
  json::value& object = change.configuration[plain.object];
  if (!object.is_object()) object = json::object();
  object.get_object()[plain.member] = std::move(parsed);
  return ok();
}

Result<void> add_concurrency(const std::string& value, ConfigChange& change) {
  change.has_concurrency = true;
  if (value.empty() || value == "none") return ok();
  const auto count = parse_amount(value, std::to_array<Unit>({{"", 1}}));
  if (!count) return wrong_value("concurrency", value, "10 or none");
  change.concurrency = *count;
  return ok();
}

std::optional<std::string> if_any(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

Error unknown_key(const std::string& key) {
  std::string text = "there is no setting '" + key.substr(0, 60) + "'";
  const std::string meant = nearest(key, config_keys());
  text += meant.empty() ? "; `proa config --help` lists them" : "; did you mean '" + meant + "'?";
  return Error(Errc::invalid, std::move(text));
}

Result<void> add(const std::string& key, const std::string& value, ConfigChange& change) {
  if (key == "concurrency") return add_concurrency(value, change);
  if (key.starts_with(kVariablePrefix)) {
    if (key.size() == kVariablePrefix.size()) return wrong_value(key, value, "env:NAME=VALUE");
    change.environment[key.substr(kVariablePrefix.size())] = if_any(value);
    change.configuration_keys.push_back(key);
    return ok();
  }
  if (std::find(kSettings.begin(), kSettings.end(), key) != kSettings.end()) {
    change.tags[setting_tag(key)] = if_any(value);
    change.tag_keys.push_back(key);
    return ok();
  }
  for (const Plain& plain : kPlain) {
    if (plain.key == key) return add_plain(plain, value, change);
  }
  return unknown_key(key);
}

/// Whether the daemon will take the settings: the same check as its own.
Result<void> check_settings(const ConfigChange& change) {
  std::map<std::string, std::string> set;
  for (const auto& [key, value] : change.tags) {
    if (value) set[key] = *value;
  }
  TRY(model::check_tags(set));
  TRY(model::parse_settings(set, model::Settings()));
  return ok();
}

}  // namespace

Result<ConfigChange> parse_changes(const std::vector<std::string>& words,
                                   const std::vector<std::string>& unset) {
  ConfigChange change;
  std::set<std::string> seen;
  const auto take = [&](const std::string& key, const std::string& value) -> Result<void> {
    if (!seen.insert(key).second) return Error(Errc::invalid, "'" + key + "' is said twice");
    return add(key, value, change);
  };
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      return Error(Errc::invalid,
                   "'" + word.substr(0, 60) + "' has no value: write KEY=VALUE, or --unset KEY");
    }
    TRY(take(word.substr(0, equals), word.substr(equals + 1)));
  }
  for (const std::string& key : unset) {
    TRY(take(key, ""));
  }
  TRY(check_settings(change));
  return change;
}

std::string setting_tag(const std::string& key) {
  return std::string(model::kSettingPrefix) + (key == "runtime-image" ? "runtime" : key);
}

std::vector<std::string> config_keys() {
  std::vector<std::string> keys;
  keys.reserve(kPlain.size() + kSettings.size() + 2);
  for (const Plain& plain : kPlain) keys.emplace_back(plain.key);
  keys.emplace_back("concurrency");
  keys.emplace_back(kVariablePrefix);
  keys.insert(keys.end(), kSettings.begin(), kSettings.end());
  return keys;
}

}  // namespace proa::cli
