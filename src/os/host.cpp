#include "os/host.h"

#include "os/file.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <charconv>
#include <memory>

namespace proa::os {
namespace {

std::optional<Bytes> field(std::string_view text, std::string_view name) {
  const auto begin = text.find(name);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto digits = text.find_first_of("0123456789", begin);
  if (digits == std::string_view::npos) return std::nullopt;
  std::uint64_t kib = 0;
  const auto read = std::from_chars(text.data() + digits, text.data() + text.size(), kib);
  if (read.ec != std::errc{}) return std::nullopt;
  return Bytes::kib(kib);
}

// Linux 6.2 and later say it as the folder's size; before, its entries must be counted.
Result<std::uint64_t> open_descriptors() {
  struct stat status {};
  if (::stat("/proc/self/fd", &status) != 0) return os_error("stat /proc/self/fd");
  if (status.st_size > 0) return static_cast<std::uint64_t>(status.st_size);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) return os_error("open /proc/self/fd");
  std::uint64_t count = 0;
  while (::readdir(folder.get()) != nullptr) ++count;
  return count - 3;  // ".", "..", and the folder itself
}

Result<rlimit> descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return os_error("getrlimit");
  return limit;
}

}  // namespace

Result<HostMemory> host_memory() {
  TRY(const auto text, read_file("/proc/meminfo"));
  return parse_meminfo(text);
}

Result<HostMemory> parse_meminfo(std::string_view text) {
  const auto total = field(text, "MemTotal:");
  const auto available = field(text, "MemAvailable:");
  if (!total || !available) return Error(Errc::corrupt, "/proc/meminfo has no MemAvailable");
  return HostMemory{*total, *available};
}

Result<std::uint64_t> descriptors_left() {
  TRY(const auto limit, descriptor_limit());
  TRY(const auto open, open_descriptors());
  return limit.rlim_cur > open ? limit.rlim_cur - open : 0;
}

Result<std::uint64_t> raise_descriptor_limit() {
  TRY(auto limit, descriptor_limit());
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return os_error("setrlimit");
  }
  return static_cast<std::uint64_t>(limit.rlim_cur);
}

}  // namespace proa::os
