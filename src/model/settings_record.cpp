#include "model/settings_record.h"

namespace proa::model {
namespace {

using Tags = std::map<std::string, std::string>;

std::string from_tag(const Tags& tags, const std::string& key) {
  return tags.count(key) > 0 ? "tag " + key : "default";
}

/// The tag where it has that option: "freeze=" of "freeze=50ms remove=1h".
std::string from_option(const Tags& tags, const std::string& key, const std::string& option) {
  const auto tag = tags.find(key);
  if (tag == tags.end()) return "default";
  const bool is_given = (" " + tag->second).find(" " + option) != std::string::npos;
  return is_given ? "tag " + key : "default";
}

DecisionRecord setting(std::string decision, std::string_view chosen, std::string from) {
  DecisionRecord record;
  record.decision = std::move(decision);
  record.chosen = chosen;
  record.inputs = {{record.decision, std::string(chosen), std::move(from)}};
  return record;
}

DecisionRecord kernel_record(const Settings& settings, const Tags& tags) {
  constexpr std::string_view kHostsChoice = "net, else full, else stock: the first that is stored";
  const std::string_view chosen = settings.kernel.empty() ? kHostsChoice : settings.kernel;
  DecisionRecord record = setting("kernel", chosen, from_tag(tags, "proa:kernel"));
  if (!may_have_network_card(settings.kernel)) {
    record.inputs.push_back({"network card", "none: the kernel has no driver for one", "kernel"});
  }
  return record;
}

std::string ms(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

}  // namespace

std::vector<DecisionRecord> explain_settings(const Settings& settings, const Tags& tags) {
  std::vector<DecisionRecord> records;
  records.push_back(
      setting("isolation", to_string(settings.isolation), from_tag(tags, "proa:isolation")));
  const bool is_machine = settings.isolation == Isolation::microvm;
  const bool is_kernels = is_machine && !may_have_network_card(settings.kernel);
  records.push_back(setting("network", to_string(settings.network),
                            from_tag(tags, is_kernels ? "proa:kernel" : "proa:network")));
  if (is_machine) records.push_back(kernel_record(settings, tags));
  if (!settings.runtime_image.empty()) {
    records.push_back(
        setting("runtime image", settings.runtime_image, from_tag(tags, "proa:runtime")));
  }
  DecisionRecord idle;
  idle.decision = "idle";
  idle.chosen =
      "freeze after " + ms(settings.idle_freeze) + ", remove after " + ms(settings.idle_remove);
  idle.inputs = {{"freeze", ms(settings.idle_freeze), from_option(tags, "proa:idle", "freeze=")},
                 {"remove", ms(settings.idle_remove), from_option(tags, "proa:idle", "remove=")}};
  records.push_back(std::move(idle));
  return records;
}

DecisionRecord explain_logging(const FunctionVersion& function) {
  const LoggingConfig& logging = function.logging;
  constexpr const char* kConfigured = "function configuration: LoggingConfig";
  constexpr const char* kDefault = "default";
  const bool is_json = logging.format == LogFormat::json;
  DecisionRecord record;
  record.decision = "log";
  record.chosen = function.log_group();
  record.inputs = {
      {"LogGroup", function.log_group(), logging.group.empty() ? kDefault : kConfigured},
      {"LogFormat", std::string(to_string(logging.format)), is_json ? kConfigured : kDefault}};
  if (!is_json) return record;
  const auto level = [&](const char* name, LogLevel value) {
    record.inputs.push_back({name, std::string(to_string(value)),
                             value == LoggingConfig().application_level ? kDefault : kConfigured});
  };
  level("ApplicationLogLevel", logging.application_level);
  level("SystemLogLevel", logging.system_level);
  return record;
}

}  // namespace proa::model
