// UpdateFunctionCode: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_input.h"
#include "api/function_output.h"
#include "api/off_shard.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

namespace {

/// A request as far as it can be told without asking anybody.
struct DecodedCode {
  catalog::CodeChange change;
  std::optional<http::Response> refused;
};

Result<DecodedCode> decode_request(const std::string& text, const ApiOptions& options) {
  DecodedCode decoded;
  Problems problems;
  const boost::json::object body = parse_object(text, problems);
  const Fields fields(body, problems);
  catalog::CodeChange& change = decoded.change;
  change.architecture = decode_architecture(fields);
  change.revision_id = fields.text("RevisionId");
  change.is_dry_run = fields.boolean("DryRun").value_or(false);
  change.is_published = fields.boolean("Publish").value_or(false);
  if ((decoded.refused = refusal(problems))) return decoded;
  TRY(check_architecture(change.architecture, options.architecture));
  TRY(refuse_unsupported_members(fields));
  auto source = decode_source(fields, "");
  if ((decoded.refused = refusal(problems))) return decoded;
  TRY(static_cast<catalog::ArchiveSource&>(change), std::move(source));
  return decoded;
}

}  // namespace

Task<http::Response> update_function_code(Context& context, Call& call) {
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  std::function<Result<DecodedCode>()> work =
      [body = std::make_shared<const std::string>(std::move(call.request.body)),
       &options = context.options] { return decode_request(*body, options); };
  const std::size_t size = call.body_bytes;
  CO_TRY(auto decoded,
         co_await off_shard_if_large<DecodedCode>(context.blocking, size, std::move(work)));
  if (decoded.refused) co_return std::move(*decoded.refused);
  const Progress progress = decoded.change.is_dry_run ? Progress::settled : Progress::updating;
  const bool is_published = decoded.change.is_published && !decoded.change.is_dry_run;
  CO_TRY(const auto record,
         co_await context.catalog.update_code(std::move(ref), std::move(decoded.change)));
  const model::FunctionPtr function = is_published ? record->newest_version() : record->latest;
  const auto answer =
      function_configuration(*function, progress, is_published ? function->version : "");
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
