// Writing: from the shards' batches to the groups' segments.
#include "logs/log_keeper.h"

#include "base/run_on.h"
#include "logs/entry.h"
#include "logs/usage_log.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <unistd.h>

#include <algorithm>
#include <future>

namespace proa::logs {
namespace asio = boost::asio;
namespace {

/// How long what happens is gathered before it is written: a tenth of what a follower may wait.
constexpr auto kGather = std::chrono::milliseconds(10);
constexpr auto kSyncAfter = std::chrono::seconds(1);
constexpr auto kSweepEvery = std::chrono::seconds(60);
constexpr auto kComplainEvery = std::chrono::seconds(60);
/// Shards' clocks are read in one order and written in another; what is later than this is a clock
/// that was set back.
constexpr auto kDisorder = std::chrono::seconds(1);
constexpr std::size_t kKeptMemory = std::size_t{1} << 20U;

Groups::Options groups_options(const KeeperOptions& options) {
  return {options.logs_folder, options.log_age_max, options.logs_max, options.segment_max};
}

/// Memory that a flood took is given back.
void clear(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptMemory) text.shrink_to_fit();
}

}  // namespace

LogKeeper::LogKeeper(KeeperOptions options, Clock& clock, telemetry::Logger log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      groups_(groups_options(options_), log),
      write_timer_(writing_),
      sync_timer_(writing_),
      sweep_timer_(writing_),
      tasks_(writing_.get_executor()) {}

LogKeeper::~LogKeeper() { close(); }

Result<void> LogKeeper::open() {
  TRY(groups_.open());
  TRY(auto usage, storage::SegmentLog::open(options_.usage_folder, R"({"kind":"usage"})",
                                            {options_.segment_max}));
  usage_.emplace(std::move(usage));
  tasks_.spawn(sweep());
  return ok();
}

LogWriter& LogKeeper::add_shard(asio::any_io_executor shard) {
  auto signal = [this] { asio::post(writing_, [this] { arm(); }); };
  shards_.push_back(std::make_unique<ShardWriter>(std::move(shard), clock_, std::move(signal)));
  batches_.emplace_back();
  return *shards_.back();
}

void LogKeeper::arm() {
  if (is_armed_ || is_closing_) return;
  is_armed_ = true;
  write_timer_.expires_after(kGather);
  write_timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) write_all();
  });
}

void LogKeeper::write_all() {
  is_armed_ = false;
  TakenByGroup taken;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->take(batches_[i]);
    sort_out(batches_[i], taken);
  }
  for (auto& [group, items] : taken) write_group(*group, items);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    write_usage(batches_[i]);
    shards_[i]->done(batches_[i]);
    batches_[i].clear();
    if (batches_[i].bodies.capacity() > kKeptMemory) batches_[i] = {};
  }
  if (groups_.is_over()) groups_.trim(clock_.wall_now());
}

void LogKeeper::sort_out(const Batch& batch, TakenByGroup& out) {
  std::map<const LogStream*, Group*> known;
  std::size_t at = 0;
  for (const Batch::Item& item : batch.items) {
    const std::string_view body(batch.bodies.data() + at, item.body_size);
    at += item.body_size;
    auto [found, is_new] = known.try_emplace(item.stream.get(), nullptr);
    if (is_new) {
      auto group = groups_.find_or_make(item.stream->group, item.time);
      if (group) found->second = group.value();
      if (!group) note_dropped(1, group.error());
    }
    if (found->second != nullptr) out[found->second].push_back({item.time, &item, body});
  }
}

