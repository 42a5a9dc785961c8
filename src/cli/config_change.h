// The words of `proa config`: what they ask for, checked before anything is asked of the daemon.
// Private to cli/.
#pragma once

#include "base/result.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proa::cli {

/// Names to their new values; nothing: removed.
using Changes = std::map<std::string, std::optional<std::string>>;

/// What is to change, by the operation that changes it.
struct ConfigChange {
  boost::json::object configuration;  ///< members of UpdateFunctionConfiguration but Environment
  Changes environment;                ///< its variables
  Changes tags;                       ///< "proa:network" ...
  bool has_concurrency = false;
  std::optional<std::int64_t> concurrency;  ///< reserved; nothing: no longer
  /// The keys as written, by the same operations.
  std::vector<std::string> configuration_keys;
  std::vector<std::string> tag_keys;
};

/// The words key=value and the keys of --unset, which is key=. Errc: invalid (an unknown key, with
/// the one that may be meant; a value of the wrong form; a key twice), unsupported (a setting that
/// Proa has not got yet).
Result<ConfigChange> parse_changes(const std::vector<std::string>& words,
                                   const std::vector<std::string>& unset);

/// The tag of one of Proa's own settings: "runtime" is Lambda's, so "runtime-image" is
/// `proa:runtime`.
std::string setting_tag(const std::string& key);

/// All keys, those of variables as "env:".
std::vector<std::string> config_keys();

/// What holds now, as words that parse_changes() takes, in a fixed order. From fetch_function().
using ConfigValues = std::vector<std::pair<std::string, std::string>>;
ConfigValues config_values(const boost::json::value& document);

}  // namespace proa::cli
