// Small-file reading and writing, relative to directory descriptors where that matters.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace proa::os {

/// open(2) with O_CLOEXEC added. Errc: not_found, exhausted, os (named by path).
Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, mode_t mode = 0);
/// openat(2) with O_CLOEXEC added, for trusted names. Errc as above.
Result<UniqueFd> open_at(int directory, const std::string& name, int flags, mode_t mode = 0);
/// openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS: for names that an untrusted process
/// chose. Never leaves `directory`. Errc as above.
Result<UniqueFd> open_beneath(int directory, const std::string& name, int flags);

/// The whole file. Errc: not_found, exhausted, os.
Result<std::string> read_file(const std::filesystem::path& path);
/// The whole file behind `fd` from its beginning (pread), e.g. a kernel file that is read again.
Result<std::string> read_all(int fd);
/// Writes all of `text` where the descriptor stands; `name` is for the error. Errc: exhausted (disk
/// full), os.
Result<void> write_fully(int fd, std::string_view text, const std::string& name);
/// One write(2) of `text` at the beginning of an existing file: what kernel files want.
Result<void> write_kernel_file(const std::filesystem::path& path, std::string_view text);
/// The same through an open descriptor.
Result<void> write_kernel_file(int fd, std::string_view text);
/// Writes `text` to `path` so that readers see the old or the new content, never a part: temporary
/// file, fsync, rename, fsync of the folder. Errc: exhausted (disk full), os.
Result<void> replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode);

}  // namespace proa::os
