// Metrics: numbers that the daemon counts of itself, and the page that tells them.
//
// Nouns: Metric (name, type and meaning; declared in the metrics.h of the folder that counts it,
// listed in docs/reference/metrics.md), Durations (a histogram of times), MetricPage (all values of
// one moment). Nothing is shared where things are counted: each shard has plain fields of its own,
// and who wants a page asks every shard for a copy (docs/decisions/0012-metrics.md).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace proa::telemetry {

enum class MetricType { counter, gauge, histogram };

/// One metric. Names follow https://prometheus.io/docs/practices/naming/: base units, `_total`.
struct Metric {
  std::string_view name;
  MetricType type;
  std::string_view help;
};

/// Names and values that tell the series of a metric apart; in order.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
    for (const auto& [name, value] : pairs) pairs_.emplace_back(name, value);
  }
  /// The same and one more.
  Labels with(std::string_view name, std::string_view value) const {
    Labels more = *this;
    more.pairs_.emplace_back(name, value);
    return more;
  }
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// Times, counted by the first of `kBounds` (microseconds, ascending) that they do not exceed. A
/// value: one thread counts in it, copies go anywhere.
template <const auto& kBounds>
struct Durations {
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< the last: over all bounds
  std::uint64_t sum_us = 0;

  void note(std::chrono::microseconds time) {
    const std::int64_t us = std::max<std::int64_t>(time.count(), 0);
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), us);
    ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
    sum_us += static_cast<std::uint64_t>(us);
  }
  Durations& operator+=(const Durations& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum_us += other.sum_us;
    return *this;
  }
};

/// The counts of a histogram as they stand on a page.
struct HistogramValue {
  std::vector<double> bounds;         ///< without +Inf
  std::vector<std::uint64_t> counts;  ///< of each bound alone, and one more
  double sum = 0;
};

/// Every metric's values at one moment. A value; any thread, one at a time.
class MetricPage {
 public:
  struct Sample {
    Labels labels;
    std::variant<double, HistogramValue> value;
  };
  struct Family {
    Metric metric;
    std::vector<Sample> samples;
  };

  /// The metric exists, whether or not there is a value.
  void declare(const Metric& metric) { family_of(metric); }
  void add(const Metric& metric, double value, Labels labels = {}) {
    family_of(metric).samples.push_back({std::move(labels), value});
  }
  /// In seconds, as every time on a page.
  template <const auto& kBounds>
  void add(const Metric& metric, const Durations<kBounds>& times, Labels labels = {}) {
    HistogramValue value;
    for (const std::int64_t bound : kBounds) {
      value.bounds.push_back(static_cast<double>(bound) / 1e6);
    }
    value.counts.assign(times.counts.begin(), times.counts.end());
    value.sum = static_cast<double>(times.sum_us) / 1e6;
    family_of(metric).samples.push_back({std::move(labels), std::move(value)});
  }
  /// In the order they were declared or added first.
  const std::vector<Family>& families() const { return families_; }

 private:
  Family& family_of(const Metric& metric);

  std::vector<Family> families_;
  std::map<std::string_view, std::size_t> index_;  ///< names live as long as the program
};

/// Prometheus's text format 0.0.4; kMetricsTextType is its Content-Type.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
std::string metrics_text(const MetricPage& page);
inline constexpr std::string_view kMetricsTextType = "text/plain; version=0.0.4; charset=utf-8";

/// What the operating system counts of this process, under the names that all of Prometheus's
/// client libraries use, and that dashboards know: process_cpu_seconds_total ...
/// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void describe_process(MetricPage& page);

}  // namespace proa::telemetry
