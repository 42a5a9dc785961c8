// The command line: verbs that speak to a daemon over HTTP, and nothing else.
//
// Nouns: Surroundings (what comes from environment variables), CommandLine (all verbs on one
// CLI::App), verb (one file each: account.cpp, key.cpp). `apps/proa` makes it beside `serve`; it
// calls http to ask and identity to sign. It runs on the caller's thread and blocks. A verb gives
// the text to print; an Error's message says what went wrong and what to do.
// Long document: docs/guides/keys.md.
#pragma once

#include "base/result.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace proa::cli {

/// What the environment variables say; read by main.
struct Surroundings {
  std::string endpoint = "http://127.0.0.1:9600";  ///< PROA_ENDPOINT
  std::string key_id;                              ///< AWS_ACCESS_KEY_ID; empty: requests unsigned
  std::string secret;                              ///< AWS_SECRET_ACCESS_KEY
  std::string session_token;                       ///< AWS_SESSION_TOKEN
  std::string region = "us-east-1";                ///< AWS_REGION or AWS_DEFAULT_REGION

  /// Where verbs write that go on for long, at once; false when nobody reads any more.
  std::function<bool(std::string_view)> print;
  /// The same for what is said about it: standard error.
  std::function<void(std::string_view)> note;

  Surroundings();
  static Surroundings from_environment();
};

/// All verbs. The App and the Surroundings outlive it. Parse the App, then run().
class CommandLine {
 public:
  CommandLine(CLI::App& app, const Surroundings& surroundings);
  ~CommandLine();

  /// The text that the chosen verb prints; nothing when no verb of ours was chosen. Blocks. Errc:
  /// invalid (endpoint, arguments), unavailable (no daemon there), and what the daemon answers.
  std::optional<Result<std::string>> run();

 private:
  struct Verbs;
  std::unique_ptr<Verbs> verbs_;
};

}  // namespace proa::cli
