#include "telemetry/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

namespace proa::telemetry {
namespace {

prometheus::MetricType type_of(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return prometheus::MetricType::Counter;
    case MetricType::gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram histogram_of(const HistogramValue& value) {
  prometheus::ClientMetric::Histogram out;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < value.counts.size(); ++i) {
    cumulative += value.counts[i];
    const double bound =
        i < value.bounds.size() ? value.bounds[i] : std::numeric_limits<double>::infinity();
    out.bucket.push_back({cumulative, bound});
  }
  out.sample_count = cumulative;
  out.sample_sum = value.sum;
  return out;
}

prometheus::ClientMetric client_metric_of(const MetricPage::Sample& sample, MetricType type) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : sample.labels.pairs()) out.label.push_back({name, value});
  if (const auto* histogram = std::get_if<HistogramValue>(&sample.value)) {
    out.histogram = histogram_of(*histogram);
  } else if (type == MetricType::counter) {
    out.counter.value = std::get<double>(sample.value);
  } else {
    out.gauge.value = std::get<double>(sample.value);
  }
  return out;
}

}  // namespace

MetricPage::Family& MetricPage::family_of(const Metric& metric) {
  const auto [place, is_new] = index_.try_emplace(metric.name, families_.size());
  if (is_new) families_.push_back({metric, {}});
  return families_[place->second];
}

std::string metrics_text(const MetricPage& page) {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(page.families().size());
  for (const MetricPage::Family& family : page.families()) {
    prometheus::MetricFamily& out = families.emplace_back();
    out.name = family.metric.name;
    out.help = family.metric.help;
    out.type = type_of(family.metric.type);
    out.metric.reserve(family.samples.size());
    for (const MetricPage::Sample& sample : family.samples) {
      out.metric.push_back(client_metric_of(sample, family.metric.type));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace proa::telemetry
