// What a function is set to, in the words of `proa config`.
#include "cli/answer.h"
#include "cli/config_change.h"
#include "cli/table.h"

namespace proa::cli {
namespace {

namespace json = boost::json;

class Values {
 public:
  explicit Values(const json::value& document)
      : document_(document), configuration_(*object_in(document, "Configuration")) {}

  ConfigValues all() {
    add("runtime", "Runtime");
    add("handler", "Handler");
    add("memory", "MemorySize", "mb");
    add("timeout", "Timeout", "s");
    if (const auto* disk = object_in(configuration_, "EphemeralStorage")) {
      add("tmp", *disk, "Size", "mb");
    }
    add("role", "Role");
    add("description", "Description");
    add_layers();
    add_logging();
    add_concurrency();
    add_variables();
    add_settings();
    return std::move(values_);
  }

 private:
  void add(const std::string& key, const json::value& object, std::string_view member,
           const char* unit = "") {
    const std::string text = cell(object, member);
    if (text != "-") values_.emplace_back(key, text + unit);
  }
  void add(const std::string& key, std::string_view member, const char* unit = "") {
    add(key, configuration_, member, unit);
  }

  void add_layers() {
    const auto layers = array_in(configuration_, "Layers");
    if (!layers) return;
    std::string text;
    for (const auto& layer : layers.value()) {
      text.append(text.empty() ? "" : ",").append(text_in(layer, "Arn"));
    }
    if (!text.empty()) values_.emplace_back("layers", text);
  }

  void add_logging() {
    const auto* logging = object_in(configuration_, "LoggingConfig");
    if (logging == nullptr) return;
    add("log-format", *logging, "LogFormat");
    add("log-level", *logging, "ApplicationLogLevel");
    add("system-log-level", *logging, "SystemLogLevel");
    add("log-group", *logging, "LogGroup");
  }

  void add_concurrency() {
    const auto* concurrency = object_in(document_, "Concurrency");
    if (concurrency != nullptr) add("concurrency", *concurrency, "ReservedConcurrentExecutions");
  }

  void add_variables() {
    const auto* environment = object_in(configuration_, "Environment");
    const auto* variables = environment == nullptr ? nullptr : object_in(*environment, "Variables");
    if (variables == nullptr) return;
    for (const auto& [name, value] : variables->get_object()) {
      values_.emplace_back("env:" + std::string(name), text_in(*variables, name));
    }
  }

  void add_settings() {
    constexpr std::string_view kPrefix = "proa:";
    const auto* tags = object_in(document_, "Tags");
    if (tags == nullptr) return;
    for (const auto& [key, value] : tags->get_object()) {
      const std::string name(key);
      if (name.starts_with(kPrefix)) {
        // Lambda's runtime has that name.
        const std::string setting =
            name == "proa:runtime" ? "runtime-image" : name.substr(kPrefix.size());
        values_.emplace_back(setting, text_in(*tags, name));
      }
    }
  }

  const json::value& document_;
  const json::value& configuration_;
  ConfigValues values_;
};

}  // namespace

ConfigValues config_values(const json::value& document) { return Values(document).all(); }

}  // namespace proa::cli
