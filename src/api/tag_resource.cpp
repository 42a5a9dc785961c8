// TagResource: https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "api/tags_input.h"
#include "model/settings.h"

namespace proa::api {

Task<http::Response> tag_resource(Context& context, Call& call) {
  CO_TRY(auto ref, decode_taggable(call.parameters[0], call.scope));
  Problems problems;
  const boost::json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  const auto tags = fields.map("Tags");
  if (!tags) problems.missing("tags");
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (tags->empty()) {
    co_return Error(Errc::invalid, "An error and the provided tags cannot be null or empty.");
  }
  CO_TRY(const auto record, context.catalog.find(ref));
  catalog::Tags all = record->tags;
  std::map<std::string, std::optional<std::string>> changes;
  for (const auto& [key, value] : *tags) {
    all[key] = value;
    changes[key] = value;
  }
  CO_TRY(model::check_tags(all));
  CO_TRY(model::parse_settings(all, model::Settings()));
  CO_TRY(co_await context.catalog.change_tags(std::move(ref), std::move(changes)));
  co_return http::Response(204);
}

}  // namespace proa::api
