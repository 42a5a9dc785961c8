// proa-launcher: the privileged side. Started by `proa serve`, never by hand.
//
// With --clean DATA it removes what dead instances have left on this host (`proa uninstall`). Else,
// inherited: 3 = its configuration (a memory file), 4 = the socket to the daemon. It takes an
// instance number, forks the pool and spawn roles and watches them (launcher/launcher.h).
#include "launcher/supervisor.h"
#include "os/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

namespace {

proa::Result<int> run() {
  proa::os::UniqueFd config_file(3);
  proa::os::UniqueFd daemon(4);
  struct stat ignored {};
  if (::fstat(config_file.get(), &ignored) != 0 || ::fstat(daemon.get(), &ignored) != 0) {
    return proa::Error(proa::Errc::invalid, "proa-launcher is started by `proa serve` only");
  }
  TRY(auto text, proa::os::read_all(config_file.get()));
  config_file.reset();
  TRY(auto config, proa::launcher::parse_config(text));
  TRY(auto instance, proa::launcher::Instance::acquire(config.run_folder));
  return proa::launcher::Supervisor(std::move(config), std::move(instance), std::move(daemon))
      .run();
}

/// Prints how many instances had left something.
proa::Result<int> clean(const char* data_folder) {
  const proa::launcher::LauncherConfig usual;
  TRY(const auto count, proa::launcher::clean_host(usual.run_folder, data_folder));
  std::printf("%zu\n", count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_cleaning = argc == 3 && std::string_view(argv[1]) == "--clean";
  auto status = is_cleaning ? clean(argv[2]) : run();
  if (status) return status.value();
  std::fprintf(stderr, "proa-launcher: %s\n", status.error().message().c_str());
  return 1;
}
