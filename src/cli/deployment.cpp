#include "cli/deployment.h"

#include "base/encoding.h"
#include "cli/answer.h"
#include "cli/lambda_api.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kAnyRole = "arn:aws:iam::000000000000:role/proa";
/// Unpacking and checking 250 MB on a slow disk.
constexpr std::chrono::minutes kDeployPatience{10};

Result<void> check_range(std::string_view what, const std::optional<std::int64_t>& value,
                         std::int64_t least, std::int64_t most) {
  if (!value || (*value >= least && *value <= most)) return ok();
  return Error(Errc::invalid, std::string(what) + " must be from " + std::to_string(least) +
                                  " to " + std::to_string(most) + ", not " +
                                  std::to_string(*value));
}

/// Puts `wanted` at `key` where it is not there yet, and its name among the changes.
void change(Plan& plan, const json::value* there, std::string_view key, json::value wanted,
            const char* word) {
  const auto* const current = there == nullptr ? nullptr : find_in(*there, key);
  if (current != nullptr && *current == wanted) return;
  plan.configuration[key] = std::move(wanted);
  plan.changes.emplace_back(word);
}

json::object with_member(std::string_view key, json::value value) {
  json::object object;
  object[key] = std::move(value);
  return object;
}

json::object variables_in(const json::value* there) {
  const auto* const environment = there == nullptr ? nullptr : object_in(*there, "Environment");
  const auto* const variables =
      environment == nullptr ? nullptr : object_in(*environment, "Variables");
  return variables == nullptr ? json::object() : variables->get_object();
}

void plan_environment(Plan& plan, const FunctionWish& wish, const json::value* there) {
  const json::object before = variables_in(there);
  json::object after = wish.replaces_environment ? json::object() : before;
  for (const auto& [name, value] : wish.environment) after[name] = value;
  for (const std::string& name : wish.removed_variables) after.erase(name);
  if (after == before) return;
  plan.configuration["Environment"] = with_member("Variables", std::move(after));
  plan.changes.emplace_back("environment");
}

void plan_layers(Plan& plan, const FunctionWish& wish, const json::value* there) {
  if (!wish.layers) return;
  json::array wanted;
  for (const std::string& arn : *wish.layers) wanted.emplace_back(arn);
  json::array current;
  const auto* const layers = there == nullptr ? nullptr : find_in(*there, "Layers");
  if (layers != nullptr && layers->is_array()) {
    for (const auto& layer : layers->get_array()) current.emplace_back(text_in(layer, "Arn"));
  }
  if (wanted == current) return;
  plan.configuration["Layers"] = std::move(wanted);
  plan.changes.emplace_back("layers");
}

/// What it has beside what is named is the daemon's business.
void plan_logging(Plan& plan, const FunctionWish& wish, const json::value* there) {
  const auto* const logging = there == nullptr ? nullptr : object_in(*there, "LoggingConfig");
  const bool is_same = std::all_of(wish.logging.begin(), wish.logging.end(), [&](const auto& each) {
    const auto* const current = logging == nullptr ? nullptr : find_in(*logging, each.key());
    return current != nullptr && *current == each.value();
  });
  if (is_same) return;
  plan.configuration["LoggingConfig"] = wish.logging;
  plan.changes.emplace_back("logging");
}

void plan_tags(Plan& plan, const FunctionWish& wish, const json::value* there) {
  const auto* const tags = there == nullptr ? nullptr : object_in(*there, "Tags");
  for (const auto& [key, value] : wish.tags) {
    if (tags != nullptr && find_in(*tags, key) != nullptr && text_in(*tags, key) == value) continue;
    plan.tags[key] = value;
  }
  if (!plan.tags.empty()) plan.changes.emplace_back("tags");
}

void plan_code(Plan& plan, const FunctionWish& wish, const json::value* there,
               const Sha256Digest& digest) {
  const bool is_same =
      there != nullptr && text_in(*there, "CodeSha256") == to_base64(as_chars(digest));
  const auto* const list = there == nullptr ? nullptr : find_in(*there, "Architectures");
  const bool has_architecture = !wish.architecture || list == nullptr ||
                                *list == json::array{json::string(*wish.architecture)};
  plan.changes_code = !is_same || !has_architecture;
  if (plan.changes_code) plan.changes.emplace_back("code");
}

/// The steps of one plan, in an order in which most mistakes are found before anything is changed.
class Steps {
 public:
  Steps(const Surroundings& around, const FunctionWish& wish, const Plan& plan,
        ProgressLine& progress)
      : around_(around), wish_(wish), plan_(plan), progress_(progress) {}

  Result<json::value> create(const packaging::Package& package);
  Result<json::value> update(const json::value& there, const packaging::Package& package);

 private:
  Result<json::value> ask_patiently(std::string method, std::string target,
                                    const json::object& body);
  Result<json::value> change_code(const packaging::Package& package, const std::string& revision);
  Error failed(const Error& error, std::string_view step) const;

  const Surroundings& around_;
  const FunctionWish& wish_;
  const Plan& plan_;
  ProgressLine& progress_;
  std::string done_;
};

Result<json::value> Steps::ask_patiently(std::string method, std::string target,
                                         const json::object& body) {
  Question question;
  question.method = std::move(method);
  question.target = std::move(target);
  question.body = json::serialize(body);
  question.headers.emplace_back("Content-Type", "application/json");
  question.patience = kDeployPatience;
  TRY(const auto response, send(around_, std::move(question)));
  return json_of(around_, response);
}

Error Steps::failed(const Error& error, std::string_view step) const {
  if (done_.empty()) return error;
  return error.with_context("Changed: " + done_ + ". Not changed: " + std::string(step) +
                            ", because");
}

