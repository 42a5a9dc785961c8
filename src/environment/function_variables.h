// The environment variables a function sees: Lambda's own and the user's.
#pragma once

#include "model/function.h"
#include "model/function_caller.h"

#include <map>
#include <string>

namespace proa::environment {

using Variables = std::map<std::string, std::string>;

/// Variables of one environment of `function`. Lambda's reserved names win over the user's (which
/// the API refuses anyway); a container image's stand behind the user's, and of handler, runtime
/// and their folders it has to say something itself. `defaults` are the program's and give way to
/// the user's. `log_stream` is the environment's stream name. AWS_LAMBDA_RUNTIME_API is set where
/// the HTTP Runtime API is served (`has_runtime_api`), credentials and AWS_ENDPOINT_URL_LAMBDA
/// where the Lambda API is
/// (`caller`, else null). AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL are set with the log
/// format JSON; with Text Lambda sets neither, and a function may set them itself.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
Variables function_variables(const model::FunctionVersion& function, const std::string& log_stream,
                             const Variables& defaults, bool has_runtime_api,
                             const model::FunctionCaller* caller);

}  // namespace proa::environment
