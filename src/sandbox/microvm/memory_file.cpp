#include "sandbox/microvm/memory_file.h"

#include "os/file_extents.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace proa::sandbox {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kAtOnce = 64 * kPage;
/// Of a machine with what ours have, 60 KB.
constexpr off_t kStateMax = off_t{16} << 20U;
constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

Result<os::UniqueFd> make_file(const char* name, off_t size) {
  os::UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || ::ftruncate(file.get(), size) != 0) return os_error("a memory file for a machine");
  return file;
}

Result<off_t> size_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return os_error("size of a memory file");
  return status.st_size;
}

bool is_zero(std::span<const char> page) {
  static constexpr std::array<char, kPage> kZeros{};
  return std::memcmp(page.data(), kZeros.data(), page.size()) == 0;
}

Result<void> write_at(int file, std::span<const char> bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return os_error("copy a machine's memory");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += count;
  }
  return ok();
}

/// What is not zero of the bytes from `begin` to `end`, which may be a hole's edges.
Result<void> copy_range(int from, int to, off_t begin, off_t end) {
  std::vector<char> bytes(kAtOnce);
  while (begin < end) {
    const auto wanted = std::min(static_cast<std::size_t>(end - begin), bytes.size());
    const ssize_t count = ::pread(from, bytes.data(), wanted, begin);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return os_error("read a machine's memory");
    const auto read = std::span(bytes).first(static_cast<std::size_t>(count));
    for (std::size_t at = 0; at < read.size(); at += kPage) {
      const auto page = read.subspan(at, std::min(kPage, read.size() - at));
      if (is_zero(page)) continue;
      TRY(write_at(to, page, begin + static_cast<off_t>(at)));
    }
    begin += count;
  }
  return ok();
}

}  // namespace

Result<os::UniqueFd> make_memory_file(std::uint32_t mib) {
  TRY(auto file, make_file("proa-template", off_t{mib} << 20U));
  if (::fcntl(file.get(), F_ADD_SEALS, kSizeSeals) != 0) return os_error("seal a memory file");
  return file;
}

Result<os::UniqueFd> seal_copy(int file) {
  TRY(const off_t size, size_of(file));
  TRY(auto copy, make_file("proa-template-memory", size));
  TRY(os::for_each_extent(file, size, [&](off_t begin, off_t end) {
    return copy_range(file, copy.get(), begin, end);
  }));
  if (::fcntl(copy.get(), F_ADD_SEALS, kSizeSeals | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return os_error("seal a machine's memory");
  }
  return copy;
}

Result<os::UniqueFd> make_state_file(std::string_view bytes) {
  TRY(auto file, make_file("proa-template-state", 0));
  TRY(write_at(file.get(), bytes, 0));
  return file;
}

Result<std::string> read_state_file(int file) {
  TRY(const off_t size, size_of(file));
  if (size > kStateMax) return Error(Errc::too_large, "a machine's state is over 16 MiB");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const ssize_t count = ::pread(file, bytes.data(), bytes.size(), 0);
  if (count != size) return os_error("read a machine's state");
  return bytes;
}

Result<Bytes> memory_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return os_error("size of a memory file");
  return Bytes(static_cast<std::uint64_t>(status.st_blocks) * 512);
}

}  // namespace proa::sandbox
