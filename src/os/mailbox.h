// A mailbox: one thread puts in, another takes everything at once.
#pragma once

#include <mutex>
#include <utility>

namespace proa::os {

/// Content that two threads hand over. The lock is held for as long as putting in one piece takes,
/// and is nearly never waited for: 20 ns. Thread-safe.
template <class Content>
class Mailbox {
 public:
  /// Calls `put(content)` with what has not been taken yet, and returns what it returns.
  template <class Put>
  auto put(Put&& put) {
    const std::lock_guard lock(mutex_);
    return std::forward<Put>(put)(content_);
  }
  /// Swaps the content with `empty`: its memory is used again.
  void take(Content& empty) {
    const std::lock_guard lock(mutex_);
    std::swap(content_, empty);
  }

 private:
  std::mutex mutex_;
  Content content_;
};

}  // namespace proa::os
