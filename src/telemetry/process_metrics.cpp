// The process as proc(5) shows it. What cannot be read is left out.
#include "telemetry/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace proa::telemetry {
namespace {

constexpr Metric kCpuSeconds{"process_cpu_seconds_total", MetricType::counter,
                             "User and system CPU time spent by the daemon, without functions."};
constexpr Metric kResidentMemory{"process_resident_memory_bytes", MetricType::gauge,
                                 "Memory of the daemon that is in RAM."};
constexpr Metric kVirtualMemory{"process_virtual_memory_bytes", MetricType::gauge,
                                "Address space of the daemon."};
constexpr Metric kOpenFds{"process_open_fds", MetricType::gauge, "Descriptors that are open."};
constexpr Metric kMaxFds{"process_max_fds", MetricType::gauge, "Descriptors that may be open."};
constexpr Metric kThreads{"process_threads", MetricType::gauge, "Threads of the daemon."};
constexpr Metric kStartTime{"process_start_time_seconds", MetricType::gauge,
                            "When the daemon started, since the Unix epoch."};

/// Fields of /proc/self/stat behind the command, from the third on.
struct ProcessStat {
  double cpu_ticks = 0;
  double threads = 0;
  double start_ticks = 0;  ///< since the host started
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<ProcessStat> read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::vector<double> fields;
  std::string state;
  std::istringstream rest(text.substr(name_end + 1));
  rest >> state;
  for (double field = 0; rest >> field;) fields.push_back(field);
  if (fields.size() < 21) return std::nullopt;
  ProcessStat stat;
  stat.cpu_ticks = fields[10] + fields[11];  // utime, stime: the 14th and 15th
  stat.threads = fields[16];
  stat.start_ticks = fields[18];
  stat.virtual_bytes = fields[19];
  stat.resident_pages = fields[20];
  return stat;
}

/// When the host started, by `btime` of /proc/stat.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("btime ")) continue;
    std::istringstream value(line.substr(6));
    double seconds = 0;
    if (value >> seconds) return seconds;
  }
  return std::nullopt;
}

void describe_descriptors(MetricPage& page) {
  std::error_code failed;
  std::size_t open = 0;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", failed), end; !failed && fd != end;
       fd.increment(failed)) {
    ++open;
  }
  // One of them was that folder itself.
  if (!failed && open > 0) page.add(kOpenFds, static_cast<double>(open - 1));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    page.add(kMaxFds, static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace

void describe_process(MetricPage& page) {
  for (const Metric& metric :
       {kCpuSeconds, kResidentMemory, kVirtualMemory, kOpenFds, kMaxFds, kThreads, kStartTime}) {
    page.declare(metric);
  }
  describe_descriptors(page);
  const auto stat = read_stat();
  if (!stat) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  page.add(kCpuSeconds, stat->cpu_ticks / ticks);
  page.add(kResidentMemory, stat->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  page.add(kVirtualMemory, stat->virtual_bytes);
  page.add(kThreads, stat->threads);
  if (const auto boot = boot_time()) page.add(kStartTime, *boot + stat->start_ticks / ticks);
}

}  // namespace proa::telemetry
