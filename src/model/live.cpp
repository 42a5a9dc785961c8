#include "model/live.h"

#include <algorithm>
#include <tuple>

namespace proa::model {
namespace {

bool works(const EnvironmentView& one) {
  return one.phase == Phase::init || one.phase == Phase::busy;
}

bool comes_before(const EnvironmentView& a, const EnvironmentView& b) {
  if (works(a) != works(b)) return works(a);
  if (a.in_phase != b.in_phase) return works(a) ? a.in_phase > b.in_phase : a.in_phase < b.in_phase;
  return a.id < b.id;
}

auto name_of(const FunctionView& one) { return std::tie(one.account_id, one.region, one.name); }

bool comes_first_by_name(const FunctionView& a, const FunctionView& b) {
  return name_of(a) < name_of(b);
}

void add(FunctionView& to, const FunctionView& more) {
  to.waiting += more.waiting;
  to.calls += more.calls;
  to.failures += more.failures;
  to.throttled += more.throttled;
  to.refused += more.refused;
  to.cold_starts += more.cold_starts;
  to.duration += more.duration;
  to.running = std::max(to.running, more.running);  // counted for all parts together
}

bool is_busier(const FunctionView& a, const FunctionView& b) {
  if (a.running != b.running) return a.running > b.running;
  return comes_first_by_name(a, b);
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::parked:
      return "parked";
    case Phase::init:
      return "init";
    case Phase::busy:
      return "busy";
    case Phase::idle:
      return "idle";
    case Phase::frozen:
      return "frozen";
    case Phase::resetting:
      return "resetting";
    case Phase::ending:
      return "ending";
  }
  return "ending";
}

std::vector<FunctionView> merged(std::vector<FunctionView> parts) {
  std::sort(parts.begin(), parts.end(), comes_first_by_name);
  std::vector<FunctionView> functions;
  for (FunctionView& part : parts) {
    const bool is_same = !functions.empty() && name_of(functions.back()) == name_of(part);
    if (is_same) {
      add(functions.back(), part);
    } else {
      functions.push_back(std::move(part));
    }
  }
  return functions;
}

void keep_most_telling(LiveView& view, std::size_t limit) {
  view.environments_in_all = view.environments.size();
  view.functions_in_all = view.functions.size();
  std::sort(view.environments.begin(), view.environments.end(), comes_before);
  std::sort(view.functions.begin(), view.functions.end(), is_busier);
  if (view.environments.size() > limit) view.environments.resize(limit);
  if (view.functions.size() > limit) view.functions.resize(limit);
}

}  // namespace proa::model
