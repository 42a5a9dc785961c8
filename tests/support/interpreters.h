// Interpreters in /usr that tests of pools name without having them.
#pragma once

#include "environment/environment.h"

namespace proa::environment {

/// Python 3.11 and Node 20.
inline RuntimePrograms python_and_node() {
  Interpreter python;
  python.generation = 11;
  python.version = "3.11.2";
  python.executable = "/usr/bin/python3.11";
  python.is_in_usr = true;
  Interpreter node = python;
  node.language = Language::node;
  node.generation = 20;
  node.version = "20.9.0";
  node.executable = "/usr/bin/node";
  std::vector<Interpreter> both = {python, node};
  return RuntimePrograms(std::move(both));
}

}  // namespace proa::environment
