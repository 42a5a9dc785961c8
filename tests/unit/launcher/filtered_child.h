// A system call made under a seccomp filter, for the tests of the filters.
#pragma once

#include "launcher/seccomp_filter.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace proa::launcher::test {

/// errno of `call` in a child under `program`, as it was built; 0 when it succeeds, the negative
/// signal when that ended it.
inline int errno_under(const Result<FilterProgram>& program, const std::function<long()>& call) {
  EXPECT_TRUE(program) << program.error().message();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (install_filter(program.value()) != 0) ::_exit(255);
    ::_exit(call() >= 0 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace proa::launcher::test
