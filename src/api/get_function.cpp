// GetFunction: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
#include "api/errors.h"
#include "api/function_output.h"
#include "api/location.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
Task<http::Response> get_function(Context& context, Call& call) {
  CO_TRY(const auto ref,
         model::parse_function_ref(call.parameters[0], call.request.query_value("Qualifier"),
                                   call.scope));
  CO_TRY(const auto record, context.catalog.find(ref));
  const auto function = record->version_of(ref.qualifier);
  boost::json::object code;
  if (function->image) {
    code["RepositoryType"] = "ECR";
    code["ImageUri"] = function->image->uri;
    code["ResolvedImageUri"] = function->image->resolved_uri;
  } else {
    code["RepositoryType"] = "S3";
    code["Location"] = code_location(context, call, ref);
  }
  boost::json::object answer;
  answer["Configuration"] =
      function_configuration(*function, Progress::settled, ref.qualifier.value_or(""));
  answer["Code"] = std::move(code);
  if (!record->tags.empty()) {
    boost::json::object tags;
    for (const auto& [key, value] : record->tags) tags[key] = value;
    answer["Tags"] = std::move(tags);
  }
  if (record->reserved_concurrency) {
    boost::json::object concurrency;
    concurrency["ReservedConcurrentExecutions"] = *record->reserved_concurrency;
    answer["Concurrency"] = std::move(concurrency);
  }
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
