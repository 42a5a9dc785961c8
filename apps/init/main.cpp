// proa-init: the first process of an environment. See src/frames/init/container.h
// and guest.h.
#include "frames/init/container.h"
#include "frames/init/guest.h"

#include <unistd.h>

#include <span>
#include <string_view>

// There is no C++ library to bring this; a call of it is a bug.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the compiler's name
extern "C" void __cxa_pure_virtual() { __builtin_trap(); }

int main(int count, char** arguments) {
  namespace init = proa::frames::init;
  const bool is_guest = count > 1 && std::string_view(arguments[1]) == init::kGuestWord;
  const std::span<const char* const> words(arguments, static_cast<std::size_t>(count));
  const init::Stop reason = is_guest ? init::run_guest(words.subspan(2)) : init::run_container();
  if (reason == init::Stop::not_first) {
    constexpr char kMessage[] =
        "proa-init: started by proa-launcher as process 1 of an environment, with its control link "
        "as descriptor 3; it does nothing for anyone else\n";
    const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    static_cast<void>(written);
  }
  return static_cast<int>(reason);
}
