#include "templates/urls.h"

#include "templates/members.h"

#include <array>

namespace proa::templates {
namespace {

// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
// sam-property-function-functionurlconfig.html
constexpr auto kSamUrl = std::to_array<KnownMember>({{"AuthType"}, {"Cors"}, {"InvokeMode"}});
constexpr auto kSamCors = std::to_array<KnownMember>({{"AllowCredentials"},
                                                      {"AllowHeaders"},
                                                      {"AllowMethods"},
                                                      {"AllowOrigins"},
                                                      {"ExposeHeaders"},
                                                      {"MaxAge"}});

// https://www.serverless.com/framework/docs/providers/aws/guide/functions#lambda-function-urls
constexpr auto kServerlessUrl =
    std::to_array<KnownMember>({{"authorizer"}, {"cors"}, {"invokeMode"}});
constexpr auto kServerlessCors = std::to_array<KnownMember>({{"allowCredentials"},
                                                             {"allowedHeaders"},
                                                             {"allowedMethods"},
                                                             {"allowedOrigins"},
                                                             {"exposedResponseHeaders"},
                                                             {"maxAge"}});

/// What the members of a CORS configuration are called.
struct CorsNames {
  std::string_view credentials;
  std::string_view headers;
  std::string_view methods;
  std::string_view origins;
  std::string_view exposed;
  std::string_view age;
};
constexpr CorsNames kSamNames{"AllowCredentials", "AllowHeaders",  "AllowMethods",
                              "AllowOrigins",     "ExposeHeaders", "MaxAge"};
constexpr CorsNames kServerlessNames{"allowCredentials", "allowedHeaders",         "allowedMethods",
                                     "allowedOrigins",   "exposedResponseHeaders", "maxAge"};

Result<TemplateCors> read_cors(const Node& node, const CorsNames& names) {
  if (!node.is_map()) return error_at(node, "a CORS configuration must be a map");
  TemplateCors cors;
  TRY(cors.allow_headers, texts_at(node, names.headers));
  TRY(cors.allow_methods, texts_at(node, names.methods));
  TRY(cors.allow_origins, texts_at(node, names.origins));
  TRY(cors.expose_headers, texts_at(node, names.exposed));
  TRY(cors.max_age_s, integer_at(node, names.age));
  const Node* const credentials = node.find(names.credentials);
  if (credentials == nullptr || credentials->is_null()) return cors;
  cors.allow_credentials = truth_of(*credentials);
  if (!cors.allow_credentials) {
    return error_at(*credentials, std::string(names.credentials) + " must be true or false");
  }
  return cors;
}

/// What Serverless has for `cors: true`.
TemplateCors cors_of_serverless() {
  TemplateCors cors;
  cors.allow_origins = {"*"};
  cors.allow_headers = {"Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key",
                        "X-Amz-Security-Token"};
  cors.allow_methods = {"*"};
  return cors;
}

void check_mode(const std::string& where, const Node& config, std::string_view name,
                const std::optional<std::string>& mode, Template& out) {
  if (mode.value_or("BUFFERED") == "BUFFERED") return;
  out.problems.push_back(
      Problem{config.line, where + ": " + std::string(name) + " " + mode->substr(0, 100)});
}

}  // namespace

Result<void> read_sam_url(TemplateFunction& function, const Node& config, Template& out) {
  if (config.is_null()) return ok();
  const std::string where = function.id + ": FunctionUrlConfig";
  if (!config.is_map()) return error_at(config, "FunctionUrlConfig must be a map");
  sort_members(config, kSamUrl, where, out);
  TRY(const auto auth, text_at(config, "AuthType"));
  if (!auth || (*auth != "NONE" && *auth != "AWS_IAM")) {
    return error_at(config, "AuthType of FunctionUrlConfig must be NONE or AWS_IAM");
  }
  TRY(const auto mode, text_at(config, "InvokeMode"));
  check_mode(where, config, "InvokeMode", mode, out);
  TemplateUrl url;
  url.is_public = *auth == "NONE";
  const Node* const cors = config.find("Cors");
  if (cors != nullptr && !cors->is_null()) {
    sort_members(*cors, kSamCors, where + ": Cors", out);
    TRY(url.cors, read_cors(*cors, kSamNames));
  }
  function.url = std::move(url);
  return ok();
}

Result<void> read_serverless_url(TemplateFunction& function, const Node& config, Template& out) {
  if (config.is_null()) return ok();
  const std::string where = function.id + ": url";
  TemplateUrl url;
  if (config.is_scalar()) {
    const auto truth = truth_of(config);
    if (!truth) return error_at(config, "url must be true, false or a map");
    url.is_public = true;
    if (*truth) function.url = std::move(url);
    return ok();
  }
  if (!config.is_map()) return error_at(config, "url must be true, false or a map");
  sort_members(config, kServerlessUrl, where, out);
  TRY(const auto authorizer, text_at(config, "authorizer"));
  if (authorizer && *authorizer != "aws_iam") {
    return error_at(config, "authorizer of url must be aws_iam");
  }
  url.is_public = !authorizer;
  TRY(const auto mode, text_at(config, "invokeMode"));
  check_mode(where, config, "invokeMode", mode, out);
  const Node* const cors = config.find("cors");
  if (cors != nullptr && cors->is_map()) {
    sort_members(*cors, kServerlessCors, where + ": cors", out);
    TRY(url.cors, read_cors(*cors, kServerlessNames));
  } else if (cors != nullptr && !cors->is_null()) {
    const auto truth = truth_of(*cors);
    if (!truth) return error_at(*cors, "cors must be true, false or a map");
    if (*truth) url.cors = cors_of_serverless();
  }
  function.url = std::move(url);
  return ok();
}

}  // namespace proa::templates
