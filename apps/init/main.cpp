// proa-init: the first process of an environment. See src/frames/init/container.h.
#include "frames/init/container.h"

#include <unistd.h>

// There is no C++ library to bring this; a call of it is a bug.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the compiler's name
extern "C" void __cxa_pure_virtual() { __builtin_trap(); }

int main() {
  namespace init = proa::frames::init;
  const init::Stop reason = init::run_container();
  if (reason == init::Stop::not_first) {
    constexpr char kMessage[] =
        "proa-init: started by proa-launcher as process 1 of an environment, with its control link "
        "as descriptor 3; it does nothing for anyone else\n";
    const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    static_cast<void>(written);
  }
  return static_cast<int>(reason);
}
