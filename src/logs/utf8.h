// UTF-8 out of any bytes. Private to logs/.
#pragma once

#include <string>
#include <string_view>

namespace proa::logs {

/// `bytes` with U+FFFD for each maximal part that is no UTF-8 (Unicode 15, section 3.9: the
/// practice of the W3C's encoding standard).
std::string valid_utf8(std::string_view bytes);

}  // namespace proa::logs
