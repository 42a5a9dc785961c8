// DeleteFunction: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
#include "api/operations.h"

namespace proa::api {

Task<http::Response> delete_function(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0],
                                             call.request.query_value("Qualifier"), call.scope));
  CO_TRY(co_await context.catalog.delete_function(std::move(ref)));
  co_return http::Response(204);
}

}  // namespace proa::api
