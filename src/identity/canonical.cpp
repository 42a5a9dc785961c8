#include "identity/canonical.h"

#include <boost/container/small_vector.hpp>

#include <algorithm>

namespace proa::identity {
namespace {

bool is_name(std::string_view field, std::string_view lower_name) {
  return field.size() == lower_name.size() &&
         std::equal(field.begin(), field.end(), lower_name.begin(),
                    [](char a, char b) { return lower_ascii(a) == b; });
}

/// Percent-encodes all but unreserved characters.
void append_encoded(std::string_view text, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 15U]);
  }
}

void append_path(std::string_view path, std::string& out) {
  boost::container::small_vector<std::string_view, 8> segments;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (!segments.empty()) {
      segments.pop_back();
    }
  }
  for (const std::string_view segment : segments) {
    out.push_back('/');
    append_encoded(segment, out);
  }
  if (segments.empty() || path.ends_with('/')) out.push_back('/');
}

struct Parameter {
  std::string name;
  std::string value;
};

void append_query(const http::Request& request, bool is_presigned, std::string& out) {
  if (request.query.empty()) return;
  boost::container::small_vector<Parameter, 8> parameters;
  for (const http::QueryParameter& one : request.query) {
    if (is_presigned && one.name == "X-Amz-Signature") continue;
    Parameter& encoded = parameters.emplace_back();
    append_encoded(one.name, encoded.name);
    append_encoded(one.value, encoded.value);
  }
  std::sort(parameters.begin(), parameters.end(), [](const Parameter& a, const Parameter& b) {
    return a.name != b.name ? a.name < b.name : a.value < b.value;
  });
  bool is_first = true;
  for (const Parameter& one : parameters) {
    if (!is_first) out.push_back('&');
    is_first = false;
    out.append(one.name).append("=").append(one.value);
  }
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The value without blanks around it, and with one space where there are several.
void append_trimmed(std::string_view value, std::string& out) {
  bool has_gap = false;
  const std::size_t begin = out.size();
  for (const char c : value) {
    if (is_blank(c)) {
      has_gap = out.size() > begin;
      continue;
    }
    if (has_gap) out.push_back(' ');
    has_gap = false;
    out.push_back(c);
  }
}

void append_header(const http::Headers& headers, std::string_view name, std::string& out) {
  out.append(name).push_back(':');
  bool is_first = true;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto [field, value] = headers.at(i);
    if (!is_name(field, name)) continue;
    if (!is_first) out.push_back(',');
    is_first = false;
    append_trimmed(value, out);
  }
  out.push_back('\n');
}

}  // namespace

void append_canonical(const http::Request& request,
                      std::span<const std::string_view> signed_headers,
                      std::string_view payload_hash, bool is_presigned, std::string& out) {
  out.append(request.method).push_back('\n');
  append_path(request.raw_path(), out);
  out.push_back('\n');
  append_query(request, is_presigned, out);
  out.push_back('\n');
  for (const std::string_view name : signed_headers) append_header(request.headers, name, out);
  out.push_back('\n');
  bool is_first = true;
  for (const std::string_view name : signed_headers) {
    if (!is_first) out.push_back(';');
    is_first = false;
    out.append(name);
  }
  out.append("\n").append(payload_hash);
}

}  // namespace proa::identity
