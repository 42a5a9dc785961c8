// What every verb is made of. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <functional>
#include <string>

namespace proa::cli {

/// What a verb does once its words are parsed: asks the daemon and gives the text to print. With
/// --json the text is one JSON document.
using Action = std::function<Result<std::string>()>;

/// Where verbs put the action that was chosen.
struct Chosen {
  Action action;
  /// How the program ends when the action gives a text; set by actions that gave one although not
  /// all went well (invoke: the function failed).
  ExitCode code = ExitCode::done;
};

/// One verb a file, with its subverbs. All references outlive the parsing and the action.
void add_list_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_show_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_config_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_delete_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_invoke_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_completion_verb(CLI::App& app, Chosen& chosen);
void add_account_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_key_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_dead_letter_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_usage_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_version_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_alias_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_url_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_logs_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_deploy_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_status_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_top_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_explain_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_backup_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_runtime_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_image_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_kernel_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_schedule_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);
void add_role_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen);

}  // namespace proa::cli
