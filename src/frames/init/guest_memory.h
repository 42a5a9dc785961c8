// How much memory a guest's processes use, since the host sees only what the machine has touched.
// Private to proa-init; freestanding.
#pragma once

#include "frames/frames.h"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proa::frames::init {

/// What is wanted of a /proc/PID/status.
struct ProcessStatus {
  std::uint64_t peak_kib = 0;     ///< VmHWM; 0: a kernel thread, or it has ended
  bool is_kernel_thread = false;  ///< child of kthreadd, or that itself
};
ProcessStatus parse_status(std::string_view status);
/// `oom_kill` of a /proc/vmstat; 0 where there is no such line.
std::uint32_t parse_oom_kills(std::string_view vmstat);
/// `MemAvailable` of a /proc/meminfo, in KiB; 0 where there is no such line.
std::uint64_t parse_available_kib(std::string_view meminfo);
/// That of this machine in bytes; 0 where it cannot be read.
std::uint64_t available_bytes();

/// Samples the processes. Owned by the guest role; one thread.
class MemoryWatch {
 public:
  MemoryWatch() = default;
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  /// Reads below this descriptor of /proc, which the caller keeps open. Until then nothing is known
  /// but of processes that ended.
  void read_from(int proc) { proc_ = proc; }
  /// Whether the last sample is 10 ms old. Older, where samples take long: a tenth of the time
  /// at most is theirs.
  bool is_due() const;
  /// Samples; true when `out` is other than the last time it was.
  bool take_news(MemoryView& out);
  /// A process ended whose memory nobody can sample any more; in KiB, as getrusage(2) counts.
  void process_ended(std::uint64_t peak_kib);

 private:
  static constexpr std::size_t kPids = 32'768;
  static constexpr std::size_t kPidsPerWord = 64;

  void sample();
  bool is_kernel_thread(std::uint64_t pid) const;
  void note_kernel_thread(std::uint64_t pid);
  std::uint64_t sum_kib();
  std::uint64_t peak_kib_of(std::string_view pid_text);

  int proc_ = -1;
  std::uint64_t due_ns_ = 0;
  int samples_ = 0;
  MemoryView seen_;
  MemoryView told_;
  std::array<std::uint64_t, kPids / kPidsPerWord> kernel_threads_{};  ///< a bit each
  alignas(8) std::array<char, 8192> entries_{};
  std::array<char, 4096> status_{};
  std::array<char, 16'384> vmstat_{};
};

}  // namespace proa::frames::init
