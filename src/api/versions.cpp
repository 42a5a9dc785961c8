// PublishVersion and ListVersionsByFunction:
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_output.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

catalog::VersionRequest decode_version(const Fields& fields) {
  catalog::VersionRequest request;
  request.code_sha256 = fields.text("CodeSha256");
  request.description = fields.text("Description");
  request.revision_id = fields.text("RevisionId");
  if (request.description) {
    check_length(*request.description, kDescriptionMax, "description", fields.problems());
  }
  return request;
}

}  // namespace

Task<http::Response> publish_version(Context& context, Call& call) {
  Problems problems;
  const boost::json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto request = decode_version(fields);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (fields.says_something("PublishTo")) {
    co_return Error(Errc::unsupported, "PublishTo is not supported by Proa yet");
  }
  CO_TRY(auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  CO_TRY(const auto version,
         co_await context.catalog.publish_version(std::move(ref), std::move(request)));
  const auto answer = function_configuration(*version, Progress::settled, version->version);
  co_return json_response(201, boost::json::serialize(answer));
}

Task<http::Response> list_versions_by_function(Context& context, Call& call) {
  Problems problems;
  const std::size_t size = decode_page_size(call.request, kMaxItemsMost, kPageMax, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(const auto ref, model::parse_function_ref(call.parameters[0], std::nullopt, call.scope));
  CO_TRY(const auto after, decode_marker(call.request, "ListVersionsByFunction"));
  CO_TRY(const auto record, context.catalog.find(ref));
  boost::json::object answer;
  boost::json::array versions;
  if (after.empty()) {
    versions.push_back(listed_configuration(*record->latest, record->latest->version));
  }
  std::string last = record->latest->version;
  // Behind $LATEST, whose place has no number, all of them.
  const std::uint64_t behind = catalog::parse_version_number(after).value_or(0);
  for (auto at = record->versions.upper_bound(behind); at != record->versions.end(); ++at) {
    if (versions.size() == size) {
      answer["NextMarker"] = make_marker(last);
      break;
    }
    last = at->second->version;
    versions.push_back(listed_configuration(*at->second, last));
  }
  answer["Versions"] = std::move(versions);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
