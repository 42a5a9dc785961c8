// proa status
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/table.h"
#include "cli/verb.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <algorithm>
#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kStatusHead = 15;

/// "head           text"
std::string line(std::string head, const std::string& text) {
  head.resize(std::max(head.size() + 2, kStatusHead), ' ');
  return head + text + "\n";
}

/// "idle 1, running 0": the members of an object, underscores as spaces.
std::string counts(const json::value& object) {
  std::string text;
  for (const auto& [name, value] : object.as_object()) {
    std::string words(name);
    std::replace(words.begin(), words.end(), '_', ' ');
    text.append(text.empty() ? "" : ", ").append(words).append(" ").append(cell(object, name));
  }
  return text;
}

/// What a setting is held by, or that it is not.
std::string limits(const json::value& host) {
  std::string text;
  const auto* all = object_in(host, "limits");
  if (all == nullptr) return text;
  for (const auto& [name, value] : all->as_object()) {
    const bool is_enforced = cell(value, "enforced") == "true";
    text += line("limit " + std::string(name),
                 (is_enforced ? "enforced by " : "NOT enforced: ") + cell(value, "by"));
  }
  return text;
}

std::string network(const json::value& host) {
  const auto* object = object_in(host, "network");
  if (object == nullptr) return {};
  const std::string reason = cell(*object, "reason");
  return line("network", cell(*object, "uplink") + (reason == "-" ? "" : " (" + reason + ")"));
}

/// Who plays guests' processors, and why; before anybody knows, why not.
std::string guests(const json::value& status) {
  const auto* object = object_in(status, "guests");
  if (object == nullptr) return {};
  const std::string accelerator = cell(*object, "accelerator");
  const std::string reason = cell(*object, "reason");
  return line("guests", accelerator == "-" ? reason : accelerator + " (" + reason + ")");
}

/// The certificate in service, and what became of the last reload.
std::string tls(const json::value& status) {
  const auto* object = object_in(status, "tls");
  if (object == nullptr) return {};
  const auto add = [&](std::string head, const char* name) {
    return object->as_object().contains(name) ? line(std::move(head), cell(*object, name))
                                              : std::string();
  };
  return line("tls", cell(*object, "subject") + ", serial " + cell(*object, "serial") +
                         ", expires " + cell(*object, "expires")) +
         add("tls problem", "problem") + add("tls reload", "reload");
}

std::string interpreters(const json::value& status) {
  std::string text;
  const auto* list = find_in(status, "interpreters");
  if (list == nullptr || !list->is_array()) return text;
  for (const auto& each : list->get_array()) {
    text += line("runtime", cell(each, "runtime") + " by " + cell(each, "path") + " (" +
                                cell(each, "version") + ")");
  }
  return text;
}

std::string status_text(const json::value& status) {
  std::string text = "Proa " + cell(status, "version") + ": auth " + cell(status, "auth") + ", " +
                     cell(status, "shards") + " shards, pinning " + cell(status, "pinning") +
                     ", isolation " + cell(status, "isolation") + ", user " + cell(status, "user") +
                     "\n";
  for (const char* name : {"environments", "events", "schedules"}) {
    if (const auto* object = object_in(status, name)) text += line(name, counts(*object));
  }
  text += tls(status) + guests(status);
  if (const auto* host = object_in(status, "host")) {
    text += network(*host) + line("cgroup", cell(*host, "cgroup")) + limits(*host);
  } else {
    text += line("host", cell(status, "host"));  // the launcher does not answer
  }
  return text + interpreters(status);
}

}  // namespace

void add_status_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto is_json = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand(
      "status", "What the daemon is, has and does, and which limits hold on this host");
  verb->group(kOperating);
  add_examples(*verb, {{"proa status", ""},
                       {"proa status --json | jq .environments", "what the pool holds"}});
  verb->add_flag("--json", *is_json, "Print the answer as JSON");
  verb->callback([&, is_json] {
    chosen.action = [&, is_json]() -> Result<std::string> {
      TRY(const auto status, ask(surroundings, "GET", "/proa/v1/status"));
      return *is_json ? pretty(status) : status_text(status);
    };
  });
}

}  // namespace proa::cli
