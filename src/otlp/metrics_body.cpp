#include "otlp/resource.h"

#include <boost/json/serialize.hpp>

namespace proa::otlp {
namespace {

namespace json = boost::json;
using telemetry::HistogramValue;
using telemetry::MetricPage;
using telemetry::MetricType;

/// AGGREGATION_TEMPORALITY_CUMULATIVE: since the daemon started.
constexpr int kCumulative = 2;

/// By the name's end; https://ucum.org, as the conventions want.
std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "s";
  if (name.ends_with("_bytes")) return "By";
  return "1";
}

struct Times {
  std::string start;
  std::string now;
};

json::object point_of(const telemetry::Labels& labels, const Times& times, bool is_cumulative) {
  Attributes attributes;
  for (const auto& [name, value] : labels.pairs()) attributes.add(name, value);
  json::object point;
  point["attributes"] = attributes.take();
  if (is_cumulative) point["startTimeUnixNano"] = times.start;
  point["timeUnixNano"] = times.now;
  return point;
}

json::object histogram_point(const MetricPage::Sample& sample, const Times& times) {
  json::object point = point_of(sample.labels, times, true);
  const auto& value = std::get<HistogramValue>(sample.value);
  json::array counts, bounds;
  std::uint64_t sum = 0;
  for (const std::uint64_t count : value.counts) {
    counts.push_back(json::string(integer(count)));
    sum += count;
  }
  for (const double bound : value.bounds) bounds.push_back(bound);
  point["count"] = integer(sum);
  point["sum"] = value.sum;
  point["bucketCounts"] = std::move(counts);
  point["explicitBounds"] = std::move(bounds);
  return point;
}

json::object metric_of(const MetricPage::Family& family, const Times& times) {
  const MetricType type = family.metric.type;
  json::array points;
  for (const MetricPage::Sample& sample : family.samples) {
    if (type == MetricType::histogram) {
      points.push_back(histogram_point(sample, times));
      continue;
    }
    json::object point = point_of(sample.labels, times, type == MetricType::counter);
    point["asDouble"] = std::get<double>(sample.value);
    points.push_back(std::move(point));
  }
  json::object content;
  content["dataPoints"] = std::move(points);
  if (type != MetricType::gauge) content["aggregationTemporality"] = kCumulative;
  if (type == MetricType::counter) content["isMonotonic"] = true;
  json::object out;
  out["name"] = family.metric.name;
  out["description"] = family.metric.help;
  out["unit"] = unit_of(family.metric.name);
  std::string_view kind = "gauge";
  if (type == MetricType::counter) kind = "sum";
  if (type == MetricType::histogram) kind = "histogram";
  out[kind] = std::move(content);
  return out;
}

json::object daemon_resource(const Identity& identity) {
  Attributes attributes;
  attributes.add("service.name", "proa");
  attributes.add("service.version", identity.version);
  attributes.add("service.instance.id", identity.instance_id);
  attributes.add("host.name", identity.host_name);
  json::object resource;
  resource["attributes"] = attributes.take();
  return resource;
}

}  // namespace

std::string metrics_body(const MetricPage& page, const Identity& identity, WallTime now) {
  const Times times{unix_nanoseconds(identity.started), unix_nanoseconds(now)};
  json::array metrics;
  for (const MetricPage::Family& family : page.families()) {
    if (!family.samples.empty()) metrics.push_back(metric_of(family, times));
  }
  json::object scoped;
  scoped["scope"] = scope_of(identity);
  scoped["metrics"] = std::move(metrics);
  json::object resource;
  resource["resource"] = daemon_resource(identity);
  resource["scopeMetrics"] = json::array{std::move(scoped)};
  json::object body;
  body["resourceMetrics"] = json::array{std::move(resource)};
  return json::serialize(body);
}

}  // namespace proa::otlp
