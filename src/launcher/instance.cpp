#include "launcher/instance.h"

#include "launcher/protocol.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <charconv>
#include <sstream>

namespace proa::launcher {
namespace {
constexpr std::uint32_t kFirstUid = 0x70000000;
constexpr std::uint32_t kUidsPerInstance = 2 * kMaxSlots;

std::filesystem::path lock_path(const std::filesystem::path& run_folder, std::uint32_t number) {
  return run_folder / ("instance-" + std::to_string(number) + ".lock");
}
}  // namespace

Result<os::UniqueFd> Instance::try_lock(const std::filesystem::path& run_folder,
                                        std::uint32_t number) {
  const auto path = lock_path(run_folder, number);
  for (;;) {
    TRY(auto lock, os::open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return os::UniqueFd();
      return os_error("lock " + path.string());
    }
    // A holder that ended in between has removed the file: what is locked then is no lock.
    struct stat locked {};
    struct stat named {};
    if (::fstat(lock.get(), &locked) == 0 && ::stat(path.c_str(), &named) == 0 &&
        locked.st_ino == named.st_ino && locked.st_dev == named.st_dev) {
      return lock;
    }
  }
}

Result<Instance> Instance::acquire(const std::filesystem::path& run_folder) {
  std::error_code failed;
  std::filesystem::create_directories(run_folder, failed);
  if (failed) return os_error("create " + run_folder.string(), failed.value());
  for (std::uint32_t number = 0; number < kMaxInstances; ++number) {
    TRY(auto lock, try_lock(run_folder, number));
    if (!lock) continue;
    const auto folder = run_folder / std::to_string(number);
    std::filesystem::create_directories(folder, failed);
    if (failed) return os_error("create " + folder.string(), failed.value());
    return Instance(number, folder, std::move(lock));
  }
  return Error(Errc::exhausted, "64 instances of Proa run on this host already");
}

std::vector<Instance> Instance::abandoned(const std::filesystem::path& run_folder,
                                          std::uint32_t own) {
  std::vector<Instance> found;
  for (std::uint32_t number = 0; number < kMaxInstances; ++number) {
    const auto folder = run_folder / std::to_string(number);
    std::error_code failed;
    // The folder is there from the first to the last act of a holder.
    if (number == own || !std::filesystem::exists(folder, failed)) continue;
    auto lock = try_lock(run_folder, number);
    if (lock && lock.value()) found.push_back(Instance(number, folder, std::move(lock.value())));
  }
  return found;
}

void Instance::give_back() {
  if (!lock_) return;
  std::error_code ignored;
  std::filesystem::remove(folder_, ignored);
  std::filesystem::remove(lock_path(folder_.parent_path(), number_), ignored);
  lock_.reset();
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
