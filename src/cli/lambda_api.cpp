#include "cli/lambda_api.h"

#include "cli/answer.h"

namespace proa::cli {

namespace json = boost::json;

std::string functions_path(std::string_view name, std::string_view rest, std::string_view date) {
  return std::string("/").append(date).append("/functions/").append(http::percent_encode(name)) +
         std::string(rest);
}

Result<json::array> ask_all(const Surroundings& surroundings, const std::string& target,
                            const Listing& listing) {
  json::array all;
  std::string marker;
  for (;;) {
    std::string page_target = target;
    add_parameter(page_target, listing.parameter, marker);
    TRY(const auto page, ask(surroundings, "GET", page_target));
    TRY(auto items, array_in(page, listing.items));
    for (auto& item : items) all.push_back(std::move(item));
    std::string next = text_in(page, listing.next);
    if (next.empty()) return all;
    if (next == marker) {
      return Error(Errc::corrupt, "the daemon's list does not end: its page after '" + marker +
                                      "' is that page again");
    }
    marker = std::move(next);
  }
}

}  // namespace proa::cli
