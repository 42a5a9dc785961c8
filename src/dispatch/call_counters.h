// CallCounters: what one shard has counted of calls, by function version. Private to dispatch/,
// but for main, which collects it (metrics.h).
#pragma once

#include "catalog/catalog.h"
#include "dispatch/admission.h"
#include "model/function.h"
#include "model/invocation.h"
#include "telemetry/metrics.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace proa::dispatch {

/// Upper bounds of histograms, in microseconds. A function's time: 0.5 ms to five minutes.
inline constexpr auto kCallBounds = std::to_array<std::int64_t>(
    {500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000,
     2'500'000, 5'000'000, 10'000'000, 60'000'000, 300'000'000});
inline constexpr auto kInitBounds =
    std::to_array<std::int64_t>({1'000, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000,
                                 1'000'000, 2'500'000, 5'000'000, 10'000'000});
/// What Proa adds: 50 us to half a minute.
inline constexpr auto kOverheadBounds =
    std::to_array<std::int64_t>({50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000,
                                 100'000, 250'000, 500'000, 1'000'000, 5'000'000, 30'000'000});

using CallDurations = telemetry::Durations<kCallBounds>;
using InitDurations = telemetry::Durations<kInitBounds>;
using OverheadDurations = telemetry::Durations<kOverheadBounds>;

/// Which limit a call was over.
enum class Limit { function, account, host };
inline constexpr std::size_t kLimits = 3;
inline constexpr std::size_t kErrcs = static_cast<std::size_t>(Errc::internal) + 1;

/// Of one function version on one shard; a plain value.
struct FunctionCounts {
  std::array<std::uint64_t, model::kStarts> starts{};  ///< of calls that ran
  std::array<std::uint64_t, model::kFailureKinds> failures{};
  std::array<std::uint64_t, kLimits> throttles{};
  std::array<std::uint64_t, kErrcs> refusals{};  ///< calls that did not run, but for throttles
  CallDurations durations;
  InitDurations inits;

  FunctionCounts& operator+=(const FunctionCounts& other);
};

/// A copy of them, with what tells it apart.
struct CountedFunction {
  std::string account_id;
  std::string region;
  std::string name;
  std::string version;
  FunctionCounts counts;
  std::uint32_t running = 0;             ///< of all versions, on all shards
  std::uint32_t running_in_account = 0;  ///< of functions without reserved concurrency
};

/// The overhead of calls, by how their environment came to be.
using Overheads = std::array<OverheadDurations, model::kStarts>;

/// What a shard gives to whoever collects.
struct CallCounts {
  std::vector<CountedFunction> functions;
  Overheads overheads{};
};

/// Owned by its ShardDispatcher; its shard's thread only. Functions that no longer exist are
/// forgotten, so that it stays as large as the catalog; those that were updated go on counting.
class CallCounters {
 public:
  explicit CallCounters(const catalog::Catalog& catalog) : catalog_(catalog) {}

  /// Where calls of `function` count. Shared with calls that run: they may end after it is
  /// forgotten.
  std::shared_ptr<FunctionCounts> of(const model::FunctionVersion& function,
                                     const Admission::Counts& running);
  /// `took` is the call's whole time in the dispatcher.
  void count(FunctionCounts& counts, const Result<model::InvocationResult>& result,
             std::chrono::microseconds took);
  /// A call that was not admitted.
  static void count_refusal(FunctionCounts& counts, const Error& error);
  CallCounts collect();
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    CountedFunction function;  ///< its counts stay empty
    std::shared_ptr<FunctionCounts> counts;
    Admission::Counts running;
  };
  void forget_deleted();

  const catalog::Catalog& catalog_;
  std::unordered_map<std::string, Entry> entries_;
  std::size_t sweep_at_ = 1024;  ///< so many functions: time to look for deleted ones
  Overheads overheads_{};
};

}  // namespace proa::dispatch
