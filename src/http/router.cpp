#include "http/http.h"

namespace proa::http {

void Router::add(std::string_view method, std::string_view pattern, int id) {
  Route route;
  route.method = method;
  route.id = id;
  const std::size_t question = pattern.find('?');
  if (question != std::string_view::npos) {
    const std::string_view query = pattern.substr(question + 1);
    const std::size_t equals = query.find('=');
    route.query_name = query.substr(0, equals);
    if (equals != std::string_view::npos) route.query_value = query.substr(equals + 1);
    pattern = pattern.substr(0, question);
  }
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::size_t end = pattern.find('/');
    const std::string_view segment = pattern.substr(0, end);
    if (!segment.empty()) route.segments.emplace_back(segment.front() == '{' ? "" : segment);
    pattern = end == std::string_view::npos ? std::string_view() : pattern.substr(end);
  }
  routes_.push_back(std::move(route));
}

bool Router::fits(const Route& route, const Request& request) {
  if (route.segments.size() != request.segments.size() || route.method != request.method)
    return false;
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const bool is_parameter = route.segments[i].empty();
    if (is_parameter ? request.segments[i].empty() : route.segments[i] != request.segments[i]) {
      return false;
    }
  }
  return route.query_name.empty() || request.query_value(route.query_name) == route.query_value;
}

std::optional<RouteMatch> Router::find(const Request& request) const {
  for (const Route& route : routes_) {
    if (!fits(route, request)) continue;
    RouteMatch match;
    match.id = route.id;
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
      if (route.segments[i].empty()) match.parameters.emplace_back(request.segments[i]);
    }
    return match;
  }
  return std::nullopt;
}

}  // namespace proa::http
