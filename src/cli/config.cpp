// proa config
#include "cli/answer.h"
#include "cli/config_change.h"
#include "cli/function_document.h"
#include "cli/help.h"
#include "cli/lambda_api.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// How often another writer may be in between before we say so.
constexpr int kAttempts = 10;

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct ConfigWords {
  std::string name;
  std::vector<std::string> changes;
  std::vector<std::string> unset;
  bool shows_environment = false;
  bool is_json = false;
};

std::string value_of(const ConfigValues& values, const std::string& key) {
  for (const auto& [name, value] : values) {
    if (name == key) return value;
  }
  return {};
}

/// The variables after the change: UpdateFunctionConfiguration replaces them all.
json::object environment_of(const json::value& document, const Changes& changes) {
  json::object variables;
  const auto* configuration = object_in(document, "Configuration");
  const auto* environment = object_in(*configuration, "Environment");
  const auto* before = environment == nullptr ? nullptr : object_in(*environment, "Variables");
  if (before != nullptr) variables = before->get_object();
  for (const auto& [name, value] : changes) {
    if (value) {
      variables[name] = *value;
    } else {
      variables.erase(name);
    }
  }
  json::object out;
  out["Variables"] = std::move(variables);
  return out;
}

/// One run that changes something. Each operation is all or nothing; what is done is remembered for
/// the case that a later one fails.
class Changing {
 public:
  Changing(const Surroundings& around, const ConfigWords& words, ConfigChange change)
      : around_(around), words_(words), change_(std::move(change)) {}

  Result<std::string> run() {
    TRY(before_, fetch_function(around_, words_.name));
    TRY(change_configuration());
    if (auto done = change_tags(); !done) return half_done(done.error());
    if (auto done = change_concurrency(); !done) return half_done(done.error());
    TRY(const auto after, fetch_function(around_, words_.name));
    if (words_.is_json) return json_of(config_values(after));
    return report(config_values(before_), config_values(after));
  }

  static std::string json_of(const ConfigValues& values) {
    json::object document;
    for (const auto& [key, value] : values) document[key] = value;
    return pretty(document);
  }

 private:
  /// Read, changed and written where nobody has written meanwhile; else once more.
  Result<void> change_configuration() {
    if (change_.configuration_keys.empty()) return ok();
    for (int attempt = 1;; ++attempt) {
      const auto done = ask(around_, "PUT", functions_path(words_.name, "/configuration"), body());
      if (done) break;
      if (done.error().code() != Errc::precondition || attempt == kAttempts) return done.error();
      TRY(before_, fetch_function(around_, words_.name));
    }
    done_ = change_.configuration_keys;
    return ok();
  }

  std::string body() const {
    json::object body = change_.configuration;
    if (!change_.environment.empty()) {
      body["Environment"] = environment_of(before_, change_.environment);
    }
    body["RevisionId"] = text_in(before_.at("Configuration"), "RevisionId");
    return json::serialize(body);
  }

  Result<void> change_tags() {
    const std::string path = "/2017-03-31/tags/" + http::percent_encode(text_in(
                                                       before_.at("Configuration"), "FunctionArn"));
    json::object set;
    std::string removed;
    for (const auto& [key, value] : change_.tags) {
      if (value) {
        set[key] = *value;
      } else {
        removed += (removed.empty() ? "?tagKeys=" : "&tagKeys=") + http::percent_encode(key);
      }
    }
    if (!set.empty()) {
      json::object body;
      body["Tags"] = std::move(set);
      TRY(ask(around_, "POST", path, json::serialize(body)));
      mark_done(true);
    }
    if (!removed.empty()) {
      TRY(ask(around_, "DELETE", path + removed));
      mark_done(false);
    }
    return ok();
  }

  void mark_done(bool is_set) {
    for (const std::string& key : change_.tag_keys) {
      if (change_.tags.at(setting_tag(key)).has_value() == is_set) done_.push_back(key);
    }
  }

