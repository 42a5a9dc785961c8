// ListFunctions: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
#include "api/errors.h"
#include "api/function_output.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

struct Page {
  std::string after;  ///< name that the page before ended with
  std::size_t size = kPageMax;
  bool shows_versions = false;
};

Page decode_listing(const http::Request& request, Problems& problems) {
  Page page;
  page.size = decode_page_size(request, kMaxItemsMost, kPageMax, problems);
  if (const auto versions = request.query_value("FunctionVersion")) {
    page.shows_versions = *versions == "ALL";
    if (!page.shows_versions)
      problems.violate(*versions, "functionVersion", "satisfy enum value set: [ALL]");
  }
  return page;
}

/// Calls `take(version, place)` with what stands behind the page before, in order, until it says
/// no. A place is a function's name, or with versions NAME:NUMBER (0: $LATEST).
template <class Take>
void for_each_listed(const catalog::Catalog& catalog, const model::Scope& scope, const Page& page,
                     Take&& take) {
  const std::size_t colon = page.after.find(':');
  const std::string name = page.after.substr(0, colon);
  const auto number = catalog::parse_version_number(
      colon == std::string::npos ? std::string() : page.after.substr(colon + 1));
  std::vector<catalog::FunctionRecordPtr> records;
  if (page.shows_versions && !name.empty()) {
    // The rest of the function that the page before ended in.
    const auto record = catalog.find({scope.account_id, scope.region, name, std::nullopt});
    if (record) records.push_back(record.value());
  }
  // One more than the page shows whether there is a next one.
  for (auto& record : catalog.list(scope, name, page.size + 1))
    records.push_back(std::move(record));
  for (const auto& record : records) {
    const std::string& named = record->latest->name;
    const bool is_begun = named == name;
    if (!is_begun && !take(*record->latest, page.shows_versions ? named + ":0" : named)) return;
    if (!page.shows_versions) continue;
    const std::uint64_t after = is_begun ? number.value_or(0) : 0;
    for (auto at = record->versions.upper_bound(after); at != record->versions.end(); ++at) {
      if (!take(*at->second, named + ":" + std::to_string(at->first))) return;
    }
  }
}

}  // namespace

Task<http::Response> list_functions(Context& context, Call& call) {
  Problems problems;
  Page page = decode_listing(call.request, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (call.request.query_value("MasterRegion")) {
    co_return Error(Errc::unsupported, "MasterRegion is not supported by Proa yet");
  }
  CO_TRY(page.after, decode_marker(call.request, "ListFunctions"));
  boost::json::object answer;
  boost::json::array functions;
  std::string last;
  const auto take = [&](const model::FunctionVersion& function, const std::string& place) {
    if (functions.size() == page.size) {
      answer["NextMarker"] = make_marker(last);
      return false;
    }
    functions.push_back(
        listed_configuration(function, page.shows_versions ? function.version : std::string()));
    last = place;
    return true;
  };
  for_each_listed(context.catalog, call.scope, page, take);
  answer["Functions"] = std::move(functions);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
