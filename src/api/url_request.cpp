#include "api/url_request.h"

#include "api/host_name.h"

#include <algorithm>

namespace proa::api {
namespace {

constexpr std::string_view kLabel = "lambda-url";
constexpr std::size_t kIdSize = 32;

bool is_id(std::string_view text) {
  return text.size() == kIdSize && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

/// The text before the first '.', which is taken off `name`.
std::string_view take_label(std::string_view& name) {
  const std::size_t dot = name.find('.');
  const std::string_view label = name.substr(0, dot);
  name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  return label;
}

std::optional<UrlRequest> find_by_path(const http::Request& request) {
  const bool is_url = request.segments.size() >= 2 && request.segments[0] == kLabel;
  if (!is_url || !is_id(request.segments[1])) return std::nullopt;
  UrlRequest target;
  target.id = request.segments[1];
  // "/lambda-url/ID": neither part has anything to encode, and encoded they are not taken.
  target.path = request.raw_path();
  const std::string begin = "/" + std::string(kLabel) + "/" + std::string(target.id);
  if (!target.path.starts_with(begin)) return std::nullopt;
  target.path.remove_prefix(begin.size());
  if (target.path.empty()) target.path = "/";
  return target;
}

std::optional<UrlRequest> find_by_host(const http::Request& request) {
  const auto host = request.headers.find("Host");
  if (!host || host->find(kLabel) == std::string_view::npos) return std::nullopt;
  std::string_view name = host_name(*host);
  UrlRequest target;
  target.id = take_label(name);
  const bool is_url = take_label(name) == kLabel;
  target.region = take_label(name);
  if (!is_url || !is_id(target.id) || target.region.empty() || name.empty()) return std::nullopt;
  target.path = request.raw_path();
  if (target.path.empty()) target.path = "/";
  return target;
}

}  // namespace

std::optional<UrlRequest> find_url_request(const http::Request& request) {
  if (auto target = find_by_path(request)) return target;
  return find_by_host(request);
}

std::string url_address(const http::Request& request, const model::FunctionUrl& url,
                        std::string_view region) {
  const std::string_view host = request.headers.find("Host").value_or("localhost");
  const std::string_view name = host_name(host);
  const std::string_view port = host.substr(std::min(host.size(), host.find(':', name.size())));
  const std::string scheme = request.is_tls ? "https://" : "http://";
  if (is_address(name) && !is_loopback_name(name)) {
    return scheme + std::string(host) + "/" + std::string(kLabel) + "/" + url.id + "/";
  }
  const std::string_view base = is_loopback_name(name) ? "localhost" : name;
  return scheme + url.id + "." + std::string(kLabel) + "." + std::string(region) + "." +
         std::string(base) + std::string(port) + "/";
}

}  // namespace proa::api
