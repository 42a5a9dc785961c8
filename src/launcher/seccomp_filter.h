// The system calls function code may make, as a filter program built once.
#pragma once

#include "base/result.h"

#include <linux/filter.h>

#include <span>
#include <vector>

namespace proa::launcher {

using FilterProgram = std::vector<sock_filter>;

/// Builds the filter every environment runs under: an allow-list of what ordinary programs use;
/// everything else is EPERM, calls the kernel may grow later ENOSYS (so that libraries fall back).
/// Refused above all: new namespaces, mounts, modules, BPF, perf, io_uring, keyrings, ptrace of
/// others, raw packet and exotic socket families. A binary tree (48 us to install against 150).
/// Errc: internal (libseccomp refused a rule; the message names the call).
Result<FilterProgram> build_sandbox_filter();

/// The same for a process that is not function code: what ordinary programs use, and `more`, each
/// without conditions. Everything else is EPERM. Errc: internal.
Result<FilterProgram> build_filter_with(std::span<const char* const> more);

/// Installs `program` on the calling process with seccomp(2). no_new_privs must be set already, or
/// CAP_SYS_ADMIN held.
/// Returns errno or 0; makes no allocation, for use between clone and exec.
int install_filter(const FilterProgram& program);

}  // namespace proa::launcher
