// DeleteFunction: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
#include "api/operations.h"

namespace proa::api {

Task<http::Response> delete_function(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0],
                                             call.request.query_value("Qualifier"), call.scope));
  if (ref.qualifier == "$LATEST") {
    co_return Error(Errc::invalid,
                    "$LATEST version cannot be deleted without deleting the function.");
  }
  if (ref.qualifier) {
    // Never the whole function because one version of it was named.
    CO_TRY(context.catalog.find(ref));
    co_return Error(Errc::unsupported, "Deleting a single version is not supported by Proa yet");
  }
  CO_TRY(co_await context.catalog.delete_function(std::move(ref)));
  co_return http::Response(204);
}

}  // namespace proa::api
