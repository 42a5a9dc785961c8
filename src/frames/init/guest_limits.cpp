#include "frames/init/guest_limits.h"

#include "frames/init/files.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

namespace proa::frames::init {
namespace {

// As launcher/sandbox_child.cpp sets them, and the control group its number of processes.
constexpr rlim_t kDescriptors = 1024;
constexpr rlim_t kProcesses = 1024;

bool set_limit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  return ::setrlimit(resource, &limit) == 0;
}

}  // namespace

const char* set_guest_limits() {
  if (::sethostname("sandbox", 7) != 0) return "host name";
  if (!set_limit(RLIMIT_NOFILE, kDescriptors)) return "limit of descriptors";
  if (!set_limit(RLIMIT_CORE, 0)) return "limit of core files";
  if (!set_limit(RLIMIT_NPROC, kProcesses)) return "limit of processes";
  // A container's seccomp filter refuses them; a kernel may have none.
  if (!write_whole("/proc/sys/user/max_user_namespaces", "0") && errno != ENOENT) {
    return "number of user namespaces";
  }
  // A container's memory is limited as it is used, not as it is asked for: a machine would refuse
  // what is larger than itself, and a program would see another error.
  if (!write_whole("/proc/sys/vm/overcommit_memory", "1") && errno != ENOENT) {
    return "overcommit of memory";
  }
  return write_whole("/proc/self/oom_score_adj", "-1000") ? nullptr : "oom_score_adj of init";
}

}  // namespace proa::frames::init
