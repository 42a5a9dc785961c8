#include "dispatch/event_window.h"

#include <algorithm>

namespace proa::dispatch {
namespace {

/// Between the two nothing changes: a host that is used well.
constexpr double kIdle = 0.15;
constexpr double kBusy = 0.05;

}  // namespace

EventWindow::EventWindow(std::size_t least, std::size_t most)
    : least_(std::min(least, most)), most_(most), size_(std::min(2 * least, most)) {}

void EventWindow::look(double idle_part, std::size_t running) {
  if (idle_part < kBusy) {
    size_ = std::max(least_, size_ - (size_ + 3) / 4);
  } else if (idle_part > kIdle && running >= size_) {
    size_ = std::min(most_, size_ + size_ / 2 + 1);
  }
}

void EventWindow::throttled(std::size_t running) {
  size_ = std::clamp<std::size_t>(running, 1, size_);
}

}  // namespace proa::dispatch
