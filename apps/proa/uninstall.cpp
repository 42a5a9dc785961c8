#include "uninstall.h"

#include "cli/cli.h"
#include "languages.h"
#include "privileges.h"

#include <CLI/CLI.hpp>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>

namespace proa::apps {
namespace {

namespace fs = std::filesystem;

/// Has the launcher remove what dead instances left. It says on its own what went wrong.
Result<void> clean(const UninstallOptions& options) {
  std::string program =
      (options.launcher.empty() ? own_program("proa-launcher") : options.launcher).string();
  std::string verb = "--clean";
  std::string data = options.data.string();
  const std::array<char*, 4> words{program.data(), verb.data(), data.data(), nullptr};
  std::fputs("Instances of Proa that had left something: ", stdout);
  std::fflush(stdout);
  pid_t child = -1;
  const int failed =
      ::posix_spawn(&child, program.c_str(), nullptr, nullptr, words.data(), environ);
  if (failed != 0) return os_error("execute " + program, failed);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ok();
  return Error(Errc::os, "not all could be removed; the message of proa-launcher stands above");
}

/// Whether the folder is one that `proa serve` has made: nothing else is removed whole.
bool is_data_folder(const fs::path& folder) {
  std::error_code failed;
  return fs::is_regular_file(folder / "lock", failed) &&
         fs::is_directory(folder / "catalog", failed) && fs::is_directory(folder / "disks", failed);
}

Result<void> make_sure(const UninstallOptions& options) {
  if (options.is_sure) return ok();
  if (::isatty(STDIN_FILENO) != 1) {
    return Error(Errc::invalid, "nothing is removed: say --yes where nobody can be asked");
  }
  std::printf("Remove %s with all functions, keys, events and logs for good? [y/N] ",
              options.data.c_str());
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return ok();
  return Error(Errc::invalid, "nothing is removed");
}

Result<void> run(const UninstallOptions& options) {
  if (::geteuid() != 0) {
    return Error(Errc::denied, "proa uninstall removes what root has made: try sudo");
  }
  std::error_code failed;
  const bool has_data = fs::exists(options.data, failed);
  os::UniqueFd lock;
  if (has_data) {
    if (!is_data_folder(options.data)) {
      return Error(Errc::invalid, options.data.string() +
                                      " is no data folder of Proa's; --data names the one there "
                                      "is");
    }
    if (options.wants_purge) {
      TRY(make_sure(options));
    }
    auto locked = lock_data_folder(options.data);
    if (!locked) return locked.error().with_context("stop it first");
    lock = std::move(locked.value());
  }
  TRY(clean(options));
  if (!has_data || !options.wants_purge) {
    if (has_data) {
      std::printf("%s stays; --purge removes it, too.\n", options.data.c_str());
    }
    return ok();
  }
  fs::remove_all(options.data, failed);
  if (failed) return os_error("remove " + options.data.string(), failed.value());
  std::printf("%s is removed.\n", options.data.c_str());
  return ok();
}

}  // namespace

void add_uninstall(CLI::App& app, UninstallOptions& options) {
  CLI::App* verb = app.add_subcommand(
      "uninstall", "Take back what Proa made on this host; programs are the package manager's");
  verb->group("Serve")->footer(
      "Examples:\n"
      "  proa uninstall\n"
      "      control groups, disks, devices and rules that daemons left; stop them first\n"
      "  proa uninstall --purge --yes\n"
      "      functions, keys, events and logs, too, and nobody is asked");
  verb->add_option("--data", options.data, "The data folder")->capture_default_str();
  verb->add_option("--launcher", options.launcher, "Another proa-launcher");
  verb->add_flag("--purge", options.wants_purge, "Remove the data folder, too: everything in it");
  verb->add_flag("-y,--yes", options.is_sure, "Do not ask");
  verb->callback([&options] { options.is_chosen = true; });
}

int uninstall(const UninstallOptions& options) {
  const auto done = run(options);
  if (done) return 0;
  std::fprintf(stderr, "proa: %s\n", done.error().message().c_str());
  return static_cast<int>(cli::exit_code_of(done.error().code()));
}

}  // namespace proa::apps
