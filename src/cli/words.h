// Words that several verbs take. Private to cli/.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace proa::cli {

/// What kind of word an option or argument is: shell completion knows them by these type names.
inline constexpr const char* kFunctionName = "FUNCTION";
inline constexpr const char* kScheduleName = "SCHEDULE";
inline constexpr const char* kKernelId = "KERNEL";
inline constexpr const char* kImageName = "IMAGE";
inline constexpr const char* kRuntimeImageName = "RUNTIME";
inline constexpr const char* kFilePath = "FILE";
inline constexpr const char* kSetting = "KEY=VALUE";
inline constexpr const char* kSettingKey = "KEY";

/// The required argument `NAME`: a function's name, NAME:QUALIFIER or an ARN, not empty.
CLI::Option* add_function(CLI::App& verb, std::string& name);
/// The same for one or more.
CLI::Option* add_functions(CLI::App& verb, std::vector<std::string>& names);

/// `--json`: one JSON document on standard output.
CLI::Option* add_json(CLI::App& verb, bool& is_json);

/// All bytes of a file, which may be a pipe. Errc: invalid (cannot be read; names it).
Result<std::string> read_file(const std::string& path);

}  // namespace proa::cli