Result<json::value> Steps::create(const packaging::Package& package) {
  TRY(const auto id, upload(around_, package, progress_));
  json::object body = plan_.configuration;
  body["FunctionName"] = wish_.name;
  body["Code"] = with_member("ProaUpload", json::value(id));
  if (!plan_.tags.empty()) body["Tags"] = plan_.tags;
  progress_.begin("unpacking at the daemon", 0);
  auto answer = ask_patiently("POST", functions_path(""), body);
  progress_.clear();
  if (!answer) forget_upload(around_, id);
  return answer;
}

Result<json::value> Steps::change_code(const packaging::Package& package,
                                       const std::string& revision) {
  TRY(const auto id, upload(around_, package, progress_));
  json::object body = with_member("ProaUpload", json::value(id));
  if (!revision.empty()) body["RevisionId"] = revision;
  if (wish_.architecture) body["Architectures"] = json::array{json::string(*wish_.architecture)};
  progress_.begin("unpacking at the daemon", 0);
  auto answer = ask_patiently("PUT", functions_path(wish_.name, "/code"), body);
  progress_.clear();
  if (!answer) forget_upload(around_, id);
  return answer;
}

Result<json::value> Steps::update(const json::value& there, const packaging::Package& package) {
  json::value function = there;
  // Variables are merged with what was there: they must not undo what another changed meanwhile.
  // Tags may make a new revision themselves.
  std::string revision;
  if (plan_.tags.empty() && !plan_.configuration.empty()) revision = text_in(there, "RevisionId");
  if (!plan_.tags.empty()) {
    const std::string target =
        "/2017-03-31/tags/" + http::percent_encode(text_in(there, "FunctionArn"));
    TRY(ask_patiently("POST", target, with_member("Tags", plan_.tags)));
    done_ = "tags";
  }
  if (plan_.changes_code) {
    auto changed = change_code(package, revision);
    if (!changed) return failed(changed.error(), "code");
    function = std::move(changed.value());
    done_ += done_.empty() ? "code" : ", code";
  }
  if (plan_.configuration.empty()) return function;
  json::object body = plan_.configuration;
  if (plan_.changes_code) revision = text_in(function, "RevisionId");
  if (!revision.empty()) body["RevisionId"] = revision;
  auto changed = ask_patiently("PUT", functions_path(wish_.name, "/configuration"), body);
  if (!changed) return failed(changed.error(), "configuration");
  return changed;
}

}  // namespace

Result<void> check_wish(const FunctionWish& wish) {
  TRY(check_range("The memory in MB", wish.memory_mib, 128, 10240));
  TRY(check_range("The timeout in seconds", wish.timeout_s, 1, 900));
  TRY(check_range("The size of /tmp in MB", wish.tmp_mib, 512, 10240));
  if (wish.layers && wish.layers->size() > 5) {
    return Error(Errc::invalid, "A function has at most 5 layers");
  }
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (wish.name.empty() || wish.name.size() > 64 ||
      !std::all_of(wish.name.begin(), wish.name.end(), is_plain)) {
    return Error(Errc::invalid, "'" + wish.name.substr(0, 100) +
                                    "' cannot be the name of a function, which has 1 to 64 "
                                    "letters, digits, '-' and '_'");
  }
  return ok();
}

Result<std::optional<json::value>> find_function(const Surroundings& around,
                                                 const std::string& name) {
  auto answer = ask(around, "GET", functions_path(name));
  if (answer) return std::optional<json::value>(std::move(answer.value()));
  if (answer.error().code() == Errc::not_found) return std::optional<json::value>();
  return answer.error();
}

Plan make_plan(const FunctionWish& wish, const json::value* answer, const Sha256Digest& digest) {
  Plan plan;
  plan.is_new = answer == nullptr;
  const json::value* const there =
      answer == nullptr ? nullptr : object_in(*answer, "Configuration");
  plan_code(plan, wish, there, digest);
  if (wish.runtime) change(plan, there, "Runtime", json::string(*wish.runtime), "runtime");
  if (wish.handler) change(plan, there, "Handler", json::string(*wish.handler), "handler");
  if (wish.role || plan.is_new) {
    change(plan, there, "Role", json::string(wish.role.value_or(kAnyRole)), "role");
  }
  if (wish.description) {
    change(plan, there, "Description", json::string(*wish.description), "description");
  }
  if (wish.memory_mib) change(plan, there, "MemorySize", *wish.memory_mib, "memory");
  if (wish.timeout_s) change(plan, there, "Timeout", *wish.timeout_s, "timeout");
  if (wish.tmp_mib) {
    change(plan, there, "EphemeralStorage", with_member("Size", *wish.tmp_mib), "/tmp");
  }
  plan_environment(plan, wish, there);
  plan_layers(plan, wish, there);
  plan_logging(plan, wish, there);
  plan_tags(plan, wish, answer);
  if (plan.is_new && wish.architecture) {
    plan.configuration["Architectures"] = json::array{json::string(*wish.architecture)};
  }
  return plan;
}

Result<Deployed> carry_out(const Surroundings& around, const FunctionWish& wish, const Plan& plan,
                           const json::value* answer, const packaging::Package& package,
                           ProgressLine& progress) {
  Deployed deployed;
  Steps steps(around, wish, plan, progress);
  if (plan.is_new) {
    deployed.action = "created";
    TRY(deployed.function, steps.create(package));
    return deployed;
  }
  const json::value* const there = object_in(*answer, "Configuration");
  if (there == nullptr) return Error(Errc::corrupt, "the daemon does not describe the function");
  deployed.action = plan.is_empty() ? "unchanged" : "updated";
  deployed.changes = plan.changes;
  TRY(deployed.function, steps.update(*there, package));
  return deployed;
}

}  // namespace proa::cli
