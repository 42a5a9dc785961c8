#include "launcher/instance.h"

#include "launcher/protocol.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <charconv>
#include <sstream>

namespace proa::launcher {
namespace {
constexpr std::uint32_t kFirstUid = 0x70000000;
constexpr std::uint32_t kUidsPerInstance = 2 * kMaxSlots;
}  // namespace

Result<Instance> Instance::acquire(const std::filesystem::path& run_folder) {
  std::error_code failed;
  std::filesystem::create_directories(run_folder, failed);
  if (failed) return os_error("create " + run_folder.string(), failed.value());
  for (std::uint32_t number = 0; number < kMaxInstances; ++number) {
    const auto lock_path = run_folder / ("instance-" + std::to_string(number) + ".lock");
    TRY(auto lock, os::open_file(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) continue;
      return os_error("lock " + lock_path.string());
    }
    const auto folder = run_folder / std::to_string(number);
    std::filesystem::create_directories(folder, failed);
    if (failed) return os_error("create " + folder.string(), failed.value());
    return Instance(number, folder, std::move(lock));
  }
  return Error(Errc::exhausted, "64 instances of Proa run on this host already");
}

std::uint32_t Instance::uid_base() const { return kFirstUid + number_ * kUidsPerInstance; }

std::vector<std::string> overlapping_subids(const std::string& text, std::uint32_t first,
                                            std::uint32_t count) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const auto name_end = line.find(':');
    const auto start_end = line.find(':', name_end + 1);
    if (name_end == std::string::npos || start_end == std::string::npos) continue;
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    const char* text_start = line.data() + name_end + 1;
    const char* text_size = line.data() + start_end + 1;
    if (std::from_chars(text_start, line.data() + start_end, start).ec != std::errc{}) continue;
    if (std::from_chars(text_size, line.data() + line.size(), size).ec != std::errc{}) continue;
    const std::uint64_t end = static_cast<std::uint64_t>(first) + count;
    if (start < end && first < start + size) found.push_back(line);
  }
  return found;
}

}  // namespace proa::launcher