void LogKeeper::write_group(Group& group, std::vector<Taken>& taken) {
  std::stable_sort(taken.begin(), taken.end(),
                   [](const Taken& a, const Taken& b) { return a.time < b.time; });
  for (Taken& one : taken) {
    // Time does not go back in a group, so that who asks for all from the last event on misses none.
    const bool is_late = one.time < group.last_time && group.last_time - one.time < kDisorder;
    if (is_late) one.time = group.last_time;
    group.last_time = one.time;
    payload_.clear();
    encode_entry(payload_, one.item->kind, *one.item->stream, one.item->request, one.body);
    storage::frame_record(frames_, one.time, payload_);
  }
  const std::size_t size = frames_.size();
  const auto written = group.log.append(frames_, taken.front().time, taken.back().time);
  clear(frames_);
  clear(payload_);
  if (!written) return note_dropped(taken.size(), written.error());
  counts_.written_events += taken.size();
  counts_.problem.clear();
  groups_.note_written(group, size);
  const storage::SegmentView& now = group.log.segments().back();
  group.end = {now.number, now.size.count(), 0};
  for (Waiter& waiter : waiters_) {
    if (waiter.group == group.key) waiter.timer.cancel();
  }
}

void LogKeeper::write_usage(const Batch& batch) {
  std::size_t at = 0;
  WallTime first = WallTime::max();
  WallTime last = WallTime::min();
  std::size_t count = 0;
  for (const Batch::Item& item : batch.items) {
    const std::string_view body(batch.bodies.data() + at, item.body_size);
    at += item.body_size;
    if (item.kind != EntryKind::call_ended) continue;
    auto call = decode_call_record(body);
    payload_.clear();
    encode(payload_, usage_of(*item.stream, item.request, std::move(*call)));
    storage::frame_record(frames_, item.time, payload_);
    first = std::min(first, item.time);
    last = std::max(last, item.time);
    ++count;
  }
  if (count == 0) return;
  const auto written = usage_->append(frames_, first, last);
  clear(frames_);
  clear(payload_);
  if (!written) return note_dropped(count, written.error());
  if (is_sync_due_) return;
  is_sync_due_ = true;
  sync_timer_.expires_after(kSyncAfter);
  sync_timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) sync_usage();
  });
}

// Who is charged by these records loses a second of them with the power at most.
void LogKeeper::sync_usage() {
  is_sync_due_ = false;
  auto file = usage_->take_unsynced();
  if (!file || !file.value()) return;
  auto shared = std::make_shared<os::UniqueFd>(std::move(file.value()));
  asio::post(reading_, [this, shared] {
    if (::fdatasync(shared->get()) == 0) return;
    log_.error("usage_not_synced", {{"errno", errno}});
  });
}

void LogKeeper::note_dropped(std::size_t events, const Error& error) {
  counts_.dropped_events += events;
  counts_.problem = error.message();
  const SteadyTime now = clock_.steady_now();
  if (now < next_complaint_) return;
  next_complaint_ = now + kComplainEvery;
  log_.error("logs_dropped", {{"reason", error.message()},
                              {"dropped_events", counts_.dropped_events}});
}

asio::awaitable<void> LogKeeper::sweep() {
  for (;;) {
    const WallTime now = clock_.wall_now();
    groups_.trim(now);
    trim_usage(now);
    if (is_closing_) co_return;
    sweep_timer_.expires_after(kSweepEvery);
    boost::system::error_code cancelled;
    co_await sweep_timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (is_closing_) co_return;
  }
}

void LogKeeper::trim_usage(WallTime now) {
  auto removed = usage_->remove_older_than(now - options_.usage_age_max);
  while (removed && usage_->size() > options_.usage_max && usage_->segments().size() > 1) {
    removed = usage_->remove_oldest();
  }
  if (!removed) log_.error("usage_not_trimmed", {{"reason", removed.error().message()}});
}

void LogKeeper::end_waits() {
  asio::post(writing_, [this] {
    has_ended_waits_ = true;
    for (Waiter& waiter : waiters_) waiter.timer.cancel();
  });
}

void LogKeeper::close() {
  if (!usage_ || has_closed_) return;
  has_closed_ = true;
  std::promise<void> written;
  asio::post(writing_, [&] {
    is_closing_ = true;
    write_timer_.cancel();
    sync_timer_.cancel();
    sweep_timer_.cancel();
    write_all();
    sync_usage();
    written.set_value();
  });
  written.get_future().get();
  writing_.join();
  reading_.join();
}

}  // namespace proa::logs
