// What --otlp-endpoint and --otlp-headers-file say.
#include "otlp/otlp.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>

namespace proa::otlp {
namespace {

template <class View>
std::string text_of(const View& view) {
  return std::string(view.data(), view.size());
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// RFC 9110, section 5.6.2.
bool is_field_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7E); });
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed || parsed->host().empty()) {
    return Error(Errc::invalid, "expected http://HOST:PORT, got '" + text + "'");
  }
  const boost::urls::url_view& url = *parsed;
  if (url.scheme() == "https") {
    return Error(Errc::unsupported,
                 "https is not supported by Proa yet: send to a collector on this host by http://, "
                 "and let it speak TLS");
  }
  if (url.scheme() != "http") {
    return Error(Errc::unsupported,
                 "only http:// is supported, not '" + text_of(url.scheme()) + "://'");
  }
  if (url.has_query() || url.has_fragment() || url.has_userinfo()) {
    return Error(Errc::invalid, "expected http://HOST:PORT without user, query and fragment");
  }
  Endpoint endpoint;
  endpoint.host = url.host_address();
  if (url.has_port()) {
    const std::string port = text_of(url.port());
    const auto [end, failed] =
        std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (failed != std::errc() || end != port.data() + port.size() || endpoint.port == 0) {
      return Error(Errc::invalid, "'" + port + "' is no port");
    }
  }
  endpoint.path = text_of(url.encoded_path());
  while (endpoint.path.ends_with("/")) endpoint.path.pop_back();
  return endpoint;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_headers(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> headers;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty() || line.starts_with("#")) continue;
    const std::size_t colon = line.find(':');
    const std::string_view name = trimmed(line.substr(0, colon));
    if (colon == line.npos || !is_field_name(name)) {
      return Error(Errc::invalid, "line " + std::to_string(number) + " is not 'Name: value'");
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_field_value(value)) {
      return Error(Errc::invalid, "line " + std::to_string(number) +
                                      ": a value has only printable ASCII characters");
    }
    headers.emplace_back(name, value);
  }
  return headers;
}

}  // namespace proa::otlp
