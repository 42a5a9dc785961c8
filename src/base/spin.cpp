#include "base/spin.h"

#include <algorithm>

namespace proa {
namespace {

constexpr double kUsualMax = 1.5;
constexpr unsigned kSkipMax = 255;

bool spin(boost::asio::io_context& io, std::chrono::microseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (io.poll_one() > 0) return true;
  }
  return false;
}

}  // namespace

bool SpinPolicy::wants_to_spin(std::size_t in_flight) {
  constexpr double kWeight = 1.0 / 16;
  // What was in flight in the moment before a sleep: an idle shard with one client sees 1, 0, 1, 0.
  usual_in_flight_ += (static_cast<double>(in_flight) - usual_in_flight_) * kWeight;
  if (in_flight > 0 || usual_in_flight_ > kUsualMax) return false;
  if (to_skip_ == 0) return true;
  --to_skip_;
  return false;
}

void SpinPolicy::note(bool was_hit) {
  if (was_hit) {
    skip_after_miss_ = 1;
    return;
  }
  to_skip_ = skip_after_miss_;
  skip_after_miss_ = std::min(skip_after_miss_ * 2 + 1, kSkipMax);
}

void run_spinning(boost::asio::io_context& io, std::chrono::microseconds limit,
                  const std::function<std::size_t()>& in_flight) {
  if (limit.count() == 0) {
    io.run();
    return;
  }
  SpinPolicy policy;
  while (!io.stopped()) {
    if (io.poll() > 0) continue;
    if (policy.wants_to_spin(in_flight())) {
      const bool was_hit = spin(io, limit);
      policy.note(was_hit);
      if (was_hit) continue;
    }
    io.run_one();
  }
}

}  // namespace proa
