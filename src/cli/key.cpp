// proa key create|list|revoke
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
struct KeyWords {
  std::string account;
  std::string description;
  std::vector<std::string> rights;
  std::string key_id;
  bool is_json = false;
};

std::string text_of_new(const json::value& answer) {
  std::string text =
      "Key of account " + cell(answer, "account_id") + " with the rights " +
      cell(answer, "rights") + ":\n\n  export AWS_ACCESS_KEY_ID=" + cell(answer, "access_key_id") +
      "\n  export AWS_SECRET_ACCESS_KEY=" + cell(answer, "secret_access_key") + "\n\n";
  const std::string message = cell(answer, "message");
  return text + (message == "-" ? "The secret is shown this once." : message) + "\n";
}

Result<std::string> create(const Surroundings& around, const KeyWords& words) {
  json::object body;
  if (!words.account.empty()) body["account_id"] = words.account;
  if (!words.description.empty()) body["description"] = words.description;
  if (!words.rights.empty()) {
    json::array rights;
    for (const std::string& right : words.rights) rights.emplace_back(right);
    body["rights"] = std::move(rights);
  }
  TRY(const auto answer, ask(around, "POST", "/proa/v1/keys", json::serialize(body)));
  return words.is_json ? pretty(answer) : text_of_new(answer);
}

Result<std::string> list(const Surroundings& around, const KeyWords& words) {
  TRY(const auto answer, ask(around, "GET", "/proa/v1/keys"));
  if (words.is_json) return pretty(answer);
  TRY(const auto keys, array_in(answer, "keys"));
  if (keys.empty()) return std::string("No keys (auth: off). Make one: proa key create\n");
  return table(around.output, keys,
               {{"KEY", "access_key_id"},
                {"ACCOUNT", "account_id"},
                {"RIGHTS", "rights"},
                {"CREATED", "created"},
                {"DESCRIPTION", "description"}});
}

Result<std::string> revoke(const Surroundings& around, const KeyWords& words) {
  TRY(ask(around, "DELETE", "/proa/v1/keys/" + http::percent_encode(words.key_id)));
  if (words.is_json) return std::string("{}\n");
  return "Key " + words.key_id + " is revoked.\n";
}

CLI::App* add_create(CLI::App& key, KeyWords& words) {
  CLI::App* verb = key.add_subcommand("create", "Make a key; the first one switches auth on");
  verb->add_option("--account", words.account, "12 digits; by default the caller's account");
  verb->add_option("--description", words.description, "What it is for");
  verb->add_option("--right", words.rights,
                   "One of invoke, deploy, configure, logs, attach:debug, attach:memory, "
                   "attach:traffic, admin; may be repeated. By default invoke, deploy, configure, "
                   "logs, and for the first key admin");
  return verb;
}

}  // namespace

void add_key_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<KeyWords>();
  CLI::App* key = app.add_subcommand("key", "Access keys: who may call");
  key->require_subcommand(1)->group(kAccess);
  add_examples(*key, {{"proa key create", "the first key: from now on every request is verified"},
                      {"proa key create --right invoke --description CI", "one that may only call"},
                      {"proa key revoke PROA1234", ""}});
  CLI::App* made = add_create(*key, *words);
  CLI::App* listed = key->add_subcommand("list", "List the keys, without secrets");
  CLI::App* revoked = key->add_subcommand("revoke", "Take a key back, at once");
  revoked->add_option("key", words->key_id, "The access key id")->required();
  for (CLI::App* verb : {made, listed, revoked}) {
    verb->add_flag("--json", words->is_json, "Print the answer as JSON");
  }
  made->callback(
      [&, words] { chosen.action = [&, words] { return create(surroundings, *words); }; });
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
  revoked->callback(
      [&, words] { chosen.action = [&, words] { return revoke(surroundings, *words); }; });
}

}  // namespace proa::cli
