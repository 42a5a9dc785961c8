#include "events.h"

#include "base/run_on.h"

#include <boost/asio/use_future.hpp>
#include <sys/statvfs.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <thread>
#include <utility>

namespace proa::apps {
namespace asio = boost::asio;
namespace {

/// What users may still write there; unknown is enough.
Bytes disk_left(const std::filesystem::path& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) {
    return Bytes(std::numeric_limits<std::uint64_t>::max());
  }
  return Bytes(std::uint64_t{status.f_bavail} * status.f_frsize);
}

/// Idle time of all processors since the last question, from the first line of /proc/stat
/// (proc_stat(5)). What cannot be read counts as idle.
class IdleProcessors {
 public:
  double operator()() {
    const Times now = read();
    const Times before = std::exchange(last_, now);
    if (now.all <= before.all) return 1;
    return static_cast<double>(now.idle - before.idle) / static_cast<double>(now.all - before.all);
  }

 private:
  struct Times {
    std::uint64_t idle = 0;
    std::uint64_t all = 0;
  };
  static Times read() {
    Times times;
    std::ifstream file("/proc/stat");
    std::string name;
    file >> name;
    // user nice system idle iowait irq softirq steal; what follows is contained in the first two.
    std::uint64_t ticks = 0;
    for (int field = 0; field < 8 && file >> ticks; ++field) {
      times.all += ticks;
      if (field == 3 || field == 4) times.idle += ticks;
    }
    return times;
  }

  Times last_ = read();
};

/// A window grows by half: with less free than this, one step would leave nothing to others.
constexpr double kKeptForClients = 0.2;

/// What events may take of something that clients who wait need, too.
std::size_t share_of(std::size_t all) { return all - all / 4; }

dispatch::AsyncOptions async_options(const ServeOptions& options) {
  dispatch::AsyncOptions out;
  out.running_max =
      std::min<std::size_t>({options.event_concurrency, share_of(options.max_environments),
                             share_of(options.account_concurrency)});
  out.processors = std::max(1U, std::thread::hardware_concurrency());
  out.retry_delay = std::chrono::seconds(options.event_retry_delay_s);
  out.dead_letter_age = std::chrono::hours(24) * options.dead_letter_days;
  out.dead_letters_max = Bytes::mib(options.dead_letter_mib);
  return out;
}

}  // namespace

Events::Events(const ServeOptions& options, catalog::Catalog& catalog, Clock& clock,
               const telemetry::Logger& log, pool::Budget& budget, pool::IdleBoard& idle_board)
    : log_(log.for_module("dispatch")) {
  const auto folder = options.data / "queue";
  auto idle = [processors = IdleProcessors(), &budget, &idle_board]() mutable {
    const double free = budget.free_part(idle_board.spare().total());
    return std::min(processors(), free - kKeptForClients);
  };
  dispatch::AsyncParts parts{
      thread_.get_executor(), catalog, clock, log_, [folder] { return disk_left(folder); },
      std::move(idle)};
  queue_ = std::make_unique<dispatch::AsyncQueue>(
      std::move(parts), storage::open_sqlite_queue(folder / "events.db"), async_options(options));
}

Events::~Events() { thread_.join(); }

void Events::start(const std::vector<std::unique_ptr<Shard>>& shards) {
  std::vector<dispatch::AsyncQueue::Worker> workers;
  workers.reserve(shards.size());
  for (const auto& shard : shards) workers.push_back({shard->executor(), &shard->dispatcher()});
  auto started = queue_->start(std::move(workers));
  auto result = asio::co_spawn(thread_, boxed<void>(std::move(started)), asio::use_future);
  if (auto ended = result.get(); !*ended) {
    log_.error("events_unavailable", {{"reason", ended->error().message()}});
  }
}

void Events::stop(SteadyTime deadline) {
  auto closed = queue_->close(deadline);
  auto result = asio::co_spawn(thread_, boxed<void>(std::move(closed)), asio::use_future);
  if (auto ended = result.get(); !*ended) {
    log_.error("events_not_stopped", {{"reason", ended->error().message()}});
  }
}

}  // namespace proa::apps
