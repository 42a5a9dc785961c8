#include "api/paging.h"

#include "base/encoding.h"

#include <algorithm>
#include <charconv>

namespace proa::api {

std::size_t decode_page_size(const http::Request& request, std::int64_t most, std::size_t page_max,
                             Problems& problems) {
  const auto text = request.query_value("MaxItems");
  if (!text) return page_max;
  std::int64_t number = 0;
  const char* const text_end = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), text_end, number);
  if (error != std::errc() || end != text_end) {
    problems.mismatch("The value of 'MaxItems' is not an integer");
    return page_max;
  }
  check_range(number, 1, most, "maxItems", problems);
  if (number < 1) return page_max;
  return std::min<std::size_t>(static_cast<std::size_t>(number), page_max);
}

Result<std::string> decode_marker(const http::Request& request, std::string_view operation) {
  const auto marker = request.query_value("Marker");
  if (!marker || marker->empty()) return std::string();
  auto last = from_base64(*marker);
  if (last) return std::move(*last);
  return Error(Errc::invalid,
               "The Marker '" + std::string(*marker) + "' is not one of " + std::string(operation));
}

std::string make_marker(std::string_view last) { return to_base64(last); }

}  // namespace proa::api
