// Memory of machines in files: a template writes one, its copies map it privately. Private to
// sandbox/.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <cstdint>
#include <string_view>

namespace proa::sandbox {

/// An empty memfd of `mib` MiB, sealed against another size. Errc: exhausted, os.
Result<os::UniqueFd> make_memory_file(std::uint32_t mib);
/// A memfd of what is in `file`, sealed against every change; pages of zeros take no memory in it.
/// Errc: exhausted, os. Blocks for a second per 2 GiB or so.
///
/// A copy, since its memory is charged to whoever wrote it first: that of `file` to the control
/// group of the machine that did, which another machine gets next.
Result<os::UniqueFd> seal_copy(int file);
/// A memfd of `bytes`, for one reader: it is read from its beginning. Errc: exhausted, os.
Result<os::UniqueFd> make_state_file(std::string_view bytes);
/// All of a short file, from its beginning. Errc: too_large, os.
Result<std::string> read_state_file(int file);
/// Memory that a file takes. Errc: os.
Result<Bytes> memory_of(int file);

}  // namespace proa::sandbox
