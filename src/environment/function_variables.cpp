#include "environment/function_variables.h"

#include "sandbox/sandbox.h"

namespace proa::environment {

Variables function_variables(const model::FunctionVersion& function, const std::string& log_stream,
                             const Variables& defaults, bool has_runtime_api,
                             const model::FunctionCaller* caller) {
  Variables variables = function.environment;
  const auto set = [&](const char* name, std::string value) { variables[name] = std::move(value); };
  const auto set_default = [&](const char* name, const char* value) {
    variables.emplace(name, value);
  };
  if (function.image) {
    for (const std::string& variable : function.image->defaults.environment) {
      const auto equals = variable.find('=');
      if (equals == std::string::npos || equals == 0) continue;
      variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    }
  } else {
    set("_HANDLER", function.handler);
    set("LAMBDA_TASK_ROOT", "/var/task");
    set("LAMBDA_RUNTIME_DIR", "/var/runtime");
    set("AWS_EXECUTION_ENV", "AWS_Lambda_" + function.runtime);
  }
  set("AWS_REGION", function.region);
  set("AWS_DEFAULT_REGION", function.region);
  set("AWS_LAMBDA_FUNCTION_NAME", function.name);
  set("AWS_LAMBDA_FUNCTION_VERSION", function.version);
  set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(function.memory_mib));
  set("AWS_LAMBDA_LOG_GROUP_NAME", function.log_group());
  set("AWS_LAMBDA_LOG_STREAM_NAME", log_stream);
  if (function.logging.format == model::LogFormat::json) {
    set("AWS_LAMBDA_LOG_FORMAT", std::string(to_string(function.logging.format)));
    set("AWS_LAMBDA_LOG_LEVEL", std::string(to_string(function.logging.application_level)));
  }
  set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
  if (has_runtime_api) set("AWS_LAMBDA_RUNTIME_API", std::string(sandbox::kRuntimeApiAddress));
  if (caller != nullptr) {
    set("AWS_ENDPOINT_URL_LAMBDA", "http://" + std::string(sandbox::kLambdaApiAddress));
    set("AWS_ACCESS_KEY_ID", caller->access_key_id);
    set("AWS_SECRET_ACCESS_KEY", caller->secret_access_key);
    // Keys that last have none, and an empty one would be sent.
    if (!caller->session_token.empty()) set("AWS_SESSION_TOKEN", caller->session_token);
  }
  set_default("TZ", ":UTC");
  set_default("LANG", "en_US.UTF-8");
  variables.insert(defaults.begin(), defaults.end());
  return variables;
}

}  // namespace proa::environment
