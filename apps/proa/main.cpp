// proa: the daemon (`proa serve`) and the command line, in one binary.
#include "cli/cli.h"
#include "serve_options.h"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app("Proa runs code on demand, with the AWS Lambda API, on your own machine.", "proa");
  app.set_version_flag("--version", "proa " PROA_VERSION);
  proa::apps::ServeOptions serve_options;
  proa::apps::add_serve(app, serve_options);
  const auto surroundings = proa::cli::Surroundings::from_environment();
  proa::cli::CommandLine command_line(app, surroundings);
  command_line.read_settings("serve", "/etc/proa/proa.toml");
  const auto code = command_line.run(argc, argv);
  return code ? static_cast<int>(*code) : proa::apps::serve(serve_options);
}
