// The command line: verbs that speak to a daemon over HTTP, and nothing else.
//
// Nouns: Surroundings (what comes from environment variables and the terminal), Screen (who reads a
// stream), CommandLine (all verbs on one CLI::App), ExitCode (how it ends, for scripts), verb (one
// file each: account.cpp, key.cpp). `apps/proa` makes it beside `serve`; it calls http to ask and
// identity to sign. It runs on the caller's thread and blocks. A verb gives the text to print; an
// Error's message says what went wrong and what to do. Answers go to standard output, all that is
// said about them to standard error. Ctrl-C ends the program as the signal does: 130 in a shell.
// Long document: docs/reference/command-line.md.
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace proa::cli {

/// How the program ends. Scripts branch on it: no number ever changes its meaning.
enum class ExitCode : int {
  done = 0,             ///< and --help
  failed = 1,           ///< the daemon failed, or refused for a reason that is none of the below
  usage = 2,            ///< wrong words on the command line or in PROA_ENDPOINT; nothing was asked
  no_daemon = 3,        ///< nobody there, or no answer in time
  not_found = 4,        ///< what was named does not exist
  denied = 5,           ///< no key, a wrong signature, or the key lacks the right
  conflict = 6,         ///< it exists already, is changing, or was changed by another
  function_failed = 7,  ///< the call reached the function, and that failed
};

/// The code for an Error of a verb: `invalid` is the caller's words, `internal` what the daemon
/// says.
ExitCode exit_code_of(Errc code);

/// Who reads a stream.
struct Screen {
  bool is_terminal = false;
  bool has_colours = false;  ///< a terminal that has them, and NO_COLOR is not set
  std::size_t columns = 0;   ///< its width; 0: lines are never cut
};

/// What the environment variables say, and what the standard streams are; read by main.
struct Surroundings {
  std::string endpoint = "http://127.0.0.1:9600";  ///< PROA_ENDPOINT; https:// speaks TLS
  /// PROA_CA_FILE, else AWS_CA_BUNDLE: the authorities to believe in place of this machine's;
  /// empty: those.
  std::filesystem::path ca_file;
  std::string ca_variable;           ///< which of the two it was
  std::string key_id;                ///< AWS_ACCESS_KEY_ID; empty: requests unsigned
  std::string secret;                ///< AWS_SECRET_ACCESS_KEY
  std::string session_token;         ///< AWS_SESSION_TOKEN
  std::string region = "us-east-1";  ///< AWS_REGION or AWS_DEFAULT_REGION

  Screen output;                   ///< standard output
  Screen errors;                   ///< standard error
  bool is_input_terminal = false;  ///< standard input is somebody's keyboard

  /// Writes to standard output, at once; false when nobody reads any more (errno says why).
  std::function<bool(std::string_view)> print;
  /// The same for what is said about it: standard error.
  std::function<void(std::string_view)> note;
  /// All of standard input. Errc: os.
  std::function<Result<std::string>()> read_input;
  /// One line of it, without its end; nothing at its end.
  std::function<std::optional<std::string>()> read_line;
  std::function<WallTime()> now;

  Surroundings();
  static Surroundings from_environment();
};

/// All verbs. The App and the Surroundings outlive it.
class CommandLine {
 public:
  CommandLine(CLI::App& app, const Surroundings& surroundings);
  ~CommandLine();

  /// Lets the options of `verb`, which is on the App already, stand in a TOML file too: the one at
  /// `place`, if it exists, or the one that --config names (docs/reference/configuration.md).
  void read_settings(const std::string& verb, std::filesystem::path place);

  /// Parses the words, does what they say and prints what came of it. The program's exit code; or
  /// nothing when the words chose no verb of ours (serve: main's). Blocks.
  std::optional<ExitCode> run(int argc, const char* const* argv);

 private:
  ExitCode refuse(const std::string& text, const std::string& advice) const;
  ExitCode act();

  struct Verbs;
  CLI::App& app_;
  const Surroundings& around_;
  std::unique_ptr<Verbs> verbs_;
};

}  // namespace proa::cli
