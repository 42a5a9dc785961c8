// What place() and lease() would decide now, told in place of done.
#include "pool/pool.h"

namespace proa::pool {
namespace {

/// Whether the function can take an interpreter that was started before it.
DecisionRecord explain_process(const environment::RuntimeProgram& program,
                               const model::FunctionVersion& function) {
  DecisionRecord record;
  record.decision = "process";
  const std::string variable(environment::start_variable(function));
  const bool is_custom = program.protocol == environment::Protocol::http;
  const bool is_own = environment::needs_own_start(program, function);
  record.chosen = is_own ? "started for the function" : "parked interpreter";
  record.inputs = {{"protocol", is_custom ? "HTTP Runtime API" : "frames", "runtime"}};
  if (!variable.empty()) {
    record.inputs.push_back(
        {"variable that counts at the start", variable, "function configuration: Environment"});
  }
  if (is_custom) {
    record.reason = "the program is in the package";
  } else if (is_own) {
    record.reason = "an interpreter reads " + variable + " when it starts";
  } else {
    record.reason = "nothing of the function counts before its code is loaded";
  }
  return record;
}

/// As whoever belongs to the account may know it.
std::string environment_name(const Member& member, const std::string& account_id) {
  const model::EnvironmentView view = member.environment.report().view;
  if (!view.account_id.empty() && view.account_id != account_id) {
    return "one of another account";
  }
  const std::string whose = view.function.empty() ? view.runtime : view.function;
  return view.id + " (" + std::string(model::to_string(view.phase)) + ", " + whose + ")";
}

}  // namespace

const Member* Pool::next_idle(const model::FunctionPtr& function) const {
  const auto group = groups_.find(function.get());
  if (group == groups_.end()) return nullptr;
  const auto& idle = group->second.idle;
  for (auto one = idle.rbegin(); one != idle.rend(); ++one) {
    if (!one->member->environment.is_broken()) return one->member.get();
  }
  return nullptr;
}

std::vector<DecisionRecord> Pool::explain(const model::FunctionPtr& function) {
  std::vector<DecisionRecord> records;
  records.push_back(programs_.explain(*function));
  const auto needs = needs_of(*function);
  if (!needs) return records;
  records.push_back(explain_process(needs.value().program, *function));
  auto [facts, room] = facts_of(function, needs.value());
  for (Candidate& candidate : facts.candidates) {
    if (candidate.shard != options_.shard) continue;
    const Member* member = candidate.step == Step::idle ? next_idle(function) : nullptr;
    const Parked& parked = parked_of(needs.value().ahead, needs.value().expect);
    if (candidate.step == Step::parked && !parked.ready.empty()) {
      member = parked.ready.front().get();
    }
    if (member != nullptr) candidate.environment = environment_name(*member, function->account_id);
  }
  records.push_back(explain_placement(facts, needs.value().ahead.has_value()));
  records.push_back(explain_room(room, function->account_id));
  return records;
}

// As make_room() does: first what is parked, then what was idle longest.
DecisionRecord Pool::explain_room(const Result<void>& room, const std::string& account_id) {
  DecisionRecord record;
  record.decision = "room";
  const BudgetUse use = budget_.use();
  const BudgetOptions& limits = budget_.options();
  const BudgetOptions usual;
  record.inputs = {
      {"environments", std::to_string(use.environments), "now"},
      {"environments at most", std::to_string(limits.environments_max),
       from_flag("--max-environments", limits.environments_max == usual.environments_max)},
      {"memory counted for them", mib_text(use.memory_counted), "now"},
      {"part of a memory size that counts", std::to_string(limits.memory_commit_percent) + " %",
       from_flag("--memory-commit", limits.memory_commit_percent == usual.memory_commit_percent)},
      {"memory kept free", mib_text(limits.memory_reserve),
       from_flag("--memory-reserve", limits.memory_reserve == usual.memory_reserve)}};
  if (use.host.memory_total != HostReading().memory_total) {
    record.inputs.push_back({"memory of the host", mib_text(use.host.memory_total), "host"});
    record.inputs.push_back({"of it available", mib_text(use.host.memory_available), "host"});
  }
  if (room) {
    record.chosen = "there is room";
    record.reason = "one more environment fits";
    return record;
  }
  record.reason = room.error().message();
  const auto add = [&](const Member& member, const char* detail) {
    DecisionCandidate& one = record.candidates.emplace_back();
    one.name = environment_name(member, account_id);
    one.detail = detail;
  };
  const Parked* parked = most_parked();
  const Group* oldest = oldest_idle();
  if (parked != nullptr) {
    add(*parked->ready.front(), "parked, of the runtime that has most");
  }
  if (oldest != nullptr) {
    add(*oldest->idle.front().member, "idle longest on this shard");
  }
  if (!record.candidates.empty()) record.chosen = "end " + record.candidates.front().name;
  return record;
}

}  // namespace proa::pool
