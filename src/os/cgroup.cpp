#include "os/cgroup.h"

#include "os/file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <thread>

namespace proa::os {
namespace {

constexpr std::size_t kFileCount = 8;

std::array<UniqueFd CgroupFiles::*, kFileCount> members() {
  return {&CgroupFiles::freeze,       &CgroupFiles::events,      &CgroupFiles::kill,
          &CgroupFiles::memory_usage, &CgroupFiles::memory_peak, &CgroupFiles::oom_events,
          &CgroupFiles::cpu,          &CgroupFiles::processors};
}

Error missing(std::string_view file) {
  return Error(Errc::unsupported, "this host's control groups have no " + std::string(file));
}

Error failed(std::string_view what, int os_errno) {
  if (os_errno == ENODEV) {
    return Error(Errc::unavailable, std::string(what) + ": the control group is removed", os_errno);
  }
  return os_error(what, os_errno);
}

/// The beginning of a kernel file; all that is looked for stands there.
class KernelText {
 public:
  static Result<KernelText> read(const UniqueFd& fd, std::string_view name) {
    if (!fd) return missing(name);
    KernelText text;
    for (;;) {
      const ssize_t count = ::pread(fd.get(), text.bytes_.data(), text.bytes_.size(), 0);
      if (count >= 0) {
        text.size_ = static_cast<std::size_t>(count);
        return text;
      }
      if (errno != EINTR) return failed("read " + std::string(name), errno);
    }
  }

  std::string_view view() const { return {bytes_.data(), size_}; }

  /// The number behind `key` and a space at the start of a line; an empty key: the first number.
  Result<std::uint64_t> number(std::string_view key, std::string_view name) const {
    std::string_view rest = view();
    while (!rest.empty()) {
      std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (!key.empty()) {
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') {
          continue;
        }
        line.remove_prefix(key.size() + 1);
      }
      std::uint64_t value = 0;
      const auto end = line.data() + line.size();
      if (std::from_chars(line.data(), end, value).ec == std::errc{}) return value;
      break;
    }
    return Error(Errc::corrupt, std::string(name) + " has no number '" + std::string(key) + "'");
  }

 private:
  std::array<char, 1024> bytes_;
  std::size_t size_ = 0;
};

Result<std::uint64_t> read_number(const UniqueFd& fd, std::string_view name,
                                  std::string_view key = {}) {
  TRY(auto text, KernelText::read(fd, name));
  return text.number(key, name);
}

Result<void> write_word(const UniqueFd& fd, std::string_view name, std::string_view word) {
  if (!fd) return missing(name);
  auto written = write_kernel_file(fd.get(), word);
  if (written) return written;
  return failed("write " + std::string(name), written.error().os_errno());
}

}  // namespace

std::string_view to_string(CgroupKind kind) {
  switch (kind) {
    case CgroupKind::none:
      return "none";
    case CgroupKind::v1:
      return "v1";
    case CgroupKind::hybrid:
      return "hybrid";
    case CgroupKind::v2:
      return "v2";
  }
  return "none";
}

std::uint32_t CgroupFiles::shape() const {
  std::uint32_t shape = static_cast<std::uint32_t>(kind);
  std::uint32_t bit = 1U << 8U;
  for (const auto member : members()) {
    if (this->*member) shape |= bit;
    bit <<= 1U;
  }
  return shape;
}

std::vector<int> CgroupFiles::fds() const {
  std::vector<int> fds;
  for (const auto member : members()) {
    if (this->*member) fds.push_back((this->*member).get());
  }
  return fds;
}

Result<CgroupFiles> CgroupFiles::from_fds(std::uint32_t shape, std::vector<UniqueFd> fds) {
  const std::uint32_t kind = shape & 0xFFU;
  const std::uint32_t present = shape >> 8U;
  if (kind > static_cast<std::uint32_t>(CgroupKind::v2) || (present >> kFileCount) != 0) {
    return Error(Errc::corrupt, "control group files of unknown shape " + std::to_string(shape));
  }
  CgroupFiles files;
  files.kind = static_cast<CgroupKind>(kind);
  std::size_t next = 0;
  std::uint32_t bit = 1;
  for (const auto member : members()) {
    if ((present & bit) != 0) {
      if (next == fds.size()) break;
      files.*member = std::move(fds[next]);
      if (!(files.*member)) return Error(Errc::corrupt, "a control group file is no descriptor");
      ++next;
    }
    bit <<= 1U;
  }
  if (next != fds.size() || files.shape() != shape) {
    return Error(Errc::corrupt, "number of control group files does not fit their shape");
  }
  return files;
}

