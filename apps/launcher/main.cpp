// proa-launcher: the privileged side. Started by `proa serve`, never by hand.
//
// Inherited: 3 = its configuration (a memory file), 4 = the socket to the daemon. It takes an
// instance number, forks the pool and spawn roles and watches them (launcher/launcher.h).
#include "launcher/supervisor.h"
#include "os/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

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

}  // namespace

int main() {
  auto status = run();
  if (status) return status.value();
  std::fprintf(stderr, "proa-launcher: %s\n", status.error().message().c_str());
  return 1;
}
