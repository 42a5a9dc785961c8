// EventWindow: how many events of one function run at the same moment. Private to dispatch/.
//
// Whoever calls synchronously decides how much runs at once; for what waits in a queue we decide.
// More at once is better until the processors are busy: from then on calls only slow each other
// down, those of clients who wait included, until they run into their time-outs. So the window
// grows while processors are idle and shrinks when none is. A function that waits for others gets
// to a hundred, one that computes stays near the number of processors.
#pragma once

#include <cstddef>

namespace proa::dispatch {

/// Of one function. Not thread-safe.
class EventWindow {
 public:
  /// `least`: what it is when all processors are busy: as many as there are.
  EventWindow(std::size_t least, std::size_t most);

  std::size_t size() const { return size_; }
  /// A look at the host, a few times a second: the part of its processors' time that was idle since
  /// the last one, and how many events of the function run.
  void look(double idle_part, std::size_t running);
  /// There was no room for a call beside `running` others.
  void throttled(std::size_t running);

 private:
  std::size_t least_;
  std::size_t most_;
  std::size_t size_;
};

}  // namespace proa::dispatch
