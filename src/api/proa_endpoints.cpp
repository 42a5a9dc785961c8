// /proa/v1: what Lambda's API has no words for.
#include "api/errors.h"
#include "api/layer_input.h"
#include "api/off_shard.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

namespace {

http::Response zip_response(std::string zip) {
  http::Response response;
  response.headers.add("Content-Type", "application/zip");
  response.body = std::move(zip);
  return response;
}

}  // namespace

Task<http::Response> health(Context&, Call&) { co_return json_response(200, R"({"status":"ok"})"); }

Task<http::Response> status(Context& context, Call& call) {
  if (!context.options.status) {
    co_return Error(Errc::unsupported, "/proa/v1/status is not supported by this program");
  }
  auto body = co_await context.options.status();
  body["account_id"] = call.scope.account_id;  // of whoever asks
  co_return json_response(200, boost::json::serialize(body));
}

Task<http::Response> download_code(Context& context, Call& call) {
  CO_TRY(const auto ref,
         model::parse_function_ref(call.parameters[0], call.request.query_value("Qualifier"),
                                   call.scope));
  std::function<Result<std::string>()> work = [&catalog = context.catalog, ref] {
    return catalog.code_zip(ref);
  };
  CO_TRY(auto zip, co_await off_shard<std::string>(context.blocking, std::move(work)));
  co_return zip_response(std::move(zip));
}

Task<http::Response> download_layer(Context& context, Call& call) {
  CO_TRY(const auto name, decode_layer_name(call.parameters[0], call.scope));
  CO_TRY(const auto version, decode_layer_version(call.parameters[1]));
  CO_TRY(const auto layer, context.catalog.find_layer_version(call.scope, name, version));
  std::function<Result<std::string>()> work = [&catalog = context.catalog, layer] {
    return catalog.layer_zip(*layer);
  };
  CO_TRY(auto zip, co_await off_shard<std::string>(context.blocking, std::move(work)));
  co_return zip_response(std::move(zip));
}

}  // namespace proa::api
