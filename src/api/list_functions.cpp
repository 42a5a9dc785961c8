// ListFunctions: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
#include "api/errors.h"
#include "api/function_output.h"
#include "api/operations.h"
#include "base/encoding.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>

namespace proa::api {
namespace {

constexpr std::size_t kPageMax = 50;  ///< Lambda gives no more, whatever MaxItems says
constexpr std::int64_t kMaxItemsMost = 10'000;

struct Page {
  std::string after;
  std::size_t size = kPageMax;
  bool shows_versions = false;
};

Page decode(const http::Request& request, Problems& problems) {
  Page page;
  if (const auto text = request.query_value("MaxItems")) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size()) {
      problems.mismatch("The value of 'MaxItems' is not an integer");
      return page;
    }
    check_range(number, 1, kMaxItemsMost, "maxItems", problems);
    if (problems.empty())
      page.size = std::min<std::size_t>(static_cast<std::size_t>(number), kPageMax);
  }
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
  // The marker is the last name of the page before, in base64 so that nobody builds on it.
  if (const auto marker = call.request.query_value("Marker"); marker && !marker->empty()) {
    auto name = from_base64(*marker);
    if (!name)
      co_return Error(Errc::invalid,
                      "The Marker '" + std::string(*marker) + "' is not one of ListFunctions");
    page.after = std::move(*name);
  }
  // One more than the page shows whether there is a next one.
  auto records = context.catalog.list(call.scope, page.after, page.size + 1);
  boost::json::object answer;
  if (records.size() > page.size) {
    records.resize(page.size);
    answer["NextMarker"] = to_base64(records.back()->latest->name);
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
