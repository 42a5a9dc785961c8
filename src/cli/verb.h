// What every verb is made of. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <vector>

namespace proa::cli {

/// What a verb does once its words are parsed: asks the daemon and gives the text to print.
using Action = std::function<Result<std::string>()>;

/// Where verbs put the action that was chosen.
struct Chosen {
  Action action;
};

/// Adds `account create|list`, `key create|list|revoke`, `dead-letters list|show|rerun|delete`,
/// `logs`, `usage` and `status`. All references outlive the parsing and the action.
void add_account_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_key_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_dead_letter_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_usage_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_logs_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_status_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);

}  // namespace proa::cli
