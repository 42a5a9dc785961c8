// proa: the daemon (`proa serve`) and the command line, in one binary.
#include "serve_options.h"

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  CLI::App app("Proa runs code on demand, with the AWS Lambda API, on your own machine.", "proa");
  app.set_version_flag("--version", "proa " PROA_VERSION);
  app.require_subcommand(1);
  proa::apps::ServeOptions serve_options;
  proa::apps::add_serve(app, serve_options);
  CLI11_PARSE(app, argc, argv);
  return proa::apps::serve(serve_options);
}
