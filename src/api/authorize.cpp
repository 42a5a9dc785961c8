#include "api/authorize.h"

#include "api/errors.h"
#include "api/log_operations.h"

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

using identity::Right;
using identity::Rights;

/// What brings code in or takes it away; all other changes are configuration.
constexpr auto kDeploying = std::to_array<std::string_view>(
    {"CreateFunction", "DeleteFunction", "UpdateFunctionCode", "PublishVersion",
     "PublishLayerVersion", "DeleteLayerVersion", "ProaCreateUpload", "ProaPutUploadPart",
     "ProaDeleteUpload", "ProaLoadImage", "ProaDeleteImage", "ProaAddRuntime",
     "ProaDeleteRuntime"});

/// The name of the action in IAM, where it is not that of the operation.
std::string action_of(const Operation& operation) {
  if (operation.name == "Invoke" || operation.name == "InvokeWithResponseStream") {
    return "lambda:InvokeFunction";
  }
  if (operation.name == "GetLayerVersionByArn") return "lambda:GetLayerVersion";
  if (operation.name.starts_with("Proa")) {
    return "proa:" + std::string(operation.name.substr(4));
  }
  return std::string(operation.service) + ":" + std::string(operation.name);
}

std::string resource_of(const Operation& operation, std::span<const std::string_view> parameters,
                        const model::Scope& scope) {
  if (parameters.empty()) return "*";
  std::string named(parameters.front());
  if (named.starts_with("arn:")) return named;
  const std::string begin = "arn:aws:lambda:" + scope.region + ":" + scope.account_id;
  if (operation.pattern.find("{FunctionName}") != std::string_view::npos) {
    return begin + ":function:" + named;
  }
  if (operation.pattern.find("{LayerName}") != std::string_view::npos) {
    return begin + ":layer:" + named;
  }
  return "*";
}

Fault fault_of(identity::Refusal refusal) {
  switch (refusal) {
    case identity::Refusal::missing_token:
      return Fault::missing_token;
    case identity::Refusal::incomplete_signature:
      return Fault::incomplete_signature;
    case identity::Refusal::unknown_key:
      return Fault::unrecognized_client;
    case identity::Refusal::expired_token:
      return Fault::expired_token;
    case identity::Refusal::invalid_signature:
      return Fault::invalid_signature;
  }
  return Fault::invalid_signature;
}

}  // namespace

bool is_public(const Operation& operation) {
  return operation.name == "ProaHealth" || operation.run == invoke_function_url;
}

identity::Rights rights_for(const Operation& operation) {
  const std::string_view name = operation.name;
  if (name == "ProaHealth" || name == "ProaStatus") return Rights();
  // Of all accounts, as what an admin may see.
  if (name == "ProaMetrics") return Rights{Right::admin};
  if (operation.pattern.starts_with("/proa/v1/accounts") ||
      operation.pattern.starts_with("/proa/v1/keys") ||
      operation.pattern.starts_with("/proa/v1/backups") ||
      operation.pattern.starts_with("/proa/v1/kernels") ||
      operation.pattern.starts_with("/proa/v1/roles")) {
    return Rights{Right::admin};
  }
  // Request ids and what calls use; of all accounts for an admin.
  if (name == "ProaListEnvironments") return Rights{Right::logs, Right::admin};
  // They show what was sent to functions, and what those printed and answered.
  const bool shows = name == "ProaListDeadLetters" || name == "ProaGetDeadLetter" ||
                     name == "ProaReadLogs" || name == "ProaReadUsage" ||
                     operation.service == "logs";
  if (shows) return Rights{Right::logs};
  if (name.starts_with("Invoke") || name == "ProaRerunDeadLetter" || name == "ProaRunSchedule") {
    return Rights{Right::invoke};
  }
  if (operation.method == "GET") return Rights{Right::deploy, Right::configure};
  const bool is_deploying =
      std::find(kDeploying.begin(), kDeploying.end(), name) != kDeploying.end();
  return is_deploying ? Rights{Right::deploy} : Rights{Right::configure};
}

Result<void> check_rights(const Operation& operation, const http::Request& request,
                          std::span<const std::string_view> parameters, const model::Scope& scope,
                          const identity::Key& key) {
  const Rights needed = rights_for(operation);
  if (needed.empty() || key.rights.has_any(needed)) return ok();
  std::string names;
  for (const std::string& name : to_names(needed)) {
    names.append(names.empty() ? "" : " or ").append(name);
  }
  const std::string resource = operation.service == "logs"
                                   ? log_resource(request.body, scope)
                                   : resource_of(operation, parameters, scope);
  return Error(Errc::denied,
               "User: " + key.principal + " is not authorized to perform: " + action_of(operation) +
                   " on resource: " + resource + " because the key has not got the right " + names);
}

http::Response refusal_response(const identity::Verdict& verdict) {
  return fault_response(fault_of(verdict.refusal), verdict.message);
}

}  // namespace proa::api
