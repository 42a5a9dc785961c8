// Spinning before sleep: how a shard's thread waits for the next request.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>

namespace proa {

/// Decides when looking for the next request again and again, instead of going to sleep, pays.
/// Waking a halted virtual processor costs about 30 us; spinning bridges that for a client that
/// sends its next request at once, and wastes the processor for all others. So it spins only while
/// nothing is in flight and lately at most 1.5 calls were at a time, and a spin in vain makes it
/// skip the next 1, 3, 7 ... 255. One thread.
class SpinPolicy {
 public:
  /// Whether to spin now, with `in_flight` calls running on this shard.
  bool wants_to_spin(std::size_t in_flight);
  /// How the spin ended: whether something came.
  void note(bool was_hit);

 private:
  double usual_in_flight_ = 0;
  unsigned to_skip_ = 0;
  unsigned skip_after_miss_ = 1;
};

/// Runs `io` until it has no work left, like io.run(), spinning up to `limit` before it sleeps.
/// `in_flight` tells how many calls this shard runs now. A limit of 0 is io.run().
void run_spinning(boost::asio::io_context& io, std::chrono::microseconds limit,
                  const std::function<std::size_t()>& in_flight);

}  // namespace proa
