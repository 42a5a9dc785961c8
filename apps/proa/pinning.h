// Which processor each shard runs on, and with it the environments of its short calls.
#pragma once

#include "serve_options.h"

#include <string>
#include <vector>

namespace proa::apps {

/// The processors that this process may use, ascending.
std::vector<unsigned> allowed_processors();
/// As a list of cpuset(7): "0-2,5".
std::string processor_list(const std::vector<unsigned>& processors);

/// A processor for each shard; empty: nothing is pinned, for the reason given.
struct Pinning {
  std::vector<unsigned> of_shard;
  std::string all;  ///< list of all that environments may use
  std::string why_not;
};

/// Pins only where every processor has a shard of its own: with fewer shards the kernel spreads
/// environments better than a shard could. See docs/decisions/0010-processor-pinning.md.
Pinning choose_pinning(const ServeOptions& options, std::size_t shards,
                       const std::vector<unsigned>& allowed);

/// Binds the calling thread to one processor; false where the kernel refuses.
bool bind_thread(unsigned processor);

}  // namespace proa::apps
