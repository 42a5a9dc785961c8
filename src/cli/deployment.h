// What a function shall be, and the changes that make it so. Private to cli/.
#pragma once

#include "cli/pairs.h"
#include "cli/upload.h"
#include "packaging/packaging.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proa::cli {

/// What was asked for. What is not set stays as it is, or is Lambda's default for a new function.
struct FunctionWish {
  std::string name;
  std::optional<std::string> runtime;
  std::optional<std::string> handler;
  std::optional<std::string> role;
  std::optional<std::string> description;
  std::optional<std::string> architecture;
  std::optional<std::int64_t> memory_mib;
  std::optional<std::int64_t> timeout_s;
  std::optional<std::int64_t> tmp_mib;
  std::optional<std::vector<std::string>> layers;  ///< ARNs of versions
  Pairs environment;                               ///< set, beside what is there
  std::vector<std::string> removed_variables;
  bool replaces_environment = false;  ///< `environment` is all there shall be
  Pairs tags;                         ///< set, beside what is there
  boost::json::object logging;        ///< members of LoggingConfig
};

/// Limits that Lambda's model has: known before anything is sent. Errc: invalid.
Result<void> check_wish(const FunctionWish& wish);

/// What there is: GetFunction's answer; nothing when there is no such function. Errc: as ask().
Result<std::optional<boost::json::value>> find_function(const Surroundings& around,
                                                        const std::string& name);

/// What has to be done.
struct Plan {
  bool is_new = false;
  bool changes_code = false;
  boost::json::object tags;           ///< to be set
  boost::json::object configuration;  ///< members to be changed; of a new function all of them
  std::vector<std::string> changes;   ///< in words: "code", "memory", "environment"

  bool is_empty() const { return !is_new && changes.empty(); }
};

/// `there` is GetFunction's answer or null; `digest` of the archive that is wanted.
Plan make_plan(const FunctionWish& wish, const boost::json::value* there,
               const Sha256Digest& digest);

/// What has become of a function.
struct Deployed {
  std::string action;  ///< "created", "updated", "unchanged"
  std::vector<std::string> changes;
  boost::json::value function;  ///< its configuration
};

/// Carries out a plan. When a step fails, the message says which steps had been done. Errc: as
/// ask().
Result<Deployed> carry_out(const Surroundings& around, const FunctionWish& wish, const Plan& plan,
                           const boost::json::value* there, const packaging::Package& package,
                           ProgressLine& progress);

}  // namespace proa::cli