Result<CgroupControl> CgroupControl::open(CgroupFiles files) {
  CgroupControl control(std::move(files));
  if (control.files_.oom_events) {
    TRY(control.oom_kills_before_, control.count_oom_kills());
  }
  if (control.files_.cpu) {
    TRY(control.cpu_time_before_, control.count_cpu_time());
  }
  return control;
}

Result<void> CgroupControl::begin_freeze() {
  const bool is_v1 = files_.kind == CgroupKind::v1;
  return write_word(files_.freeze, is_v1 ? "freezer.state" : "cgroup.freeze",
                    is_v1 ? "FROZEN" : "1");
}

Result<void> CgroupControl::freeze(SteadyTime deadline) {
  // cgroup.events can be polled, but the kernel spaces notifications 10 ms apart, and v1 has none:
  // reading again is quicker.
  constexpr std::chrono::microseconds kPauseMax{1000};
  TRY(begin_freeze());
  for (std::chrono::microseconds pause{20};; pause = std::min(pause * 2, kPauseMax)) {
    TRY(const bool frozen, is_frozen());
    if (frozen) return ok();
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error(Errc::deadline, "processes did not freeze in time");
    }
    std::this_thread::sleep_for(pause);
  }
}

Result<bool> CgroupControl::is_frozen() const {
  if (files_.kind == CgroupKind::v1) {
    TRY(const auto state, KernelText::read(files_.freeze, "freezer.state"));
    return state.view().starts_with("FROZEN");
  }
  TRY(const auto frozen, read_number(files_.events, "cgroup.events", "frozen"));
  return frozen != 0;
}

Result<void> CgroupControl::thaw() {
  if (files_.kind == CgroupKind::v1) return write_word(files_.freeze, "freezer.state", "THAWED");
  return write_word(files_.freeze, "cgroup.freeze", "0");
}

Result<void> CgroupControl::kill() { return write_word(files_.kill, "cgroup.kill", "1"); }

Result<void> CgroupControl::run_on(std::string_view processors) {
  return write_word(files_.processors, "cpuset.cpus", processors);
}

Result<Bytes> CgroupControl::memory_usage() const {
  TRY(const auto count, read_number(files_.memory_usage, "memory usage file"));
  return Bytes(count);
}

Result<std::optional<Bytes>> CgroupControl::memory_peak() const {
  if (!files_.memory_peak) return std::optional<Bytes>();
  TRY(const auto count, read_number(files_.memory_peak, "memory peak file"));
  return std::optional<Bytes>(Bytes(count));
}

Result<std::uint64_t> CgroupControl::count_oom_kills() const {
  return read_number(files_.oom_events, "memory events file", "oom_kill");
}

Result<std::uint64_t> CgroupControl::oom_kills() const {
  TRY(const auto count, count_oom_kills());
  return count - std::min(count, oom_kills_before_);
}

Result<std::chrono::microseconds> CgroupControl::count_cpu_time() const {
  if (files_.kind == CgroupKind::v1) {
    TRY(const auto time_ns, read_number(files_.cpu, "cpuacct.usage"));
    return std::chrono::microseconds(time_ns / 1000);
  }
  TRY(const auto time_us, read_number(files_.cpu, "cpu.stat", "usage_usec"));
  return std::chrono::microseconds(time_us);
}

Result<std::chrono::microseconds> CgroupControl::cpu_time() const {
  TRY(const auto time, count_cpu_time());
  return time - std::min(time, cpu_time_before_);
}

Result<bool> CgroupControl::is_populated() const {
  if (files_.kind == CgroupKind::v1) {
    // Not cgroup.procs: version 1 shows an old list to who reads the same descriptor again.
    TRY(const auto processes, read_number(files_.events, "pids.current"));
    return processes != 0;
  }
  TRY(const auto populated, read_number(files_.events, "cgroup.events", "populated"));
  return populated != 0;
}

}  // namespace proa::os
