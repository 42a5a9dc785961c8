// Templates: the functions and layers that a SAM (or CloudFormation) or Serverless file describes.
//
// Nouns: Template (what could be read), TemplateFunction and TemplateLayer (what shall be
// deployed), Problem (what Proa cannot do, with its line), input (parameters and what the daemon
// says of itself). `cli` calls it; it uses yaml-cpp to read, and neither opens files nor asks
// anybody. Foreign bytes: everything is bounded, an answer is always a Template or an error.
// Nothing is left out in silence: what is not understood is a problem, what does not matter here is
// a note. Pure functions, any thread. Long document: docs/guides/templates.md.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::templates {

/// Something at a place of the file.
struct Problem {
  std::size_t line = 0;
  std::string text;
};

struct TemplateLayer {
  std::string id;  ///< its name in the template
  std::size_t line = 0;
  std::string name;
  std::string path;  ///< of its content, relative to the template
  std::string description;
  std::string license;
  std::vector<std::string> runtimes;
  std::vector<std::string> architectures;
};

/// How asynchronous calls are configured; destinations are ARNs.
struct TemplateEventConfig {
  std::optional<std::int64_t> retries_max;
  std::optional<std::int64_t> age_max_s;
  std::optional<std::string> on_success;
  std::optional<std::string> on_failure;
};

struct TemplateLogging {
  std::optional<std::string> format;
  std::optional<std::string> application_level;
  std::optional<std::string> system_level;
  std::optional<std::string> group;
};

/// When a function runs by the clock; as /proa/v1/schedules takes it.
struct TemplateSchedule {
  std::string name;
  std::size_t line = 0;
  std::string expression;
  std::string timezone = "UTC";
  std::string input;  ///< JSON, or empty
  std::string description;
  bool is_enabled = true;
  std::optional<std::string> start;
  std::optional<std::string> end;
};

/// What browsers are told of a function URL.
struct TemplateCors {
  std::optional<bool> allow_credentials;
  std::vector<std::string> allow_headers;
  std::vector<std::string> allow_methods;
  std::vector<std::string> allow_origins;
  std::vector<std::string> expose_headers;
  std::optional<std::int64_t> max_age_s;
};

/// A function URL.
struct TemplateUrl {
  bool is_public = false;  ///< auth type NONE, and everybody is let in; else AWS_IAM
  std::optional<TemplateCors> cors;
};

/// Members that are not set are Lambda's defaults. Texts may have layer_placeholder() in them.
struct TemplateFunction {
  std::string id;
  std::size_t line = 0;
  std::string name;
  std::string path;                        ///< of its code, relative to the template
  std::optional<std::string> inline_code;  ///< instead: the text of index.py or index.js
  std::vector<std::string> ignored;        ///< rules as in .proaignore, beside it
  std::string runtime;
  std::string handler;
  std::optional<std::string> role;
  std::optional<std::string> description;
  std::optional<std::string> architecture;
  std::optional<std::int64_t> memory_mib;
  std::optional<std::int64_t> timeout_s;
  std::optional<std::int64_t> tmp_mib;
  std::optional<std::int64_t> reserved_concurrency;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> tags;
  std::vector<std::string> layers;
  std::optional<TemplateEventConfig> events;
  std::optional<TemplateLogging> logging;
  std::vector<TemplateSchedule> schedules;
  std::optional<TemplateUrl> url;
};

struct Template {
  std::vector<TemplateLayer> layers;  ///< in the order of the file, as the functions
  std::vector<TemplateFunction> functions;
  std::vector<Problem> problems;  ///< what Proa cannot do; by line
  std::vector<Problem> notes;     ///< what means nothing here; by line
};

struct TemplateInput {
  std::map<std::string, std::string> parameters;  ///< --parameter
  std::string account_id = "000000000000";
  std::string region = "us-east-1";
  std::string stack = "proa";        ///< AWS::StackName
  std::optional<std::string> stage;  ///< Serverless: --stage
  /// Variables of the caller's environment, for ${env:NAME} of Serverless files.
  std::function<std::optional<std::string>(const std::string&)> variable;
};

/// Stands in a text for the ARN of a layer's version, which nobody knows before it is published.
std::string layer_placeholder(std::string_view id);

/// Reads a template of either kind, which its members tell. Errc: invalid (with the line: no YAML,
/// neither kind, a member of the wrong shape, a parameter that has no value or does not exist).
Result<Template> read_template(std::string_view text, const TemplateInput& input);

}  // namespace proa::templates
