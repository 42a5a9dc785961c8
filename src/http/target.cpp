#include "http/http.h"

namespace proa::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// `target` without the scheme and authority of an absolute form.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos) return "/";
    return target.substr(path);
  }
  return target;
}

Error bad_target(const Request& request) {
  return Error(Errc::invalid,
               "the request target '" + request.target.substr(0, 200) + "' is malformed");
}

Result<void> split_path(Request& request, std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash in front
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == std::string_view::npos;
    path = is_last ? std::string_view() : path.substr(end);
    if (segment.empty() && is_last) break;  // a trailing slash
    auto decoded = percent_decode(segment, false);
    if (!decoded) return bad_target(request);
    request.segments.push_back(std::move(*decoded));
  }
  return ok();
}

Result<void> split_query(Request& request, std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>(std::string())
                                                  : percent_decode(pair.substr(equals + 1), true);
    if (!name || !value) return bad_target(request);
    request.query.push_back({std::move(*name), std::move(*value)});
  }
  return ok();
}

}  // namespace

std::string_view Request::raw_path() const {
  const std::string_view whole = without_authority(target);
  return whole.substr(0, whole.find('?'));
}

Result<void> parse_target(Request& request) {
  request.segments.clear();
  request.query.clear();
  if (request.target == "*") return ok();
  const std::string_view whole = without_authority(request.target);
  if (whole.empty() || (whole.front() != '/' && whole.front() != '?')) return bad_target(request);
  const std::size_t question = whole.find('?');
  TRY(split_path(request, whole.substr(0, question)));
  if (question == std::string_view::npos) return ok();
  return split_query(request, whole.substr(question + 1));
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  const bool is_plain = text.find('%') == std::string_view::npos &&
                        text.find('\0') == std::string_view::npos &&
                        (!plus_is_space || text.find('+') == std::string_view::npos);
  if (is_plain) return std::string(text);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kDigits[byte >> 4U]);
    encoded.push_back(kDigits[byte & 15U]);
  }
  return encoded;
}

}  // namespace proa::http
