#include "cli/cli.h"

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/screen.h"
#include "cli/settings_file.h"
#include "cli/verb.h"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace proa::cli {
namespace {

std::string variable(const char* name, std::string otherwise = {}) {
  const char* const value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

bool print_now(std::string_view text) {
  errno = 0;
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

void note_now(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

Result<std::string> read_all_input() {
  std::string input;
  std::array<char, 64 * 1024> part;  // NOLINT(cppcoreguidelines-pro-type-member-init): read into
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got == 0) return input;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EBADF) return input;  // closed by the caller: there is none
    if (got < 0) return os_error("cannot read standard input");
    input.append(part.data(), static_cast<std::size_t>(got));
  }
}

std::optional<std::string> read_one_line() {
  std::string line;
  for (;;) {
    const int c = std::fgetc(stdin);
    if (c == '\n') return line;
    if (c == EOF) return line.empty() ? std::nullopt : std::optional(line);
    line.push_back(static_cast<char>(c));
  }
}

}  // namespace

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid:
    case Errc::unsupported:
      return ExitCode::usage;
    case Errc::unavailable:
    case Errc::deadline:
      return ExitCode::no_daemon;
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::denied:
      return ExitCode::denied;
    case Errc::conflict:
    case Errc::precondition:
      return ExitCode::conflict;
    default:
      return ExitCode::failed;
  }
}

Surroundings::Surroundings()
    : print(print_now),
      note(note_now),
      read_input(read_all_input),
      read_line(read_one_line),
      now([] { return std::chrono::system_clock::now(); }) {}

Surroundings Surroundings::from_environment() {
  Surroundings around;
  around.endpoint = variable("PROA_ENDPOINT", around.endpoint);
  for (const char* name : {"AWS_CA_BUNDLE", "PROA_CA_FILE"}) {
    const std::string file = variable(name);
    if (file.empty()) continue;
    around.ca_file = file;
    around.ca_variable = name;
  }
  around.key_id = variable("AWS_ACCESS_KEY_ID");
  around.secret = variable("AWS_SECRET_ACCESS_KEY");
  around.session_token = variable("AWS_SESSION_TOKEN");
  around.region = variable("AWS_REGION", variable("AWS_DEFAULT_REGION", around.region));
  around.output = screen_of(STDOUT_FILENO);
  around.errors = screen_of(STDERR_FILENO);
  around.is_input_terminal = ::isatty(STDIN_FILENO) == 1;
  return around;
}

struct CommandLine::Verbs {
  Chosen chosen;
  std::unique_ptr<SettingsFile> settings;
};

CommandLine::CommandLine(CLI::App& app, const Surroundings& surroundings)
    : app_(app), around_(surroundings), verbs_(std::make_unique<Verbs>()) {
  app.require_subcommand(1);
  add_examples(app, {{"proa serve", "the daemon, on this machine"},
                     {"proa status", "what it is, has and does"},
                     {"proa VERB --help", "what a verb takes, with examples"}});
  add_deploy_verb(app, surroundings, verbs_->chosen);
  add_list_verb(app, surroundings, verbs_->chosen);
  add_show_verb(app, surroundings, verbs_->chosen);
  add_config_verb(app, surroundings, verbs_->chosen);
  add_delete_verb(app, surroundings, verbs_->chosen);
  add_invoke_verb(app, surroundings, verbs_->chosen);
  add_version_verbs(app, surroundings, verbs_->chosen);
  add_alias_verbs(app, surroundings, verbs_->chosen);
  add_url_verbs(app, surroundings, verbs_->chosen);
  add_logs_verb(app, surroundings, verbs_->chosen);
  add_usage_verb(app, surroundings, verbs_->chosen);
  add_dead_letter_verbs(app, surroundings, verbs_->chosen);
  add_schedule_verbs(app, surroundings, verbs_->chosen);
  add_account_verbs(app, surroundings, verbs_->chosen);
  add_key_verbs(app, surroundings, verbs_->chosen);
  add_role_verbs(app, surroundings, verbs_->chosen);
  add_status_verb(app, surroundings, verbs_->chosen);
  add_top_verb(app, surroundings, verbs_->chosen);
  add_explain_verb(app, surroundings, verbs_->chosen);
  add_backup_verbs(app, surroundings, verbs_->chosen);
  add_runtime_verbs(app, surroundings, verbs_->chosen);
  add_image_verbs(app, surroundings, verbs_->chosen);
  add_kernel_verbs(app, surroundings, verbs_->chosen);
  add_completion_verb(app, verbs_->chosen);
}

CommandLine::~CommandLine() = default;

void CommandLine::read_settings(const std::string& verb, std::filesystem::path place) {
  verbs_->settings = std::make_unique<SettingsFile>(*app_.get_subcommand(verb), std::move(place));
}

std::optional<ExitCode> CommandLine::run(int argc, const char* const* argv) {
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!words.empty() && words.front() == kCompleteVerb) {
    around_.print(completion_answer(around_, app_, {words.begin() + 1, words.end()}));
    return ExitCode::done;
  }
  if (!words.empty() && words.front() == "help") {  // proa help VERB is proa VERB --help
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (verbs_->settings) {
    if (const auto filled = verbs_->settings->fill(words); !filled) {
      return refuse(filled.error().message(), "");
    }
  }
  try {
    app_.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 wants it so
  } catch (const CLI::CallForHelp&) {
    // CLI11 sees --help before it sees that there is no such verb.
    const Refusal refusal = explain_refusal(app_, words, "");
    if (!refusal.text.empty()) {
      return refuse(refusal.text, "`" + refusal.command + " --help` says more.\n");
    }
    around_.print(app_.help());
    return ExitCode::done;
  } catch (const CLI::CallForVersion& version) {
    around_.print(std::string(version.what()) + "\n");
    return ExitCode::done;
  } catch (const CLI::ParseError& error) {
    const Refusal refusal = explain_refusal(app_, words, error.what());
    return refuse(refusal.text, "`" + refusal.command + " --help` says more.\n");
  }
  if (verbs_->settings && verbs_->settings->is_text_wanted()) {
    verbs_->chosen.action = [this] { return Result<std::string>(verbs_->settings->text()); };
  }
  if (!verbs_->chosen.action) return std::nullopt;
  return act();
}

ExitCode CommandLine::refuse(const std::string& text, const std::string& advice) const {
  around_.note(paint(around_.errors, Ink::failure, "proa:") + " " + lines_of(text) + "\n" + advice);
  return ExitCode::usage;
}

ExitCode CommandLine::act() {
  std::optional<Result<std::string>> text;
  try {
    text.emplace(verbs_->chosen.action());
  } catch (const std::exception& thrown) {  // of JSON that is not what Proa's daemon answers
    text.emplace(Error(Errc::corrupt,
                       "the daemon's answer is not as expected: " + std::string(thrown.what())));
  }
  if (!*text) {
    refuse(text->error().message(), "");
    return exit_code_of(text->error().code());
  }
  if (text->value().empty() || around_.print(text->value())) return verbs_->chosen.code;
  if (errno != EPIPE) {
    refuse(std::string("cannot write to standard output: ") + std::strerror(errno), "");
  }
  return ExitCode::failed;
}

}  // namespace proa::cli
