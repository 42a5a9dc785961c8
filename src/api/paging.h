// MaxItems and Marker of the list operations. Private to api/.
#pragma once

#include "api/problems.h"
#include "base/result.h"
#include "http/http.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proa::api {

inline constexpr std::size_t kPageMax = 50;  ///< Lambda gives no more, whatever MaxItems says
inline constexpr std::int64_t kMaxItemsMost = 10'000;  ///< that most operations let one say

/// How many items the answer may have: MaxItems (1 to `most`, else a problem), at most `page_max`.
std::size_t decode_page_size(const http::Request& request, std::int64_t most, std::size_t page_max,
                             Problems& problems);

/// What make_marker() was given for the page before, or "" for the first page. Errc: invalid (not a
/// marker; names `operation`).
Result<std::string> decode_marker(const http::Request& request, std::string_view operation);

/// The last item of a page, in base64 so that nobody builds on it.
std::string make_marker(std::string_view last);

}  // namespace proa::api
