#include "cli/cli.h"

#include "cli/verb.h"

#include <cstdio>
#include <cstdlib>

namespace proa::cli {
namespace {

std::string variable(const char* name, std::string otherwise = {}) {
  const char* const value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

bool print_now(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

void note_now(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

Surroundings::Surroundings() : print(print_now), note(note_now) {}

Surroundings Surroundings::from_environment() {
  Surroundings around;
  around.endpoint = variable("PROA_ENDPOINT", around.endpoint);
  around.key_id = variable("AWS_ACCESS_KEY_ID");
  around.secret = variable("AWS_SECRET_ACCESS_KEY");
  around.session_token = variable("AWS_SESSION_TOKEN");
  around.region = variable("AWS_REGION", variable("AWS_DEFAULT_REGION", around.region));
  return around;
}

struct CommandLine::Verbs {
  Chosen chosen;
};

CommandLine::CommandLine(CLI::App& app, const Surroundings& surroundings)
    : verbs_(std::make_unique<Verbs>()) {
  add_account_verbs(app, surroundings, verbs_->chosen);
  add_key_verbs(app, surroundings, verbs_->chosen);
  add_dead_letter_verbs(app, surroundings, verbs_->chosen);
  add_logs_verb(app, surroundings, verbs_->chosen);
  add_usage_verb(app, surroundings, verbs_->chosen);
  add_status_verb(app, surroundings, verbs_->chosen);
}

CommandLine::~CommandLine() = default;

std::optional<Result<std::string>> CommandLine::run() {
  if (!verbs_->chosen.action) return std::nullopt;
  return verbs_->chosen.action();
}

}  // namespace proa::cli
