#include "api/url_config_input.h"

#include <string>
#include <utility>

namespace proa::api {
namespace {

/// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
constexpr std::size_t kHeadersMost = 100;
constexpr std::size_t kHeaderMax = 1024;
constexpr std::size_t kMethodsMost = 6;
constexpr std::size_t kMethodMax = 6;
constexpr std::size_t kOriginsMost = 100;
constexpr std::size_t kOriginMax = 253;

std::optional<std::vector<std::string>> decode_list(const Fields& cors, std::string_view key,
                                                    std::pair<std::size_t, std::size_t> most,
                                                    std::string_view member) {
  auto texts = cors.texts(key);
  if (!texts) return std::nullopt;
  if (texts->size() > most.first) {
    std::string listed;
    for (const auto& text : *texts) listed.append(listed.empty() ? "" : ", ").append(text);
    cors.problems().violate("[" + listed + "]", member,
                            "have length less than or equal to " + std::to_string(most.first));
  }
  for (const auto& text : *texts) check_length(text, most.second, member, cors.problems());
  return texts;
}

model::UrlCors decode_cors(const Fields& fields) {
  model::UrlCors cors;
  cors.allow_credentials = fields.boolean("AllowCredentials");
  cors.allow_headers =
      decode_list(fields, "AllowHeaders", {kHeadersMost, kHeaderMax}, "cors.allowHeaders");
  cors.allow_methods =
      decode_list(fields, "AllowMethods", {kMethodsMost, kMethodMax}, "cors.allowMethods");
  cors.allow_origins =
      decode_list(fields, "AllowOrigins", {kOriginsMost, kOriginMax}, "cors.allowOrigins");
  cors.expose_headers =
      decode_list(fields, "ExposeHeaders", {kHeadersMost, kHeaderMax}, "cors.exposeHeaders");
  const auto age = fields.ranged("MaxAge", "cors.maxAge", 0, model::UrlCors::kMaxAgeMost.count());
  if (age) cors.max_age = std::chrono::seconds(*age);
  return cors;
}

}  // namespace

model::UrlChange decode_url_change(const Fields& fields) {
  model::UrlChange change;
  if (const auto text = fields.text("AuthType")) {
    change.auth = model::parse_url_auth(*text);
    if (!change.auth) {
      fields.problems().violate(*text, "authType", "satisfy enum value set: [AWS_IAM, NONE]");
    }
  }
  if (const auto cors = fields.object("Cors")) change.cors = decode_cors(*cors);
  const auto mode = fields.text("InvokeMode");
  if (mode && *mode != "BUFFERED" && *mode != "RESPONSE_STREAM") {
    fields.problems().violate(*mode, "invokeMode",
                              "satisfy enum value set: [RESPONSE_STREAM, BUFFERED]");
  }
  return change;
}

Result<void> check_invoke_mode(const Fields& fields) {
  if (fields.text("InvokeMode").value_or("BUFFERED") == "BUFFERED") return ok();
  return Error(Errc::unsupported, "InvokeMode RESPONSE_STREAM is not supported by Proa yet");
}

}  // namespace proa::api
