// KnownFunctions: what names mean to one shard, so that a warm call asks nobody.
#pragma once

#include "base/random.h"
#include "catalog/catalog.h"
#include "dispatch/admission.h"
#include "dispatch/call_counters.h"
#include "dispatch/call_gate.h"
#include "model/function_ref.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace proa::dispatch {

/// A name's meaning while the catalog does not change: everything a call needs before it is placed.
struct KnownFunction {
  std::uint64_t generation = 0;  ///< of the catalog, when this was true
  /// Weak: what is cached here must not keep a deleted function's code on the disk.
  std::weak_ptr<const model::FunctionVersion> function;
  std::optional<catalog::AliasRoute> other;  ///< of an alias that leads to two versions
  std::optional<std::uint32_t> reserved;     ///< reserved concurrency
  std::uint32_t all_reserved = 0;            ///< of the account and region
  Admission::Counts counts;
  std::shared_ptr<FunctionCounts> counted;  ///< what is told of its calls on this shard
  std::shared_ptr<CallGate> gate;           ///< shared with the turns taken
};

/// A cache in front of catalog and admission, checked by the catalog's generation. Owned by its
/// ShardDispatcher; its shard's thread only.
class KnownFunctions {
 public:
  KnownFunctions(boost::asio::any_io_executor executor, catalog::Catalog& catalog,
                 Admission& admission, CallCounters& counters);

  /// A version, and what is known of it until the next call of find().
  using Found = std::pair<model::FunctionPtr, KnownFunction*>;
  /// What `ref` means now; of an alias that leads to two, the one whose turn it is by chance.
  /// Errc: not_found, as Catalog::resolve().
  Result<Found> find(const model::FunctionRef& ref);

  /// Calls that wait for their turn (call_gate.h), by function; those without any are left out.
  std::vector<std::pair<model::FunctionPtr, std::size_t>> waiting() const;

 private:
  struct Hash {
    std::size_t operator()(const model::FunctionRef& ref) const;
  };
  struct Equal {
    bool operator()(const model::FunctionRef& a, const model::FunctionRef& b) const;
  };

  Result<Found> look_up(const model::FunctionRef& ref);
  bool is_drawn(double weight);
  Result<model::FunctionPtr> renew(const model::FunctionRef& ref, KnownFunction& known);
  std::uint32_t all_reserved(const model::FunctionVersion& function, std::uint64_t generation);
  void forget_old();

  boost::asio::any_io_executor executor_;
  catalog::Catalog& catalog_;
  Admission& admission_;
  CallCounters& counters_;
  std::unordered_map<model::FunctionRef, KnownFunction, Hash, Equal> known_;
  std::unordered_map<std::string, std::uint32_t> reserved_;  ///< of an account and region
  std::uint64_t reserved_generation_ = 0;
  RandomSource random_;
};

}  // namespace proa::dispatch
