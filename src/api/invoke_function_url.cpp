// A call through a function URL: who may, what the function gets, what its caller gets.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
#include "api/authorize.h"
#include "api/caller.h"
#include "api/cors.h"
#include "api/errors.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "api/trace_id.h"
#include "api/url_request.h"

#include <utility>
#include <variant>

namespace proa::api {
namespace {

constexpr std::size_t kUrlEventMax = 6291456;  ///< bytes, as of any synchronous call
constexpr std::string_view kAction = "lambda:InvokeFunctionUrl";

http::Response forbidden(Context& context) {
  ++context.counts.refusals[static_cast<std::size_t>(DoorRefusal::no_right)];
  return json_response(
      403, R"({"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: )"
           R"(https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"})");
}

http::Response no_such_url() { return json_response(404, R"({"Message":"Not Found"})"); }

/// The function failed, or answered what is no answer.
http::Response bad_gateway() { return json_response(502, "Internal Server Error"); }

bool policy_allows(const catalog::UrlTarget& target, const UrlCaller& caller, model::UrlAuth auth) {
  const auto policy = target.record->policies.find(target.qualifier);
  if (policy == target.record->policies.end()) return false;
  model::AccessQuestion question;
  question.action = kAction;
  question.account_id = caller.account_id;
  question.principal = caller.principal;
  question.url_auth = auth;
  return model::allows(policy->second, question);
}

/// Within an account the caller's rights or the function's policy will do, between accounts it
/// takes both.
bool may_call(const catalog::UrlTarget& target, const UrlCaller& caller, bool has_right) {
  const bool is_owner = caller.account_id == target.record->latest->account_id;
  if (is_owner && has_right) return true;
  return (is_owner || has_right) && policy_allows(target, caller, model::UrlAuth::aws_iam);
}

/// Who signed, or the answer for who did not, or may not.
using Admission = std::variant<UrlCaller, http::Response>;

/// Without keys nothing can be verified, and whoever reaches the API may call anything: what is
/// asked for is that one signs at all, and no web page.
Admission admit_without_keys(Context& context, const http::Request& request) {
  const auto allowed = check_not_a_browser(request, context.options);
  const auto key_id = identity::claimed_key_id(request);
  if (!allowed || !key_id) return forbidden(context);
  UrlCaller caller;
  caller.account_id = context.options.account_id;
  caller.principal = "arn:aws:iam::" + caller.account_id + ":root";
  caller.key_id = std::string(*key_id);
  return caller;
}

boost::asio::awaitable<Admission> admit_signed(Context& context, http::Request& request,
                                               const catalog::UrlTarget& target) {
  if (!context.keys.is_on()) co_return admit_without_keys(context, request);
  if (!identity::claimed_key_id(request)) co_return forbidden(context);
  const auto digest = co_await digest_if_large(context.blocking, request);
  const auto verdict =
      context.verifier.verify(request, context.clock.wall_now(), context.keys, digest);
  if (!verdict.key) {
    ++context.counts.refusals[static_cast<std::size_t>(verdict.refusal)];
    co_return refusal_response(verdict);
  }
  UrlCaller caller;
  caller.account_id = verdict.key->account_id;
  caller.principal = verdict.key->principal;
  caller.key_id = verdict.key->id;
  const bool has_right = verdict.key->rights.has(identity::Right::invoke);
  if (verdict.region != target.record->latest->region || !may_call(target, caller, has_right)) {
    co_return forbidden(context);
  }
  co_return caller;
}

boost::asio::awaitable<Admission> admit(Context& context, http::Request& request,
                                        const catalog::UrlTarget& target) {
  const auto& url = target.record->urls.at(target.qualifier);
  if (url.auth == model::UrlAuth::aws_iam)
    co_return co_await admit_signed(context, request, target);
  UrlCaller nobody;
  if (!policy_allows(target, nobody, model::UrlAuth::none)) co_return forbidden(context);
  co_return nobody;
}

model::FunctionRef ref_of(const catalog::UrlTarget& target) {
  const model::FunctionVersion& function = *target.record->latest;
  model::FunctionRef ref{function.account_id, function.region, function.name, std::nullopt};
  if (target.qualifier != "$LATEST") ref.qualifier = target.qualifier;
  return ref;
}

Task<http::Response> run(Context& context, Call& call, const UrlRequest& asked,
                         const catalog::UrlTarget& target, const UrlCaller& caller) {
  model::FunctionRef ref = ref_of(target);
  model::Invocation invocation;
  invocation.request_id = call.request_id;
  invocation.invoked_arn = ref.arn();
  invocation.trace_id = trace_id_of(context, call.request);
  const std::string trace_id = invocation.trace_id;
  const UrlEvent event{call.request,    asked,    caller,
                       call.request_id, trace_id, epoch_ms(context.clock.wall_now())};
  invocation.payload = to_payload(event);
  if (invocation.payload.size() > kUrlEventMax)
    co_return body_too_large("InvokeFunction", kUrlEventMax);
  CO_TRY(auto result, co_await context.dispatcher.invoke(std::move(ref), std::move(invocation)));
  if (result.function_error) co_return bad_gateway();
  auto response = to_response(std::move(result.payload));
  if (!response) co_return bad_gateway();
  response->headers.add("X-Amzn-Trace-Id", trace_id);
  response->made_by_peer = result.other_shard;
  co_return std::move(*response);
}

}  // namespace

Task<http::Response> invoke_function_url(Context& context, Call& call) {
  const auto asked = find_url_request(call.request);
  if (!asked) co_return no_such_url();
  const auto target = context.catalog.find_url(asked->id);
  const bool is_there =
      target && (asked->region.empty() || asked->region == target.value().record->latest->region);
  if (!is_there) co_return no_such_url();
  const auto cors = target.value().record->urls.at(target.value().qualifier).cors;
  if (cors && is_preflight(call.request)) co_return preflight_answer(call.request, *cors);
  auto admission = co_await admit(context, call.request, target.value());
  if (auto* const refused = std::get_if<http::Response>(&admission)) co_return std::move(*refused);
  const UrlCaller& caller = std::get<UrlCaller>(admission);
  auto answer = co_await run(context, call, *asked, target.value(), caller);
  http::Response response = answer ? std::move(answer).value() : error_response(answer.error());
  if (cors) apply_cors(call.request, *cors, response);
  co_return response;
}

}  // namespace proa::api
