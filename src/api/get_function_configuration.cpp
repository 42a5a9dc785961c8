// GetFunctionConfiguration:
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
#include "api/errors.h"
#include "api/function_output.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

Task<http::Response> get_function_configuration(Context& context, Call& call) {
  CO_TRY(const auto ref,
         model::parse_function_ref(call.parameters[0], call.request.query_value("Qualifier"),
                                   call.scope));
  CO_TRY(const auto function, context.catalog.resolve(ref));
  const auto answer =
      function_configuration(*function, Progress::settled, ref.qualifier.value_or(""));
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
