// UpdateFunctionConfiguration:
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_input.h"
#include "api/function_output.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

Task<http::Response> update_function_configuration(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  Problems problems;
  const boost::json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  catalog::ConfigChange change = decode_config(fields);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_config(change));
  CO_TRY(refuse_unsupported_members(fields));
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto record,
         co_await context.catalog.update_configuration(std::move(ref), std::move(change)));
  const auto answer = function_configuration(*record->latest, Progress::updating);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
