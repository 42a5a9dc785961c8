// Whether a function can have a parked interpreter, and what to start when it cannot.
#pragma once

#include "environment/runtime_programs.h"
#include "model/function.h"

#include <map>
#include <string>
#include <string_view>

namespace proa::environment {

/// Folders that are searched for a custom runtime's `bootstrap`, in this order, as on Lambda.
inline constexpr std::string_view kBootstraps[] = {"/var/task/bootstrap", "/opt/bootstrap"};

/// The first of the function's variables that an interpreter reads only while it starts (PYTHON*,
/// LD_*, NODE_OPTIONS, AWS_LAMBDA_EXEC_WRAPPER ...: runtimes/README.md, "configure"), or empty. A
/// function with one of them cannot use an interpreter that was started before it was known.
std::string_view start_variable(const model::FunctionVersion& function);

/// Whether `function` needs a runtime process of its own: it is a custom runtime, or has a
/// start_variable().
bool needs_own_start(const RuntimeProgram& program, const model::FunctionVersion& function);

/// The process of a function that needs its own start, with all of its variables.
/// `bootstrap_index` chooses from kBootstraps for custom runtimes. AWS_LAMBDA_EXEC_WRAPPER is run
/// in front of an interpreter; custom runtimes ignore it, as on Lambda. A container image says
/// itself what it runs; one that does not has no arguments.
/// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
sandbox::RuntimeCommand own_command(const RuntimeProgram& program,
                                    const model::FunctionVersion& function,
                                    const std::map<std::string, std::string>& variables,
                                    std::size_t bootstrap_index);

}  // namespace proa::environment
