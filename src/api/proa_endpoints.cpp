// /proa/v1: what Lambda's API has no words for.
#include "api/errors.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

Task<http::Response> health(Context&, Call&) { co_return json_response(200, R"({"status":"ok"})"); }

Task<http::Response> status(Context& context, Call&) {
  if (!context.options.status) {
    co_return Error(Errc::unsupported, "/proa/v1/status is not supported by this program");
  }
  co_return json_response(200, boost::json::serialize(context.options.status()));
}

Task<http::Response> download_code(Context& context, Call& call) {
  CO_TRY(const auto ref,
         model::parse_function_ref(call.parameters[0], call.request.query_value("Qualifier"),
                                   call.scope));
  CO_TRY(auto zip, context.catalog.code_zip(ref));
  http::Response response;
  response.headers.add("Content-Type", "application/zip");
  response.body = std::move(zip);
  co_return response;
}

}  // namespace proa::api
