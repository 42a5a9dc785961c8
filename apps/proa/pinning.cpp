#include "pinning.h"

#include <sched.h>

#include <cerrno>

namespace proa::apps {

std::vector<unsigned> allowed_processors() {
  std::vector<unsigned> processors;
  // The set must be as large as the kernel's, which only its answer EINVAL tells (sched(7)).
  for (int size = 1'024; size <= 1'048'576; size *= 4) {
    cpu_set_t* const set = CPU_ALLOC(size);
    const std::size_t bytes = CPU_ALLOC_SIZE(size);
    const int failed = ::sched_getaffinity(0, bytes, set) == 0 ? 0 : errno;
    for (int i = 0; failed == 0 && i < size; ++i) {
      if (CPU_ISSET_S(i, bytes, set)) processors.push_back(static_cast<unsigned>(i));
    }
    CPU_FREE(set);
    if (failed != EINVAL) break;
  }
  return processors;
}

std::string processor_list(const std::vector<unsigned>& processors) {
  std::string list;
  for (std::size_t i = 0; i < processors.size();) {
    std::size_t last = i;
    while (last + 1 < processors.size() && processors[last + 1] == processors[last] + 1) ++last;
    if (!list.empty()) list += ",";
    list += std::to_string(processors[i]);
    if (last > i) list += "-" + std::to_string(processors[last]);
    i = last + 1;
  }
  return list;
}

Pinning choose_pinning(const ServeOptions& options, std::size_t shards,
                       const std::vector<unsigned>& allowed) {
  Pinning pinning;
  pinning.all = processor_list(allowed);
  if (options.pin == "off") {
    pinning.why_not = "--pin off";
  } else if (allowed.size() < 2) {
    pinning.why_not = "there is one processor";
  } else if (shards != allowed.size()) {
    pinning.why_not =
        std::to_string(shards) + " shards for " + std::to_string(allowed.size()) + " processors";
  } else {
    pinning.of_shard = allowed;
  }
  return pinning;
}

bool bind_thread(unsigned processor) {
  cpu_set_t* const set = CPU_ALLOC(processor + 1);
  const std::size_t bytes = CPU_ALLOC_SIZE(processor + 1);
  CPU_ZERO_S(bytes, set);
  CPU_SET_S(processor, bytes, set);
  const bool is_bound = ::sched_setaffinity(0, bytes, set) == 0;
  CPU_FREE(set);
  return is_bound;
}

}  // namespace proa::apps
