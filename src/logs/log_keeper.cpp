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
#include <utility>

namespace proa::logs {
namespace asio = boost::asio;
namespace {

/// How long what happens is gathered before it is written: a tenth of what a follower may wait.
constexpr auto kGather = std::chrono::milliseconds(10);
constexpr auto kSyncAfter = std::chrono::seconds(1);
constexpr auto kSweepEvery = std::chrono::seconds(60);
constexpr auto kComplainEvery = std::chrono::seconds(60);
constexpr std::size_t kKeptMemory = std::size_t{1} << 20U;

Groups::Options groups_options(const KeeperOptions& options) {
  return {options.logs_folder, options.log_age_max, options.logs_max, options.segment_max};
}

/// Calls `each(item, body)` with what a shard has put in.
template <class Each>
void for_each_item(const Batch& batch, Each&& each) {
  std::size_t at = 0;
  for (const Batch::Item& item : batch.items) {
    each(item, std::string_view(batch.bodies).substr(at, item.body_size));
    at += item.body_size;
  }
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
  storage::SegmentLog::Options usage_options;
  usage_options.segment_max = options_.segment_max;
  usage_options.is_synced = true;
  TRY(auto usage,
      storage::SegmentLog::open(options_.usage_folder, R"({"kind":"usage"})", usage_options));
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
  write_usage();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->done(batches_[i]);
    give_back(batches_[i]);
  }
  if (groups_.is_over()) groups_.trim(clock_.wall_now());
}

void LogKeeper::give_back(Batch& batch) {
  batch.clear();
  const std::size_t kept =
      std::max({batch.bodies.capacity(), batch.items.capacity() * sizeof(Batch::Item),
                batch.streams.capacity() * sizeof(LogStreamPtr)});
  if (kept > kKeptMemory) batch = {};
}

void LogKeeper::sort_out(const Batch& batch, TakenByGroup& out) {
  std::vector<std::optional<Result<std::vector<Taken>*>>> known(batch.streams.size());
  for_each_item(batch, [&](const Batch::Item& item, std::string_view body) {
    const LogStream& stream = batch.stream_of(item);
    auto& taken = known[item.stream];
    if (!taken) {
      const auto group = groups_.find_or_make(stream.group, item.time);
      taken = group ? Result<std::vector<Taken>*>(&out[group.value()]) : group.error();
    }
    if (!*taken) return note_dropped(1, taken->error());
    taken->value()->push_back({item.time, &stream, &item, body});
  });
}

// Who asks for all from the last event's time on misses none.
void LogKeeper::put_in_order(std::vector<Taken>& taken, WallTime& last_time) {
  std::stable_sort(taken.begin(), taken.end(),
                   [](const Taken& a, const Taken& b) { return a.time < b.time; });
  for (Taken& one : taken) {
    const bool is_late = one.time < last_time && last_time - one.time < kDisorder;
    if (is_late) one.time = last_time;
    last_time = one.time;
  }
}

void LogKeeper::write_group(Group& group, std::vector<Taken>& taken) {
  put_in_order(taken, group.last_time);
  for (const Taken& one : taken) {
    payload_.clear();
    encode_entry(payload_, one.item->kind, *one.stream, one.item->request, one.body);
    storage::frame_record(frames_, one.time, payload_);
  }
  const Bytes before = group.log.size();
  const auto written = group.log.append(frames_, taken.front().time, taken.back().time);
  clear(frames_);
  clear(payload_);
  groups_.note_written(group, before);
  if (!written) return note_dropped(taken.size(), written.error());
  counts_.written_events += taken.size();
  counts_.problem.clear();
  const storage::SegmentView& now = group.log.segments().back();
  group.end = {now.number, now.size.count(), 0};
  if (changed_) changed_->insert(group.key);
  for (Waiter& waiter : waiters_) {
    if (waiter.group == group.key) waiter.timer.cancel();
  }
}

// Of all shards at once: else their times, which overlap, would begin a segment each.
void LogKeeper::write_usage() {
  std::vector<Taken> ended;
  for (const Batch& batch : batches_) {
    for_each_item(batch, [&](const Batch::Item& item, std::string_view body) {
      if (item.kind != EntryKind::call_ended) return;
      ended.push_back({item.time, &batch.stream_of(item), &item, body});
    });
  }
  if (ended.empty()) return;
  put_in_order(ended, last_ended_);
  for (const Taken& one : ended) {
    payload_.clear();
    encode_usage(payload_, *one.stream, one.item->request, one.body);
    storage::frame_record(frames_, one.time, payload_);
  }
  const auto written = usage_->append(frames_, ended.front().time, ended.back().time);
  clear(frames_);
  clear(payload_);
  if (!written) return note_dropped(ended.size(), written.error());
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
  auto files = usage_->take_unsynced();
  if (!files) return log_.error("usage_not_synced", {{"reason", files.error().message()}});
  if (files.value().empty()) return;
  auto shared = std::make_shared<std::vector<os::UniqueFd>>(std::move(files.value()));
  asio::post(reading_, [this, shared] {
    for (const os::UniqueFd& file : *shared) {
      if (::fdatasync(file.get()) != 0) log_.error("usage_not_synced", {{"errno", errno}});
    }
  });
}

void LogKeeper::note_dropped(std::size_t events, const Error& error) {
  counts_.dropped_events += events;
  counts_.problem = error.message();
  const SteadyTime now = clock_.steady_now();
  if (now < next_complaint_) return;
  next_complaint_ = now + kComplainEvery;
  log_.error("logs_dropped",
             {{"reason", error.message()}, {"dropped_events", counts_.dropped_events}});
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
  if (std::exchange(is_closed_, true)) return;
  std::promise<void> written;
  asio::post(writing_, [&] {
    is_closing_ = true;
    has_ended_waits_ = true;
    for (Waiter& waiter : waiters_) waiter.timer.cancel();
    write_timer_.cancel();
    sync_timer_.cancel();
    sweep_timer_.cancel();
    if (usage_) write_all();
    if (usage_) sync_usage();
    written.set_value();
  });
  written.get_future().get();
  writing_.join();
  reading_.join();
}

}  // namespace proa::logs
