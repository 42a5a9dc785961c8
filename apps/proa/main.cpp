// proa: the daemon (`proa serve`) and the command line, in one binary.
#include "cli/cli.h"
#include "serve_options.h"
#include "uninstall.h"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app("Proa runs code on demand, with the AWS Lambda API, on your own machine.", "proa");
  app.set_version_flag("--version", "proa " PROA_VERSION);
  proa::apps::ServeOptions serve_options;
  proa::apps::add_serve(app, serve_options);
  proa::apps::UninstallOptions uninstall_options;
  proa::apps::add_uninstall(app, uninstall_options);
  const auto surroundings = proa::cli::Surroundings::from_environment();
  proa::cli::CommandLine command_line(app, surroundings);
  command_line.read_settings("serve", "/etc/proa/proa.toml");
  const auto code = command_line.run(argc, argv);
  if (code) return static_cast<int>(*code);
  if (uninstall_options.is_chosen) return proa::apps::uninstall(uninstall_options);
  return proa::apps::serve(serve_options);
}
