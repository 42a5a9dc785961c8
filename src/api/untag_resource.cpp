// UntagResource: https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html
#include "api/errors.h"
#include "api/operations.h"
#include "api/tags_input.h"

namespace proa::api {

Task<http::Response> untag_resource(Context& context, Call& call) {
  CO_TRY(auto ref, decode_taggable(call.parameters[0], call.scope));
  std::map<std::string, std::optional<std::string>> changes;
  for (const http::QueryParameter& parameter : call.request.query) {
    if (parameter.name == "tagKeys") changes[parameter.value] = std::nullopt;
  }
  if (changes.empty()) {
    Problems problems;
    problems.missing("tagKeys");
    co_return std::move(*refusal(problems));
  }
  CO_TRY(co_await context.catalog.change_tags(std::move(ref), std::move(changes)));
  co_return http::Response(204);
}

}  // namespace proa::api
