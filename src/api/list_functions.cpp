// ListFunctions: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
#include "api/errors.h"
#include "api/function_output.h"
#include "api/operations.h"
#include "api/paging.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

constexpr std::size_t kPageMax = 50;  ///< Lambda gives no more, whatever MaxItems says
constexpr std::int64_t kMaxItemsMost = 10'000;

struct Page {
  std::string after;  ///< name that the page before ended with
  std::size_t size = kPageMax;
  bool shows_versions = false;
};

Page decode(const http::Request& request, Problems& problems) {
  Page page;
  page.size = decode_page_size(request, kMaxItemsMost, kPageMax, problems);
  if (const auto versions = request.query_value("FunctionVersion")) {
    page.shows_versions = *versions == "ALL";
    if (!page.shows_versions)
      problems.violate(*versions, "functionVersion", "satisfy enum value set: [ALL]");
  }
  return page;
}

}  // namespace

Task<http::Response> list_functions(Context& context, Call& call) {
  Problems problems;
  Page page = decode(call.request, problems);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (call.request.query_value("MasterRegion")) {
    co_return Error(Errc::unsupported, "MasterRegion is not supported by Proa yet");
  }
  CO_TRY(page.after, decode_marker(call.request, "ListFunctions"));
  // One more than the page shows whether there is a next one.
  auto records = context.catalog.list(call.scope, page.after, page.size + 1);
  boost::json::object answer;
  if (records.size() > page.size) {
    records.resize(page.size);
    answer["NextMarker"] = make_marker(records.back()->latest->name);
  }
  boost::json::array functions;
  for (const auto& record : records) {
    auto entry = function_configuration(*record->latest, Progress::settled, page.shows_versions);
    // Lists leave out what a state is about.
    for (const char* key : {"State", "LastUpdateStatus"}) entry.erase(key);
    functions.push_back(std::move(entry));
  }
  answer["Functions"] = std::move(functions);
  co_return json_response(200, boost::json::serialize(answer));
}

}  // namespace proa::api
