#include "frames/init/guest_memory.h"

#include "frames/init/files.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace proa::frames::init {
namespace {

constexpr std::uint64_t kIntervalNs = 10'000'000;
constexpr std::uint64_t kRestPerWork = 9;
// Kernel threads come and go, and numbers are given again.
constexpr int kSamplesPerLook = 1'000;
constexpr pid_t kKthreadd = 2;

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t number_of(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  std::uint64_t number = 0;
  for (const char each : text) {
    if (each < '0' || each > '9') break;
    number = number * 10 + static_cast<std::uint64_t>(each - '0');
  }
  return number;
}

/// The rest of the line that begins with `name`; empty where there is none.
std::string_view field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(name)) {
      text = line;
      text.remove_prefix(name.size());
      return text;
    }
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

ProcessStatus parse_status(std::string_view status) {
  // A process chooses its name, but not a line: the kernel writes a newline in it as "\n".
  return {.peak_kib = number_of(field(status, "VmHWM:")),
          .is_kernel_thread = number_of(field(status, "PPid:")) == kKthreadd ||
                              number_of(field(status, "Pid:")) == kKthreadd};
}

std::uint32_t parse_oom_kills(std::string_view vmstat) {
  return static_cast<std::uint32_t>(number_of(field(vmstat, "oom_kill ")));
}

std::uint64_t parse_available_kib(std::string_view meminfo) {
  return number_of(field(meminfo, "MemAvailable:"));
}

std::uint64_t available_bytes() {
  std::array<char, 2048> meminfo{};
  const ssize_t size = read_whole("/proc/meminfo", meminfo);
  if (size <= 0) return 0;
  return parse_available_kib({meminfo.data(), static_cast<std::size_t>(size)}) * 1024;
}

bool MemoryWatch::is_due() const { return now_ns() >= due_ns_; }

bool MemoryWatch::take_news(MemoryView& out) {
  if (proc_ >= 0) sample();
  if (seen_ == told_) return false;
  out = told_ = seen_;
  return true;
}

void MemoryWatch::process_ended(std::uint64_t peak_kib) {
  if (peak_kib * 1024 > seen_.peak_bytes) seen_.peak_bytes = peak_kib * 1024;
}

void MemoryWatch::sample() {
  const std::uint64_t begin = now_ns();
  if (++samples_ % kSamplesPerLook == 0) kernel_threads_.fill(0);
  process_ended(sum_kib());
  const ssize_t size = read_whole(proc_, "vmstat", vmstat_);
  if (size > 0) {
    seen_.oom_kills = parse_oom_kills({vmstat_.data(), static_cast<std::size_t>(size)});
  }
  const std::uint64_t end = now_ns();
  const std::uint64_t rest = kRestPerWork * (end - begin);
  due_ns_ = end + (rest > kIntervalNs ? rest : kIntervalNs);
}

// The system call itself: opendir(3) would allocate, every few milliseconds.
std::uint64_t MemoryWatch::sum_kib() {
  std::uint64_t sum = 0;
  ::lseek(proc_, 0, SEEK_SET);
  for (;;) {
    const long size = ::syscall(SYS_getdents64, proc_, entries_.data(), entries_.size());
    if (size <= 0) return sum;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent*>(entries_.data() + at);
      const std::string_view name = entry->d_name;
      if (name[0] >= '1' && name[0] <= '9') sum += peak_kib_of(name);
      at += entry->d_reclen;
    }
  }
}

std::uint64_t MemoryWatch::peak_kib_of(std::string_view pid_text) {
  const std::uint64_t pid = number_of(pid_text);
  if (pid == 1 || is_kernel_thread(pid)) return 0;
  const ssize_t size = read_whole(proc_, Path({pid_text, "/status"}).c_str(), status_);
  if (size <= 0) return 0;
  const auto status = parse_status({status_.data(), static_cast<std::size_t>(size)});
  if (status.is_kernel_thread) note_kernel_thread(pid);
  return status.peak_kib;
}

bool MemoryWatch::is_kernel_thread(std::uint64_t pid) const {
  return pid < kPids && (kernel_threads_[pid / kPidsPerWord] >> pid % kPidsPerWord & 1U) != 0;
}

void MemoryWatch::note_kernel_thread(std::uint64_t pid) {
  if (pid < kPids) kernel_threads_[pid / kPidsPerWord] |= std::uint64_t{1} << pid % kPidsPerWord;
}

}  // namespace proa::frames::init
