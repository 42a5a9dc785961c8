// Invoke: the warm path. No JSON tree, no regular expression, no wait but dispatch's.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
#include "api/errors.h"
#include "api/json_check.h"
#include "api/operations.h"
#include "api/trace_id.h"
#include "base/encoding.h"
#include "model/settings.h"

namespace proa::api {
namespace {

constexpr std::size_t kClientContextMax = 3583;      ///< bytes of base64
constexpr std::size_t kAsyncEventMax = 1024 * 1024;  ///< bytes of an asynchronous call's event

/// What the headers of the request ask for.
struct Wishes {
  bool is_dry_run = false;
  bool is_event = false;
  bool wants_log_tail = false;
};

/// Refuses by name what no part of Proa honours yet; a silent "no" would look like a "yes".
Result<void> refuse_unsupported_headers(const http::Request& request) {
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const std::string_view name = request.headers.at(i).first;
    const bool may_be = name.size() > 7 && (name[0] == 'X' || name[0] == 'x') && name[1] == '-' &&
                        (name[2] == 'P' || name[2] == 'p') && name[6] == '-';
    const bool is_proa = may_be && (name.substr(2, 4) == "Proa" || name.substr(2, 4) == "proa" ||
                                    name.substr(2, 4) == "PROA");
    if (is_proa) {
      return Error(Errc::unsupported,
                   "The request header " + std::string(name) + " is not supported by Proa yet");
    }
  }
  if (request.headers.find("X-Amz-Tenant-Id")) {
    return Error(Errc::unsupported,
                 "The request header X-Amz-Tenant-Id is not supported by Proa yet");
  }
  return ok();
}

Result<Wishes> decode_wishes(const http::Request& request) {
  Wishes wishes;
  Problems problems;
  const auto type = request.headers.find("X-Amz-Invocation-Type").value_or("RequestResponse");
  if (type == "DryRun") {
    wishes.is_dry_run = true;
  } else if (type == "Event") {
    wishes.is_event = true;
  } else if (type != "RequestResponse") {
    problems.violate(type, "invocationType",
                     "satisfy enum value set: [Event, RequestResponse, DryRun]");
  }
  const auto log = request.headers.find("X-Amz-Log-Type").value_or("None");
  wishes.wants_log_tail = log == "Tail";
  if (log != "None" && log != "Tail") {
    problems.violate(log, "logType", "satisfy enum value set: [None, Tail]");
  }
  if (!problems.empty()) return Error(Errc::invalid, problems.text());
  return wishes;
}

/// The decoded JSON of X-Amz-Client-Context, or why it is refused.
std::optional<std::string> decode_client_context(std::string_view header, std::string& context) {
  if (header.size() > kClientContextMax) {
    return "Client context must be no more than 3583 bytes of base64-encoded data.";
  }
  auto decoded = from_base64(header);
  const bool is_object = decoded && !json_defect(*decoded) &&
                         decoded->find_first_not_of(" \t\r\n") != std::string::npos &&
                         (*decoded)[decoded->find_first_not_of(" \t\r\n")] == '{';
  if (!is_object) return "Client context must be a valid Base64-encoded JSON object.";
  context = std::move(*decoded);
  return std::nullopt;
}

http::Response encode(model::InvocationResult result, std::string_view trace_id) {
  http::Response response;
  http::Headers& headers = response.headers;
  headers.reserve(512 + result.log_tail.size() * 4 / 3);
  headers.add("Content-Type", "application/json");
  headers.add("X-Amz-Executed-Version", result.executed_version);
  headers.add("X-Amzn-Trace-Id", trace_id);
  headers.add("X-Proa-Environment", result.environment_id);
  headers.add("X-Proa-Start", model::to_string(result.start));
  if (!result.placement.empty()) headers.add("X-Proa-Placement", result.placement);
  headers.add("X-Proa-Runtime", result.runtime_identity);
  headers.add("X-Proa-Isolation", model::to_string(result.isolation));
  if (!result.kernel.empty()) headers.add("X-Proa-Kernel", result.kernel);
  if (result.function_error) headers.add("X-Amz-Function-Error", *result.function_error);
  if (!result.log_tail.empty()) headers.add("X-Amz-Log-Result", to_base64(result.log_tail));
  response.body = std::move(result.payload);
  response.made_by_peer = result.other_shard;
  return response;
}

/// An answer when the event is refused.
std::optional<http::Response> refuse_event(Call& call, model::Invocation& invocation) {
  if (call.request.body.empty()) {
    invocation.payload = "{}";
  } else if (const auto defect = json_defect(call.request.body)) {
    return fault_response(
        Fault::invalid_request_content,
        "Could not parse request body into json: Could not parse payload into json: " + *defect);
  } else {
    invocation.payload = std::move(call.request.body);
  }
  const auto header = call.request.headers.find("X-Amz-Client-Context");
  if (!header || header->empty()) return std::nullopt;
  if (const auto why = decode_client_context(*header, invocation.client_context)) {
    return fault_response(Fault::invalid_request_content, *why);
  }
  return std::nullopt;
}

/// An answer when the event is too large to wait in a queue.
std::optional<http::Response> refuse_size(std::size_t size) {
  if (size <= kAsyncEventMax) return std::nullopt;
  return fault_response(Fault::request_too_large,
                        std::to_string(size) +
                            " byte payload is too large for the Event invocation type (limit " +
                            std::to_string(kAsyncEventMax) + " bytes)");
}

/// 202 once the event is on the disk.
Task<http::Response> accept(Context& context, model::FunctionRef ref,
                            model::Invocation invocation) {
  if (context.options.check_room) {
    CO_TRY(context.options.check_room());
  }
  http::Response response(202);
  response.headers.add("X-Amzn-Trace-Id", invocation.trace_id);
  CO_TRY(co_await context.events.accept(std::move(ref), std::move(invocation)));
  co_return response;
}

}  // namespace

