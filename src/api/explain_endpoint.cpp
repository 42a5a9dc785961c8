// /proa/v1/functions/{FunctionName}/explain: what Proa would decide for the function's next call.
//
// dispatch tells what it decides itself; settings, limits and log, which hold for every call of the
// function, stand here. Sidecars, kernels and hardware join the list with the code that chooses.
#include "api/errors.h"
#include "api/operations.h"
#include "model/settings_record.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <array>

namespace proa::api {
namespace {

namespace json = boost::json;

json::object describe(const DecisionRecord& record) {
  json::object out;
  out["decision"] = record.decision;
  out["chosen"] = record.chosen.empty() ? json::value() : json::value(record.chosen);
  out["reason"] = record.reason;
  out["outcome"] = record.outcome;
  json::array inputs;
  for (const DecisionInput& input : record.inputs) {
    json::object one;
    one["name"] = input.name;
    one["value"] = input.value;
    one["from"] = input.from;
    inputs.push_back(std::move(one));
  }
  out["inputs"] = std::move(inputs);
  json::array candidates;
  for (const DecisionCandidate& candidate : record.candidates) {
    json::object one;
    one["name"] = candidate.name;
    one["detail"] = candidate.detail;
    one["missing"] = candidate.missing;
    one["cost"] = candidate.cost ? json::value(*candidate.cost) : json::value();
    candidates.push_back(std::move(one));
  }
  out["candidates"] = std::move(candidates);
  out["unit"] = record.unit;
  return out;
}

std::string text_at(const json::value* object, std::string_view name) {
  const auto* members = object == nullptr ? nullptr : object->if_object();
  const auto* found = members == nullptr ? nullptr : members->if_contains(name);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(found->get_string().data(), found->get_string().size());
}

const json::value* member_of(const json::value* object, std::string_view name) {
  const auto* members = object == nullptr ? nullptr : object->if_object();
  return members == nullptr ? nullptr : members->if_contains(name);
}

/// How a limit is held on this host, in the launcher's words; it says itself what does not hold.
void add_enforcement(DecisionRecord& record, const json::value* host, std::string_view limit) {
  const json::value* report = member_of(member_of(host, "limits"), limit);
  const json::value* is_enforced = member_of(report, "enforced");
  if (is_enforced == nullptr) return;
  const bool holds = is_enforced->is_bool() && is_enforced->get_bool();
  record.inputs.push_back(
      {std::string(limit), text_at(report, "by"), holds ? "host: enforced" : "host: NOT enforced"});
}

DecisionRecord explain_limits(const model::FunctionVersion& function, const json::value* host) {
  DecisionRecord record;
  record.decision = "limits";
  record.chosen = std::to_string(function.memory_mib) + " MiB of memory, " +
                  std::to_string(function.timeout.count()) + " s";
  record.inputs = {{"MemorySize", std::to_string(function.memory_mib) + " MiB",
                    "function configuration: MemorySize"},
                   {"Timeout", std::to_string(function.timeout.count()) + " s",
                    "function configuration: Timeout"},
                   {"size of /tmp", std::to_string(function.ephemeral_storage_mib) + " MiB",
                    "function configuration: EphemeralStorage"}};
  for (const char* limit : {"memory", "swap", "cpu_weight", "cpu_quota", "pids", "processors"}) {
    add_enforcement(record, host, limit);
  }
  const std::string kind = text_at(host, "cgroup");
  if (!kind.empty()) record.inputs.push_back({"control groups", kind, "host"});
  return record;
}

/// What the network policy stands on.
void add_uplink(DecisionRecord& record, const json::value* host) {
  const json::value* network = member_of(host, "network");
  const std::string uplink = text_at(network, "uplink");
  if (uplink.empty()) return;
  record.inputs.push_back({"uplink", uplink, "host"});
  for (const char* name : {"reason", "problem", "no_ipv6_reason"}) {
    const std::string said = text_at(network, name);
    if (!said.empty()) record.inputs.push_back({std::string("uplink, ") + name, said, "host"});
  }
}

}  // namespace

Task<http::Response> explain_function(Context& context, Call& call) {
  CO_TRY(const auto ref,
         model::parse_function_ref(call.parameters[0], call.request.query_value("Qualifier"),
                                   call.scope));
  CO_TRY(const auto function, context.catalog.resolve(ref));
  CO_TRY(const auto record, context.catalog.find(ref));
  CO_TRY(auto decisions, context.dispatcher.explain(ref));
  json::value status;
  if (context.options.status) status = co_await context.options.status();
  const json::value* host = member_of(&status, "host");
  for (DecisionRecord& one : model::explain_settings(function->settings, record->tags)) {
    if (one.decision == "network") add_uplink(one, host);
    decisions.push_back(std::move(one));
  }
  decisions.push_back(explain_limits(*function, host));
  decisions.push_back(model::explain_logging(*function));
  json::object answer;
  answer["function"] = function->unqualified_arn();
  answer["version"] = function->version;
  json::array list;
  for (const DecisionRecord& one : decisions) list.push_back(describe(one));
  answer["decisions"] = std::move(list);
  co_return json_response(200, json::serialize(answer));
}

}  // namespace proa::api
