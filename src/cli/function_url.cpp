#include "cli/function_url.h"

#include "cli/answer.h"
#include "cli/lambda_api.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// What AWS's own tools call the statement that lets everybody in.
constexpr const char* kStatement = "FunctionURLAllowPublicAccess";

/// That everybody is let in already is no error.
Result<void> permit_everybody(const Surroundings& around, const std::string& name) {
  const json::object body{{"StatementId", kStatement},
                          {"Action", "lambda:InvokeFunctionUrl"},
                          {"Principal", "*"},
                          {"FunctionUrlAuthType", "NONE"}};
  const auto added = ask(around, "POST", functions_path(name, "/policy"), json::serialize(body));
  if (!added && added.error().code() != Errc::conflict) return added.error();
  return ok();
}

json::object cors_of(const templates::TemplateCors& cors) {
  json::object out;
  if (cors.allow_credentials) out["AllowCredentials"] = *cors.allow_credentials;
  put_texts(out, "AllowHeaders", cors.allow_headers);
  put_texts(out, "AllowMethods", cors.allow_methods);
  put_texts(out, "AllowOrigins", cors.allow_origins);
  put_texts(out, "ExposeHeaders", cors.expose_headers);
  if (cors.max_age_s) out["MaxAge"] = *cors.max_age_s;
  return out;
}

/// Whether the daemon's answer says the same; no CORS and an empty one are the same.
bool is_same(const json::object& config, const json::value& there) {
  const json::value* const cors = object_in(there, "Cors");
  const json::object none;
  const json::object& theirs = cors == nullptr ? none : cors->get_object();
  return text_in(there, "AuthType") == text_in(config, "AuthType") &&
         theirs == config.at("Cors").as_object();
}

}  // namespace

void put_texts(json::object& object, const char* member, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  object[member] = std::move(array);
}

Result<json::value> put_url(const Surroundings& around, const std::string& name,
                            const json::object& config) {
  const std::string path = functions_path(name, "/url", kUrlApiDate);
  const std::string body = json::serialize(config);
  auto answer = ask(around, "POST", path, body);
  if (!answer && answer.error().code() == Errc::conflict) answer = ask(around, "PUT", path, body);
  TRY(auto url, std::move(answer));
  if (text_in(config, "AuthType") == "NONE") {
    TRY(permit_everybody(around, name));
  }
  return url;
}

Result<void> remove_url(const Surroundings& around, const std::string& name) {
  TRY(ask(around, "DELETE", functions_path(name, "/url", kUrlApiDate)));
  const auto revoked =
      ask(around, "DELETE", functions_path(name, std::string("/policy/") + kStatement));
  if (!revoked && revoked.error().code() != Errc::not_found) return revoked.error();
  return ok();
}

Result<std::vector<std::string>> set_url(const Surroundings& around,
                                         const templates::TemplateFunction& function) {
  if (!function.url) return std::vector<std::string>();
  json::object config;
  config["AuthType"] = function.url->is_public ? "NONE" : "AWS_IAM";
  config["Cors"] = function.url->cors ? cors_of(*function.url->cors) : json::object();
  const auto there = ask(around, "GET", functions_path(function.name, "/url", kUrlApiDate));
  if (!there && there.error().code() != Errc::not_found) return there.error();
  if (there && is_same(config, there.value())) return std::vector<std::string>();
  const auto set = put_url(around, function.name, config);
  if (!set) return set.error().with_context("URL of " + function.name);
  return std::vector<std::string>{"URL " + text_in(set.value(), "FunctionUrl")};
}

}  // namespace proa::cli