Task<http::Response> invoke(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0],
                                             call.request.query_value("Qualifier"), call.scope));
  CO_TRY(const Wishes wishes, decode_wishes(call.request));
  CO_TRY(refuse_unsupported_headers(call.request));
  model::Invocation invocation;
  if (auto refused = refuse_event(call, invocation)) co_return std::move(*refused);
  if (wishes.is_dry_run) {
    CO_TRY(context.catalog.resolve(ref));
    co_return http::Response(204);
  }
  invocation.request_id = call.request_id;
  invocation.invoked_arn = ref.arn();
  invocation.trace_id = trace_id_of(context, call.request);
  invocation.wants_log_tail = wishes.wants_log_tail;
  if (wishes.is_event) {
    if (auto refused = refuse_size(invocation.payload.size())) co_return std::move(*refused);
    co_return co_await accept(context, std::move(ref), std::move(invocation));
  }
  const std::string trace_id = invocation.trace_id;
  CO_TRY(auto result, co_await context.dispatcher.invoke(std::move(ref), std::move(invocation)));
  co_return encode(std::move(result), trace_id);
}

// The deprecated way, which older tools still use:
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html
Task<http::Response> invoke_async(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  CO_TRY(refuse_unsupported_headers(call.request));
  model::Invocation invocation;
  if (auto refused = refuse_event(call, invocation)) co_return std::move(*refused);
  if (auto refused = refuse_size(invocation.payload.size())) co_return std::move(*refused);
  invocation.request_id = call.request_id;
  invocation.invoked_arn = ref.arn();
  invocation.trace_id = trace_id_of(context, call.request);
  CO_TRY(auto response, co_await accept(context, std::move(ref), std::move(invocation)));
  response.headers.add("Content-Type", "application/json");
  response.body = R"({"Status":202})";
  co_return response;
}

}  // namespace proa::api
