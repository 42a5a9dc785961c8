#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace proa {

void check(bool condition, std::string_view message, const boost::source_location& where) {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: invariant broken: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace proa
