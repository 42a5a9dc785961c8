#include "logs/shard_writer.h"

#include "base/encoding.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace proa::logs {
namespace {

/// What an entry costs beside its body.
constexpr std::size_t kItemSize = sizeof(Batch::Item);

/// How much of a line that is too long goes into one event: no character is cut in two.
std::size_t first_part(std::string_view line) {
  const auto is_inside = [line](std::size_t at) {
    return (static_cast<unsigned char>(line[at]) & 0xC0U) == 0x80U;
  };
  std::size_t size = kMessageMax;
  while (size > kMessageMax - 3 && is_inside(size)) --size;
  return is_inside(size) ? kMessageMax : size;
}

std::size_t size_of(const Batch& batch) {
  return batch.bodies.size() + batch.items.size() * kItemSize;
}

}  // namespace

std::uint32_t Batch::index_of(const LogStreamPtr& stream) {
  constexpr std::size_t kLookedAt = 16;  // the environments of short calls are few
  const std::size_t size = streams.size();
  for (std::size_t i = size; i > size - std::min(size, kLookedAt); --i) {
    if (streams[i - 1] == stream) return static_cast<std::uint32_t>(i - 1);
  }
  streams.push_back(stream);
  return static_cast<std::uint32_t>(size);
}

ShardWriter::ShardWriter(boost::asio::any_io_executor shard, Clock& clock,
                         std::function<void()> signal)
    : shard_(std::move(shard)), clock_(clock), signal_(std::move(signal)) {}

void ShardWriter::put(EntryKind kind, const LogStreamPtr& stream, const RequestId& request,
                      std::string_view body) {
  if (held_.load(std::memory_order_relaxed) >= kFull) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  held_.fetch_add(body.size() + kItemSize, std::memory_order_relaxed);
  WallTime now = clock_.wall_now();
  if (now < last_time_ && last_time_ - now < kDisorder) now = last_time_;
  last_time_ = now;
  mailbox_.put([&](Batch& batch) {
    batch.items.push_back({batch.index_of(stream), now, kind, request, body.size()});
    batch.bodies.append(body);
  });
  if (!is_signalled_.exchange(true)) signal_();
}

void ShardWriter::output(const LogStreamPtr& stream, const RequestId& request,
                         std::string_view line) {
  while (line.size() > kMessageMax) {
    const std::size_t size = first_part(line);
    put(EntryKind::output, stream, request, line.substr(0, size));
    line.remove_prefix(size);
  }
  put(EntryKind::output, stream, request, line);
}

void ShardWriter::init_began(const LogStreamPtr& stream, std::string_view runtime_identity) {
  put(EntryKind::init_began, stream, {}, runtime_identity);
}

void ShardWriter::init_failed(const LogStreamPtr& stream, const FailedInit& init) {
  encoded_.clear();
  encode(encoded_, init);
  put(EntryKind::init_failed, stream, {}, encoded_);
}

void ShardWriter::call_began(const LogStreamPtr& stream, const RequestId& request,
                             std::string_view trace_id) {
  put(EntryKind::call_began, stream, request, trace_id);
}

void ShardWriter::call_ended(const LogStreamPtr& stream, const RequestId& request,
                             const CallRecord& record) {
  encoded_.clear();
  encode(encoded_, record);
  put(EntryKind::call_ended, stream, request, encoded_);
}

// The keeper sees has_waiters_ when it lowers held_ after this, and else we see held_ low here.
void ShardWriter::call_when_clear(std::function<void()> resume) {
  waiters_.push_back(std::move(resume));
  has_waiters_.store(true);
  if (held_.load() <= kClear) resume_all();
}

void ShardWriter::resume_all() {
  has_waiters_.store(false);
  for (const auto& resume : std::exchange(waiters_, {})) boost::asio::post(shard_, resume);
}

void ShardWriter::take(Batch& empty) {
  is_signalled_.store(false);  // first: what is put in from here on signals again
  mailbox_.take(empty);
}

void ShardWriter::done(const Batch& batch) {
  const std::size_t size = size_of(batch);
  const std::size_t left = held_.fetch_sub(size) - size;
  if (left > kClear || !has_waiters_.load()) return;
  boost::asio::post(shard_, [this] {
    if (held_.load() <= kClear) resume_all();  // else the next done() comes back
  });
}

}  // namespace proa::logs
