#include "cli/function_document.h"

#include "cli/answer.h"
#include "cli/human.h"
#include "cli/lambda_api.h"
#include "cli/screen.h"
#include "cli/table.h"

#include <boost/json/object.hpp>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kFunctionHead = 14;
constexpr std::string_view kProaPrefix = "proa:";

/// The lines of one function, in order; heads stand in a column of their own.
class Description {
 public:
  Description(const Surroundings& around, const json::value& document, bool shows_environment)
      : around_(around),
        document_(document),
        configuration_(*object_in(document, "Configuration")),
        shows_environment_(shows_environment) {}

  std::string text() {
    text_ = paint(around_.output, Ink::head, value("FunctionName")) + "\n";
    add("arn", value("FunctionArn"));
    if (value("Version") != "$LATEST") add("version", value("Version"));
    add("state", state());
    const bool is_image = value("PackageType") == "Image";
    const std::string runtime = is_image ? "image" : value("Runtime");
    add("runtime", runtime + ", " + cell(configuration_, "Architectures"));
    if (!is_image) add("handler", value("Handler"));
    add("description", value("Description"));
    add("role", value("Role"));
    add("memory", value("MemorySize") + " MB");
    add("timeout", value("Timeout") + " s");
    if (const auto* disk = object_in(configuration_, "EphemeralStorage")) {
      add("tmp", cell(*disk, "Size") + " MB");
    }
    add("code", code());
    add("modified", modified());
    add_layers();
    add_environment();
    add_logging();
    add("concurrency", concurrency());
    add_tags();
    add_event_config();
    return text_;
  }

 private:
  void add(std::string_view head, const std::string& text) {
    if (text.empty() || text == "-") return;
    std::string padded(head);
    padded.resize(kFunctionHead, ' ');
    text_ += "  " + paint(around_.output, Ink::faint, padded) + one_line(text) + "\n";
  }

  std::string value(std::string_view member) const { return cell(configuration_, member); }

  std::string state() const {
    std::string text = value("State");
    const std::string reason = value("StateReason");
    if (reason != "-") text += ": " + reason;
    const std::string update = value("LastUpdateStatus");
    if (update != "-" && update != "Successful") text += ", last update " + update;
    return text;
  }

  std::string code() const {
    const auto size = number_in(configuration_, "CodeSize").value_or(0);
    return human_size(static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0))) + ", SHA-256 " +
           value("CodeSha256");
  }

  std::string modified() const {
    const std::string time = value("LastModified");
    const std::string age = age_of(time, around_.now());
    return age == time ? time : age + " ago (" + time + ")";
  }

  void add_layers() {
    const auto layers = array_in(configuration_, "Layers");
    if (!layers) return;
    for (const auto& layer : layers.value()) add("layer", cell(layer, "Arn"));
  }

  void add_environment() {
    const auto* environment = object_in(configuration_, "Environment");
    const auto* variables = environment == nullptr ? nullptr : object_in(*environment, "Variables");
    if (variables == nullptr) return;
    for (const auto& [name, value] : variables->get_object()) {
      add("environment",
          std::string(name) + (shows_environment_ ? "=" + text_in(*variables, name)
                                                  : "  (hidden; --show-env shows it)"));
    }
  }

  void add_logging() {
    const auto* logging = object_in(configuration_, "LoggingConfig");
    if (logging == nullptr) return;
    std::string text = cell(*logging, "LogFormat") + " to " + cell(*logging, "LogGroup");
    const std::string level = cell(*logging, "ApplicationLogLevel");
    if (level != "-") text += ", " + level + " (system " + cell(*logging, "SystemLogLevel") + ")";
    add("log", text);
  }

  std::string concurrency() const {
    const auto* concurrency = object_in(document_, "Concurrency");
    const auto count = concurrency == nullptr
                           ? std::nullopt
                           : number_in(*concurrency, "ReservedConcurrentExecutions");
    return count ? std::to_string(*count) + " reserved" : "not reserved";
  }

  void add_tags() {
    const auto* tags = object_in(document_, "Tags");
    if (tags == nullptr) return;
    for (const bool is_setting : {true, false}) {
      for (const auto& [key, value] : tags->get_object()) {
        std::string_view name(key.data(), key.size());
        if (name.starts_with(kProaPrefix) != is_setting) continue;
        const std::string text = text_in(*tags, name);
        if (is_setting) name.remove_prefix(kProaPrefix.size());
        add(is_setting ? "setting" : "tag", std::string(name) + "=" + text);
      }
    }
  }

  void add_event_config() {
    const auto* config = object_in(document_, "EventInvokeConfig");
    if (config == nullptr) return;
    std::string text;
    if (const auto retries = number_in(*config, "MaximumRetryAttempts")) {
      text += std::to_string(*retries) + " retries";
    }
    if (const auto age = number_in(*config, "MaximumEventAgeInSeconds")) {
      text += (text.empty() ? "" : ", ") + std::to_string(*age) + " s at most";
    }
    add("async", text);
    const auto* destinations = object_in(*config, "DestinationConfig");
    if (destinations == nullptr) return;
    for (const char* when : {"OnSuccess", "OnFailure"}) {
      const auto* destination = object_in(*destinations, when);
      if (destination == nullptr) continue;
      add(when == std::string_view("OnSuccess") ? "on success" : "on failure",
          cell(*destination, "Destination"));
    }
  }

  const Surroundings& around_;
  const json::value& document_;
  const json::value& configuration_;
  const bool shows_environment_;
  std::string text_;
};

}  // namespace

Result<json::value> fetch_function(const Surroundings& surroundings, const std::string& name) {
  TRY(auto document, ask(surroundings, "GET", functions_path(name)));
  if (object_in(document, "Configuration") == nullptr) {
    return Error(Errc::corrupt, "the answer has no 'Configuration' of " + name +
                                    ": is it a Proa daemon that PROA_ENDPOINT names?");
  }
  auto config =
      ask(surroundings, "GET", functions_path(name, "/event-invoke-config", "2019-09-25"));
  if (config) {
    document.get_object()["EventInvokeConfig"] = std::move(config.value());
  } else if (config.error().code() != Errc::not_found) {
    return config.error();
  }
  return document;
}

std::string describe_function(const Surroundings& surroundings, const json::value& document,
                              bool shows_environment) {
  return Description(surroundings, document, shows_environment).text();
}

}  // namespace proa::cli
