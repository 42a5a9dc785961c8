// proa role set|list|delete
#include "cli/answer.h"
#include "cli/credentials_file.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kRolesPath = "/proa/v1/roles";

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct RoleWords {
  std::string arn;
  std::string account;
  std::string file;
  std::string profile;
  bool is_json = false;
};

void warn(const Surroundings& around, const ProfileCredentials& credentials) {
  if (credentials.session_token.empty()) return;
  if (!credentials.expires) {
    around.note("These are temporary credentials: set them again before they expire.\n");
    return;
  }
  const bool is_expired = *credentials.expires <= around.now();
  around.note(is_expired ? "These credentials have expired: AWS will refuse them.\n"
                         : "These are temporary credentials: set them again before " +
                               credentials.expires_text + ".\n");
}

Result<std::string> set(const Surroundings& around, const RoleWords& words) {
  TRY(const auto credentials, read_credentials(words.file, words.profile));
  json::object body;
  body["arn"] = words.arn;
  if (!words.account.empty()) body["account_id"] = words.account;
  body["access_key_id"] = credentials.access_key_id;
  body["secret_access_key"] = credentials.secret_access_key;
  if (!credentials.session_token.empty()) body["session_token"] = credentials.session_token;
  if (credentials.expires) body["expires_ms"] = epoch_ms(*credentials.expires);
  TRY(const auto answer, ask(around, "PUT", kRolesPath, json::serialize(body)));
  warn(around, credentials);
  if (words.is_json) return pretty(answer);
  return "Functions of account " + text_in(answer, "account_id") + " with the role " + words.arn +
         " call AWS with these credentials from now on.\n";
}

Result<std::string> list(const Surroundings& around, const RoleWords& words) {
  TRY(const auto answer, ask(around, "GET", kRolesPath));
  if (words.is_json) return pretty(answer);
  TRY(const auto roles, array_in(answer, "roles"));
  if (roles.empty()) {
    return std::string(
        "No role has credentials. Give it some: proa role set ARN "
        "--credentials-file FILE\n");
  }
  return table(around.output, roles,
               {{"ROLE", "arn"},
                {"ACCOUNT", "account_id"},
                {"SET", "set"},
                {"TEMPORARY", "is_temporary"},
                {"EXPIRES", "expires"},
                {"EXPIRED", "is_expired"}});
}

Result<std::string> remove(const Surroundings& around, const RoleWords& words) {
  std::string target = std::string(kRolesPath) + "?";
  add_parameter(target, "arn", words.arn);
  add_parameter(target, "account_id", words.account);
  TRY(ask(around, "DELETE", target));
  if (words.is_json) return std::string("{}\n");
  return "Functions with the role " + words.arn + " have no credentials of AWS any more.\n";
}

}  // namespace

void add_role_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<RoleWords>();
  CLI::App* role = app.add_subcommand("role", "AWS credentials for functions, by their role");
  role->group(kAccess);
  role->require_subcommand(1);
  add_examples(*role, {{"proa role set arn:aws:iam::123456789012:role/app --credentials-file "
                        "~/.aws/credentials --profile app",
                        ""},
                       {"proa role list", "which roles have some, and until when"},
                       {"proa role delete arn:aws:iam::123456789012:role/app", ""}});
  CLI::App* made = role->add_subcommand("set", "Give functions of a role real AWS credentials");
  made->add_option("arn", words->arn, "The role, as functions name it")->required();
  made->add_option("--credentials-file", words->file,
                   "A file such as ~/.aws/credentials: the keys are never on a command line")
      ->required()
      ->type_name(kFilePath);
  made->add_option("--profile", words->profile, "Which profile of the file, if it has several");
  CLI::App* listed = role->add_subcommand("list", "List the roles, without credentials");
  CLI::App* removed = role->add_subcommand("delete", "Take the credentials back");
  removed->add_option("arn", words->arn, "The role")->required();
  for (CLI::App* verb : {made, removed}) {
    verb->add_option("--account", words->account,
                     "Whose functions, 12 digits; by default the caller's account");
  }
  for (CLI::App* verb : {made, listed, removed}) {
    add_json(*verb, words->is_json);
  }
  made->callback([&, words] { chosen.action = [&, words] { return set(surroundings, *words); }; });
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
  removed->callback(
      [&, words] { chosen.action = [&, words] { return remove(surroundings, *words); }; });
}

}  // namespace proa::cli
