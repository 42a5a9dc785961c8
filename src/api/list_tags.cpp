// ListTags: https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html
#include "api/errors.h"
#include "api/operations.h"
#include "api/tags_input.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

Task<http::Response> list_tags(Context& context, Call& call) {
  CO_TRY(const auto ref, decode_taggable(call.parameters[0], call.scope));
  CO_TRY(const auto record, context.catalog.find(ref));
  boost::json::object tags;
  for (const auto& [key, value] : record->tags) tags[key] = value;
  boost::json::object answer;
  answer["Tags"] = std::move(tags);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
