// proa url create|list|delete
#include "cli/answer.h"
#include "cli/function_url.h"
#include "cli/help.h"
#include "cli/lambda_api.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct UrlWords {
  std::string name;
  std::string auth = "iam";
  std::vector<std::string> origins;
  std::vector<std::string> methods;
  std::vector<std::string> headers;
  bool is_json = false;
};

json::object config_of(const UrlWords& words) {
  json::object body;
  body["AuthType"] = words.auth == "none" ? "NONE" : "AWS_IAM";
  json::object cors;
  put_texts(cors, "AllowOrigins", words.origins);
  put_texts(cors, "AllowMethods", words.methods);
  put_texts(cors, "AllowHeaders", words.headers);
  if (!cors.empty()) body["Cors"] = std::move(cors);
  return body;
}

Result<std::string> create(const Surroundings& around, const UrlWords& words) {
  TRY(const auto url, put_url(around, words.name, config_of(words)));
  if (words.is_json) return pretty(url);
  return text_in(url, "FunctionUrl") + "\n" +
         (words.auth == "none" ? "Everybody may call it.\n"
                               : "Requests must be signed (SigV4, service lambda).\n");
}

Result<std::string> list(const Surroundings& around, const UrlWords& words) {
  TRY(auto urls, ask_all(around, functions_path(words.name, "/urls", kUrlApiDate) + "?",
                         {"FunctionUrlConfigs", "NextMarker", "Marker"}));
  if (words.is_json) return pretty(urls);
  if (urls.empty()) {
    return words.name + " has no URL. Make one: proa url create " + words.name + "\n";
  }
  return table(around.output, urls,
               {{"URL", "FunctionUrl"}, {"AUTH", "AuthType"}, {"FUNCTION", "FunctionArn"}});
}

Result<std::string> remove(const Surroundings& around, const UrlWords& words) {
  TRY(remove_url(around, words.name));
  if (words.is_json) return std::string("{}\n");
  return "The URL of " + words.name + " is no more.\n";
}

}  // namespace

void add_url_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<UrlWords>();
  CLI::App* url = app.add_subcommand("url", "HTTP addresses of functions");
  url->group(kFunctions);
  url->require_subcommand(1);
  add_examples(*url, {{"proa url create resize --auth none", "for everybody"},
                      {"proa url create resize:live --auth none --allow-origin https://a.example",
                       "of an alias, and for the pages of one site"},
                      {"proa url list resize", ""},
                      {"proa url delete resize", ""}});
  CLI::App* made = url->add_subcommand("create", "Make the URL of a function, or change it");
  made->add_option("--auth", words->auth,
                   "none: everybody may call it; iam: whoever signs and has the right to")
      ->check(CLI::IsMember({"none", "iam"}))
      ->capture_default_str();
  made->add_option("--allow-origin", words->origins, "Whose web pages may: an origin, or *");
  made->add_option("--allow-method", words->methods, "By which methods: GET ..., or *");
  made->add_option("--allow-header", words->headers, "And with which headers");
  CLI::App* listed = url->add_subcommand("list", "List the URLs of a function and its aliases");
  CLI::App* removed = url->add_subcommand("delete", "Remove the URL of a function");
  for (CLI::App* verb : {made, listed, removed}) {
    add_function(*verb, words->name);
    add_json(*verb, words->is_json);
  }
  made->callback(
      [&, words] { chosen.action = [&, words] { return create(surroundings, *words); }; });
  listed->callback(
      [&, words] { chosen.action = [&, words] { return list(surroundings, *words); }; });
  removed->callback(
      [&, words] { chosen.action = [&, words] { return remove(surroundings, *words); }; });
}

}  // namespace proa::cli
