#include "dispatch/metrics.h"

#include <map>
#include <tuple>

namespace proa::dispatch {
namespace {

using telemetry::Labels;
using telemetry::MetricPage;

constexpr std::string_view kReserved = "ReservedFunctionConcurrentInvocationLimitExceeded";
constexpr std::string_view kUnreservedReason = "ConcurrentInvocationLimitExceeded";

double as_number(std::uint64_t count) { return static_cast<double>(count); }

/// One function version over all shards, in the order of names.
using Key = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
using Merged = std::map<Key, CountedFunction>;

Merged merged(const std::vector<CallCounts>& shards) {
  Merged all;
  for (const CallCounts& shard : shards) {
    for (const CountedFunction& one : shard.functions) {
      const Key key{one.account_id, one.region, one.name, one.version};
      const auto [place, is_new] = all.try_emplace(key, one);
      if (!is_new) place->second.counts += one.counts;
    }
  }
  return all;
}

void describe_throttles(const FunctionCounts& counts, const Labels& labels, MetricPage& page) {
  const auto add = [&](Limit limit, std::string_view reason, std::string_view of) {
    page.add(metrics::kThrottles, as_number(counts.throttles[static_cast<std::size_t>(limit)]),
             labels.with("reason", reason).with("limit", of));
  };
  add(Limit::function, kReserved, "function");
  add(Limit::account, kUnreservedReason, "account");
  add(Limit::host, kUnreservedReason, "host");
}

void describe_version(const FunctionCounts& counts, const Labels& labels, MetricPage& page) {
  for (std::size_t i = 0; i < model::kStarts; ++i) {
    page.add(metrics::kInvocations, as_number(counts.starts[i]),
             labels.with("start", to_string(static_cast<model::Start>(i))));
  }
  for (std::size_t i = 0; i < model::kFailureKinds; ++i) {
    page.add(metrics::kErrors, as_number(counts.failures[i]),
             labels.with("kind", to_string(static_cast<model::FailureKind>(i))));
  }
  describe_throttles(counts, labels, page);
  // Rare, and of many kinds: a series begins when it happens.
  for (std::size_t i = 0; i < kErrcs; ++i) {
    if (counts.refusals[i] == 0) continue;
    page.add(metrics::kRefusals, as_number(counts.refusals[i]),
             labels.with("error", to_string(static_cast<Errc>(i))));
  }
  page.add(metrics::kDurations, counts.durations, labels);
  page.add(metrics::kInits, counts.inits, labels);
}

void describe_running(const Merged& all, MetricPage& page) {
  // Versions of a function, and functions of an account, follow each other.
  const CountedFunction* last = nullptr;
  for (const auto& [key, one] : all) {
    const bool is_same_account =
        last != nullptr && last->account_id == one.account_id && last->region == one.region;
    if (!is_same_account || last->name != one.name) {
      page.add(metrics::kRunning, one.running,
               {{"account", one.account_id}, {"region", one.region}, {"function", one.name}});
    }
    if (!is_same_account) {
      page.add(metrics::kUnreserved, one.running_in_account,
               {{"account", one.account_id}, {"region", one.region}});
    }
    last = &one;
  }
}

}  // namespace

void describe(const std::vector<CallCounts>& shards, std::uint32_t account_limit,
              MetricPage& page) {
  for (const auto& metric :
       {metrics::kInvocations, metrics::kErrors, metrics::kThrottles, metrics::kRefusals,
        metrics::kDurations, metrics::kInits, metrics::kRunning, metrics::kUnreserved}) {
    page.declare(metric);
  }
  const Merged all = merged(shards);
  for (const auto& [key, one] : all) {
    const Labels labels{{"account", one.account_id},
                        {"region", one.region},
                        {"function", one.name},
                        {"version", one.version}};
    describe_version(one.counts, labels, page);
  }
  describe_running(all, page);
  page.add(metrics::kAccountLimit, account_limit);
  Overheads overheads{};
  for (const CallCounts& shard : shards) {
    for (std::size_t i = 0; i < overheads.size(); ++i) overheads[i] += shard.overheads[i];
  }
  for (std::size_t i = 0; i < overheads.size(); ++i) {
    page.add(metrics::kOverhead, overheads[i],
             {{"start", to_string(static_cast<model::Start>(i))}});
  }
}

void describe(const Result<EventCounts>& events, MetricPage& page) {
  page.add(metrics::kAvailable, events ? 1 : 0);
  const std::array all{metrics::kWaiting,  metrics::kEventsRunning, metrics::kDelay,
                       metrics::kAccepted, metrics::kSucceeded,     metrics::kFailed,
                       metrics::kRetried,  metrics::kDeadLetters,   metrics::kDeadLetterBytes};
  for (const auto& metric : all) page.declare(metric);
  if (!events) return;
  const EventCounts& now = events.value();
  page.add(metrics::kWaiting, as_number(now.waiting));
  page.add(metrics::kEventsRunning, as_number(now.running));
  page.add(metrics::kDelay, static_cast<double>(now.delay.count()) / 1e3);
  page.add(metrics::kAccepted, as_number(now.accepted));
  page.add(metrics::kSucceeded, as_number(now.succeeded));
  page.add(metrics::kFailed, as_number(now.failed));
  page.add(metrics::kRetried, as_number(now.retried));
  page.add(metrics::kDeadLetters, as_number(now.dead_letters));
  page.add(metrics::kDeadLetterBytes, as_number(now.dead_letter_bytes));
}

}  // namespace proa::dispatch