  Result<void> change_concurrency() {
    if (!change_.has_concurrency) return ok();
    const std::string path = functions_path(words_.name, "/concurrency", "2017-10-31");
    if (change_.concurrency) {
      json::object body;
      body["ReservedConcurrentExecutions"] = *change_.concurrency;
      TRY(ask(around_, "PUT", path, json::serialize(body)));
    } else {
      TRY(ask(around_, "DELETE", path));
    }
    done_.emplace_back("concurrency");
    return ok();
  }

  std::vector<std::string> all_keys() const {
    std::vector<std::string> keys = change_.configuration_keys;
    keys.insert(keys.end(), change_.tag_keys.begin(), change_.tag_keys.end());
    if (change_.has_concurrency) keys.emplace_back("concurrency");
    return keys;
  }

  Error half_done(const Error& error) const {
    if (done_.empty()) return error;
    std::string done;
    std::string open;
    for (const std::string& key : all_keys()) {
      std::string& list = std::find(done_.begin(), done_.end(), key) == done_.end() ? open : done;
      list += (list.empty() ? "" : ", ") + key;
    }
    return Error(error.code(),
                 "changed: " + done + "; not changed: " + open + ":\n" + error.message());
  }

  std::string report(const ConfigValues& before, const ConfigValues& after) const {
    std::string text;
    for (const std::string& key : all_keys()) {
      const std::string was = value_of(before, key);
      const std::string is = value_of(after, key);
      if (key.starts_with("env:")) {
        text += one_line(key) + (is.empty() ? " is removed\n" : " is set\n");
      } else if (is.empty()) {
        text += one_line(key) + " is removed" + (was.empty() ? "" : " (was " + was + ")") + "\n";
      } else {
        text += one_line(key + "=" + is) +
                (was.empty() || was == is ? "" : " (was " + one_line(was) + ")") + "\n";
      }
    }
    return text;
  }

  const Surroundings& around_;
  const ConfigWords& words_;
  const ConfigChange change_;
  json::value before_;
  std::vector<std::string> done_;
};

Result<std::string> print_values(const Surroundings& around, const ConfigWords& words) {
  TRY(const auto document, fetch_function(around, words.name));
  const ConfigValues values = config_values(document);
  if (words.is_json) return Changing::json_of(values);
  std::string text;
  for (const auto& [key, value] : values) {
    const bool is_hidden = key.starts_with("env:") && !words.shows_environment;
    text += one_line(key) +
            (is_hidden ? "  (hidden; --show-env shows it)" : "=" + one_line(value)) + "\n";
  }
  return text;
}

Result<std::string> config(const Surroundings& around, const ConfigWords& words) {
  TRY(auto change, parse_changes(words.changes, words.unset));
  if (words.changes.empty() && words.unset.empty()) return print_values(around, words);
  return Changing(around, words, std::move(change)).run();
}

}  // namespace

void add_config_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<ConfigWords>();
  CLI::App* verb = app.add_subcommand("config", "Show or change what a function is set to");
  verb->group(kFunctions);
  add_examples(*verb, {{"proa config resize", "what holds"},
                       {"proa config resize memory=512mb timeout=30s", ""},
                       {"proa config resize env:STAGE=test env:OLD=", "sets one, removes one"},
                       {"proa config resize idle='freeze=1s remove=2m' network=none", ""},
                       {"proa config resize concurrency=10 --unset network", ""}});
  add_function(*verb, words->name);
  verb->add_option("change", words->changes,
                   "memory, tmp (MB), timeout (s), handler, runtime, role, description, layers "
                   "(ARN,ARN), log-format, log-level, system-log-level, log-group, concurrency "
                   "(N or none), env:NAME; Proa's own: isolation, idle, network. All are checked "
                   "before the first one changes")
      ->type_name(kSetting);
  verb->add_option("--unset", words->unset, "Remove it; the same as KEY=")
      ->type_name(kSettingKey)
      ->allow_extra_args(false);
  verb->add_flag("--show-env", words->shows_environment,
                 "Show the values of environment variables too; --json always has them");
  add_json(*verb, words->is_json);
  verb->callback(
      [&, words] { chosen.action = [&, words] { return config(surroundings, *words); }; });
}

}  // namespace proa::cli
