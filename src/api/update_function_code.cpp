// UpdateFunctionCode: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_input.h"
#include "api/function_output.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

Task<http::Response> update_function_code(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  Problems problems;
  catalog::CodeChange change;
  {
    const boost::json::object body = parse_object(call.request.body, problems);
    call.request.body = std::string();
    const Fields fields(body, problems);
    change.architecture = decode_architecture(fields);
    change.revision_id = fields.text("RevisionId");
    change.is_dry_run = fields.boolean("DryRun").value_or(false);
    if (auto refused = refusal(problems)) co_return std::move(*refused);
    CO_TRY(check_architecture(change.architecture, context.options.architecture));
    CO_TRY(refuse_unsupported_members(fields, ref.name));
    auto zip = decode_zip(fields, "");
    if (auto refused = refusal(problems)) co_return std::move(*refused);
    CO_TRY(change.zip, std::move(zip));
  }
  const Progress progress = change.is_dry_run ? Progress::settled : Progress::updating;
  CO_TRY(const auto record,
         co_await context.catalog.update_code(std::move(ref), std::move(change)));
  const auto answer = function_configuration(*record->latest, progress, false);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
