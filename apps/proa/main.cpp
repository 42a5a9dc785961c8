// proa: the daemon (`proa serve`) and the command line, in one binary.
#include "cli/cli.h"
#include "serve_options.h"

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  CLI::App app("Proa runs code on demand, with the AWS Lambda API, on your own machine.", "proa");
  app.set_version_flag("--version", "proa " PROA_VERSION);
  app.require_subcommand(1);
  proa::apps::ServeOptions serve_options;
  proa::apps::add_serve(app, serve_options);
  const auto surroundings = proa::cli::Surroundings::from_environment();
  proa::cli::CommandLine command_line(app, surroundings);
  CLI11_PARSE(app, argc, argv);
  const auto printed = command_line.run();
  if (!printed) return proa::apps::serve(serve_options);
  if (*printed) {
    std::fputs(printed->value().c_str(), stdout);
    return 0;
  }
  std::fprintf(stderr, "proa: %s\n", printed->error().message().c_str());
  return 1;
}
