#include "telemetry_export.h"

#include "base/run_on.h"
#include "otlp/metrics.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>

namespace proa::apps {
namespace asio = boost::asio;
namespace {

/// Spans of a request: some 500 bytes each in JSON.
constexpr std::size_t kSpansMax = 512;
constexpr std::chrono::seconds kSpansEvery{1};
/// How long a collector gets for what is left at the end.
constexpr std::chrono::seconds kLastExport{3};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

otlp::Identity identity_of_this_start(Clock& clock) {
  otlp::Identity identity;
  identity.version = PROA_VERSION;
  identity.instance_id = RandomSource().uuid();
  identity.host_name = host_name();
  identity.started = clock.wall_now();
  return identity;
}

TelemetryExport::TelemetryExport(Options options, const std::vector<std::unique_ptr<Shard>>& shards,
                                 const DaemonMetrics& metrics, logs::LogKeeper& logs, Clock& clock)
    : shards_(shards),
      metrics_(metrics),
      clock_(clock),
      identity_(std::move(options.identity)),
      logs_(logs, options.data, identity_, clock, options.log),
      overflowed_(shards.size()) {
  std::vector<otlp::Signal> signals(3);
  signals[0].name = "metrics";
  signals[0].every = options.metrics_every;
  signals[0].take = [this] { return take_metrics(); };
  signals[1].name = "traces";
  signals[1].every = kSpansEvery;
  signals[1].take = [this] { return take_spans(); };
  signals[2] = logs_.signal();
  exporter_ = std::make_unique<otlp::Exporter>(thread_.get_executor(), clock, options.log,
                                               std::move(options.exporter), std::move(signals));
}

TelemetryExport::~TelemetryExport() {
  thread_.stop();  // nothing is left after stop()
  thread_.join();
}

void TelemetryExport::start() {
  asio::post(thread_, [this] { exporter_->start(); });
}

void TelemetryExport::stop() {
  auto closed = exporter_->close(clock_.steady_now() + kLastExport);
  auto result = asio::co_spawn(thread_, boxed<void>(std::move(closed)), asio::use_future);
  (void)result.get();
}

void TelemetryExport::describe(telemetry::MetricPage& page) const {
  otlp::describe(exporter_.get(), overflowed_sum_, page);
}

asio::awaitable<otlp::Taken> TelemetryExport::take_metrics() {
  const telemetry::MetricPage page = co_await metrics_.collect();
  otlp::Batch batch;
  for (const auto& family : page.families()) batch.items += family.samples.size();
  batch.body = otlp::metrics_body(page, identity_, clock_.wall_now());
  otlp::Taken taken;
  taken.batches.push_back(std::move(batch));
  co_return taken;
}

asio::awaitable<otlp::Taken> TelemetryExport::take_spans() {
  otlp::Taken out;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    Shard& shard = *shards_[i];
    dispatch::TakenSpans taken = co_await await_on(shard.executor(), shard.take_spans());
    overflowed_[i] = taken.dropped;
    auto& spans = taken.spans;
    for (std::size_t begin = 0; begin < spans.size(); begin += kSpansMax) {
      const auto first = spans.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto last =
          first + static_cast<std::ptrdiff_t>(std::min(kSpansMax, spans.size() - begin));
      const std::vector<telemetry::CallSpan> part(std::make_move_iterator(first),
                                                  std::make_move_iterator(last));
      out.batches.push_back({otlp::traces_body(part, identity_), part.size()});
    }
  }
  overflowed_sum_ = std::accumulate(overflowed_.begin(), overflowed_.end(), std::uint64_t{0});
  co_return out;
}

}  // namespace proa::apps
