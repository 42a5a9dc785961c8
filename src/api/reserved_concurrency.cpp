// PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency:
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

#include <limits>

namespace proa::api {
namespace {

/// The function of the path. Concurrency is reserved for a whole function: a version or an alias
/// is refused with Lambda's text.
Result<model::FunctionRef> decode_unqualified(const Call& call) {
  TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  if (ref.qualifier) {
    return Error(Errc::invalid,
                 "This operation is permitted on Lambda functions only. Aliases and versions do "
                 "not support this operation. Please specify either a function name or an "
                 "unqualified function ARN.");
  }
  return ref;
}

/// Problems of `fields` when there is no count or a bad one.
std::optional<std::uint32_t> decode_count(const Fields& fields) {
  constexpr std::string_view kMember = "reservedConcurrentExecutions";
  const auto count = fields.integer("ReservedConcurrentExecutions");
  if (!count) {
    fields.problems().missing(kMember);
    return std::nullopt;
  }
  check_range(*count, 0, std::numeric_limits<std::int32_t>::max(), kMember, fields.problems());
  return static_cast<std::uint32_t>(*count);
}

http::Response concurrency_answer(std::optional<std::uint32_t> count) {
  boost::json::object answer;
  if (count) answer["ReservedConcurrentExecutions"] = *count;
  return json_response(200, boost::json::serialize(answer));
}

}  // namespace

Task<http::Response> put_function_concurrency(Context& context, Call& call) {
  Problems problems;
  const boost::json::object body = parse_object(call.request.body, problems);
  const auto count = decode_count(Fields(body, problems));
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(auto ref, decode_unqualified(call));
  CO_TRY(const auto record,
         co_await context.catalog.set_reserved_concurrency(std::move(ref), count));
  co_return concurrency_answer(record->reserved_concurrency);
}

Task<http::Response> get_function_concurrency(Context& context, Call& call) {
  CO_TRY(const auto ref, decode_unqualified(call));
  CO_TRY(const auto record, context.catalog.find(ref));
  co_return concurrency_answer(record->reserved_concurrency);
}

Task<http::Response> delete_function_concurrency(Context& context, Call& call) {
  CO_TRY(auto ref, decode_unqualified(call));
  CO_TRY(co_await context.catalog.set_reserved_concurrency(std::move(ref), std::nullopt));
  co_return http::Response(204);
}

}  // namespace proa::api
