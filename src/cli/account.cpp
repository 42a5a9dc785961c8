// proa account create|list
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/table.h"
#include "cli/verb.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct AccountWords {
  std::string name;
  std::string id;
  bool is_json = false;
};

Result<std::string> create(const Surroundings& around, const AccountWords& words) {
  json::object body;
  body["name"] = words.name;
  if (!words.id.empty()) body["account_id"] = words.id;
  TRY(const auto answer, ask(around, "POST", "/proa/v1/accounts", json::serialize(body)));
  if (words.is_json) return pretty(answer);
  return "Account " + cell(answer, "name") + " is " + cell(answer, "account_id") +
         ". Make a key for it: proa key create --account " + cell(answer, "account_id") + "\n";
}

Result<std::string> list(const Surroundings& around, const AccountWords& words) {
  TRY(const auto answer, ask(around, "GET", "/proa/v1/accounts"));
  if (words.is_json) return pretty(answer);
  TRY(const auto accounts, array_in(answer, "accounts"));
  return table(around.output, accounts,
               {{"ACCOUNT", "account_id"}, {"NAME", "name"}, {"CREATED", "created"}});
}

}  // namespace

void add_account_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<AccountWords>();
  CLI::App* account = app.add_subcommand("account", "Accounts: who owns functions");
  account->require_subcommand(1)->group(kAccess);
  add_examples(*account, {{"proa account create team", "then: proa key create --account ID"},
                          {"proa account list --json", ""}});
  CLI::App* made = account->add_subcommand("create", "Make an account");
  made->add_option("name", words->name, "Its name: letters, digits and - _ .")->required();
  made->add_option("--id", words->id, "Its 12 digits; made up if not given");
  CLI::App* listed = account->add_subcommand("list", "List the accounts");
  for (CLI::App* verb : {made, listed}) {
    verb->add_flag("--json", words->is_json, "Print the answer as JSON");
  }
  made->callback(
      [&, words] { chosen.action = [&, words] { return create(surroundings, *words); }; });
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
}

}  // namespace proa::cli
