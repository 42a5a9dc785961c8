#include "dispatch/event.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <limits>

namespace proa::dispatch {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kRequestIdSize = 36;
/// Milliseconds that fit the clock's nanoseconds: the year 2262.
constexpr std::int64_t kTimeMsMax = std::numeric_limits<std::int64_t>::max() / 1'000'000;

/// Reads members once each; the first thing that is wrong is kept.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  std::string text(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr || !value->is_string()) return reject(name), std::string();
    return std::string(value->as_string());
  }
  std::string text_if_there(std::string_view name) {
    return object_.contains(name) ? text(name) : std::string();
  }
  std::int64_t number_if_there(std::string_view name, std::int64_t max) {
    return object_.contains(name) ? number(name, max) : 0;
  }
  std::int64_t number(std::string_view name, std::int64_t max) {
    const auto* value = find(name);
    if (value == nullptr || !value->is_int64()) return reject(name), 0;
    const std::int64_t found = value->as_int64();
    if (found < 0 || found > max) return reject(name), 0;
    return found;
  }
  void reject(std::string_view name) {
    if (problem_.empty()) problem_ = name;
  }
  Result<void> finish() const {
    if (!problem_.empty()) return Error(Errc::corrupt, "stored event: member '" + problem_ + "'");
    if (read_ == object_.size()) return ok();
    return Error(Errc::corrupt, "stored event: has members that are unknown");
  }

 private:
  const json::value* find(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr) ++read_;
    return value;
  }
  const json::object& object_;
  std::size_t read_ = 0;
  std::string problem_;
};

void add_if_any(json::object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

Event read(Members& members) {
  Event event;
  event.function.account_id = members.text("account_id");
  event.function.region = members.text("region");
  event.function.name = members.text("name");
  const std::string qualifier = members.text_if_there("qualifier");
  if (!qualifier.empty()) event.function.qualifier = qualifier;
  model::Invocation& invocation = event.invocation;
  invocation.request_id = members.text("request_id");
  if (invocation.request_id.size() != kRequestIdSize) members.reject("request_id");
  invocation.trace_id = members.text("trace_id");
  invocation.client_context = members.text_if_there("client_context");
  invocation.cognito_identity = members.text_if_there("cognito_identity");
  invocation.invoked_arn = event.function.arn();
  event.accepted = WallTime(std::chrono::milliseconds(members.number("accepted_ms", kTimeMsMax)));
  event.attempts = static_cast<std::uint32_t>(members.number("attempts", 1'000'000));
  event.hops = static_cast<std::uint32_t>(members.number_if_there("hops", 1'000'000));
  event.last.executed_version = members.text_if_there("executed_version");
  event.last.function_error = members.text_if_there("function_error");
  event.last.response = members.text_if_there("response");
  event.condition = members.text_if_there("condition");
  event.reason = members.text_if_there("reason");
  return event;
}

}  // namespace

std::string Event::group() const {
  return function.account_id + "/" + function.region + "/" + function.name + "/";
}

std::string encode_head(const Event& event) {
  json::object out;
  out["format"] = kFormat;
  out["account_id"] = event.function.account_id;
  out["region"] = event.function.region;
  out["name"] = event.function.name;
  if (event.function.qualifier) out["qualifier"] = *event.function.qualifier;
  out["request_id"] = event.invocation.request_id;
  out["trace_id"] = event.invocation.trace_id;
  add_if_any(out, "client_context", event.invocation.client_context);
  add_if_any(out, "cognito_identity", event.invocation.cognito_identity);
  out["accepted_ms"] = epoch_ms(event.accepted);
  out["attempts"] = std::int64_t{event.attempts};
  if (event.hops > 0) out["hops"] = std::int64_t{event.hops};
  add_if_any(out, "executed_version", event.last.executed_version);
  add_if_any(out, "function_error", event.last.function_error);
  if (event.last.response.size() <= kKeptResponseMax) {
    add_if_any(out, "response", event.last.response);
  }
  add_if_any(out, "condition", event.condition);
  add_if_any(out, "reason", event.reason);
  return json::serialize(out);
}

Result<Event> decode_event(std::string_view head, std::string payload) {
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(head.data(), head.size()), failed);
  if (failed || !value.is_object()) {
    return Error(Errc::corrupt, "stored event: is not a JSON object");
  }
  Members members(value.as_object());
  const std::int64_t format = members.number("format", std::numeric_limits<std::int64_t>::max());
  if (format > kFormat) {
    return Error(Errc::unsupported, "stored event: has format " + std::to_string(format) +
                                        ", this Proa knows formats up to " +
                                        std::to_string(kFormat));
  }
  Event event = read(members);
  TRY(members.finish());
  event.invocation.payload = std::move(payload);
  return event;
}

}  // namespace proa::dispatch
