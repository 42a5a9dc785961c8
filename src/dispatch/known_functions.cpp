#include "dispatch/known_functions.h"

#include <array>
#include <cstring>
#include <limits>

namespace proa::dispatch {
namespace {
/// Names kept at most; beyond it those without a running call are forgotten.
constexpr std::size_t kKnownMax = 10'000;
}  // namespace

KnownFunctions::KnownFunctions(boost::asio::any_io_executor executor, catalog::Catalog& catalog,
                               Admission& admission, CallCounters& counters)
    : executor_(std::move(executor)),
      catalog_(catalog),
      admission_(admission),
      counters_(counters) {}

std::size_t KnownFunctions::Hash::operator()(const model::FunctionRef& ref) const {
  // Names differ, accounts and regions hardly do.
  const std::size_t name = std::hash<std::string_view>()(ref.name);
  return ref.qualifier ? name * 31 + std::hash<std::string_view>()(*ref.qualifier) : name;
}

bool KnownFunctions::Equal::operator()(const model::FunctionRef& a,
                                       const model::FunctionRef& b) const {
  return a.name == b.name && a.qualifier == b.qualifier && a.region == b.region &&
         a.account_id == b.account_id;
}

Result<KnownFunctions::Found> KnownFunctions::find(const model::FunctionRef& ref) {
  auto found = look_up(ref);
  if (!found || !found.value().second->other) return found;
  const catalog::AliasRoute& other = *found.value().second->other;
  if (!is_drawn(other.weight)) return found;
  model::FunctionRef version = ref;
  version.qualifier = other.version;
  return look_up(version);
}

bool KnownFunctions::is_drawn(double weight) {
  std::array<std::byte, 4> bytes{};
  random_.fill(bytes);
  std::uint32_t drawn = 0;
  std::memcpy(&drawn, bytes.data(), sizeof drawn);
  return static_cast<double>(drawn) < weight * 4294967296.0;  // 2^32
}

Result<KnownFunctions::Found> KnownFunctions::look_up(const model::FunctionRef& ref) {
  // Before resolve(): what is resolved under a number is at least as new as that number.
  const std::uint64_t generation = catalog_.generation();
  const auto found = known_.find(ref);
  if (found != known_.end() && found->second.generation == generation) {
    if (auto function = found->second.function.lock()) {
      return std::pair(std::move(function), &found->second);
    }
  }
  if (known_.size() >= kKnownMax) forget_old();
  KnownFunction& known = known_[ref];
  auto function = renew(ref, known);
  if (!function) {
    known_.erase(ref);
    return function.error();
  }
  known.generation = generation;
  known.all_reserved = all_reserved(*function.value(), generation);
  return std::pair(std::move(function).value(), &known);
}

Result<model::FunctionPtr> KnownFunctions::renew(const model::FunctionRef& ref,
                                                 KnownFunction& known) {
  TRY(auto function, catalog_.resolve(ref));
  TRY(auto record, catalog_.find(ref));
  known.reserved = record->reserved_concurrency;
  const catalog::Alias* const alias = record->alias_of(ref.qualifier);
  known.other = alias == nullptr ? std::nullopt : alias->other;
  if (known.function.lock() != function || !known.gate) {
    known.function = function;
    known.counts = admission_.counts_of(*function);
    known.counted = counters_.of(*function, known.counts);
    known.gate = std::make_shared<CallGate>(executor_);
  }
  return function;
}

// Summed again only when the catalog has changed.
std::uint32_t KnownFunctions::all_reserved(const model::FunctionVersion& function,
                                           std::uint64_t generation) {
  if (generation != reserved_generation_) {
    reserved_.clear();
    reserved_generation_ = generation;
  }
  model::Scope scope;
  scope.account_id = function.account_id;
  scope.region = function.region;
  const auto known = reserved_.find(scope.account_id + scope.region);
  if (known != reserved_.end()) return known->second;
  std::uint32_t sum = 0;
  for (const auto& record : catalog_.list(scope, "", std::numeric_limits<std::size_t>::max())) {
    sum += record->reserved_concurrency.value_or(0);
  }
  reserved_.emplace(scope.account_id + scope.region, sum);
  return sum;
}

std::vector<std::pair<model::FunctionPtr, std::size_t>> KnownFunctions::waiting() const {
  std::vector<std::pair<model::FunctionPtr, std::size_t>> out;
  for (const auto& [ref, known] : known_) {
    auto function = known.function.lock();
    if (function && known.gate->waiting() > 0) {
      out.emplace_back(std::move(function), known.gate->waiting());
    }
  }
  return out;
}

void KnownFunctions::forget_old() {
  std::erase_if(known_, [](const auto& one) { return one.second.gate.use_count() == 1; });
}

}  // namespace proa::dispatch
