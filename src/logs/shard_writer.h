// A shard's LogWriter: what happened, in memory until the keeper's thread takes it.
#pragma once

#include "base/clock.h"
#include "logs/entry.h"
#include "logs/logs.h"
#include "os/mailbox.h"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <vector>

namespace proa::logs {

/// Clocks are read in one order and written in another, and are set right by a little: times that
/// go back by less than this become the last one. More is a clock that was set back.
inline constexpr auto kDisorder = std::chrono::seconds(1);

/// What a shard has put in and the keeper not taken yet.
struct Batch {
  struct Item {
    std::uint32_t stream;  ///< index in `streams`
    WallTime time;
    EntryKind kind;
    RequestId request;
    std::size_t body_size;
  };
  std::vector<Item> items;
  /// Whose they are. Not one for each item: its counter of owners would wander from processor to
  /// processor with every call. One may be here twice.
  std::vector<LogStreamPtr> streams;
  std::string bodies;  ///< one behind the other

  const LogStream& stream_of(const Item& item) const { return *streams[item.stream]; }
  std::uint32_t index_of(const LogStreamPtr& stream);
  void clear() {
    items.clear();
    streams.clear();
    bodies.clear();
  }
};

/// See LogWriter. Made by the keeper, used on its shard's executor; take() and done() by the
/// keeper.
class ShardWriter final : public LogWriter {
 public:
  /// Of what was put in and not written: readers of pipes wait from here on...
  static constexpr std::size_t kCongested = std::size_t{4} << 20U;
  /// ...until no more than this is left...
  static constexpr std::size_t kClear = std::size_t{1} << 20U;
  /// ...and what the platform itself says is dropped from here on: the disk does not move.
  static constexpr std::size_t kFull = std::size_t{64} << 20U;

  /// `signal` is called by put-ins: at most once between two calls of take().
  ShardWriter(boost::asio::any_io_executor shard, Clock& clock, std::function<void()> signal);

  void output(const LogStreamPtr& stream, const RequestId& request, std::string_view line) override;
  void init_began(const LogStreamPtr& stream, std::string_view runtime_identity) override;
  void init_failed(const LogStreamPtr& stream, const FailedInit& init) override;
  void call_began(const LogStreamPtr& stream, const RequestId& request,
                  std::string_view trace_id) override;
  void call_ended(const LogStreamPtr& stream, const RequestId& request,
                  const CallRecord& record) override;
  bool is_congested() const override { return held_.load() >= kCongested; }
  void call_when_clear(std::function<void()> resume) override;

  /// Swaps what there is with `empty`. The keeper's thread.
  void take(Batch& empty);
  /// What was taken has been written, or given up.
  void done(const Batch& batch);
  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  void put(EntryKind kind, const LogStreamPtr& stream, const RequestId& request,
           std::string_view body);
  void resume_all();

  boost::asio::any_io_executor shard_;
  Clock& clock_;
  std::function<void()> signal_;
  os::Mailbox<Batch> mailbox_;
  std::atomic<std::size_t> held_{0};
  std::atomic<bool> is_signalled_{false};
  std::atomic<bool> has_waiters_{false};
  std::atomic<std::uint64_t> dropped_{0};
  std::string encoded_;                         ///< kept for its memory
  WallTime last_time_;                          ///< of its entries
  std::vector<std::function<void()>> waiters_;  ///< the shard's
};

}  // namespace proa::logs
