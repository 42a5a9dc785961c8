#include "environment/processor_pin.h"

#include "model/invocation.h"

#include <algorithm>

namespace proa::environment {

// One timer for all: armed while a pinned call runs, so a thousand times a second at most.
struct PinWatch::State : std::enable_shared_from_this<State> {
  State(const boost::asio::any_io_executor& executor, std::string its_processor, std::string all)
      : timer(executor), processor(std::move(its_processor)), all_processors(std::move(all)) {}

  void add(ProcessorPin& pin) {
    running.push_back(&pin);
    if (!is_armed) arm(pin.begin_ + kFreedAfter);
  }

  void remove(const ProcessorPin& pin) { std::erase(running, &pin); }

  void arm(SteadyTime at) {
    is_armed = true;
    timer.expires_at(at);
    timer.async_wait([self = shared_from_this()](boost::system::error_code stopped) {
      if (!stopped) self->look();
    });
  }

  // Those that run too long, which are the first, are free; the next one says when to look again.
  void look() {
    is_armed = false;
    const SteadyTime limit = std::chrono::steady_clock::now() - kFreedAfter;
    const auto first_young =
        std::ranges::find_if(running, [&](const ProcessorPin* pin) { return pin->begin_ > limit; });
    std::for_each(running.begin(), first_young, [](ProcessorPin* pin) { pin->free(); });
    running.erase(running.begin(), first_young);
    if (!running.empty()) arm(running.front()->begin_ + kFreedAfter);
  }

  boost::asio::steady_timer timer;
  const std::string processor;
  const std::string all_processors;
  std::vector<ProcessorPin*> running;  // in the order in which their calls began
  bool is_armed = false;
};

PinWatch::PinWatch(boost::asio::any_io_executor executor, std::string processor, std::string all)
    : state_(std::make_shared<State>(executor, std::move(processor), std::move(all))) {}

PinWatch::~PinWatch() { state_->timer.cancel(); }

ProcessorPin::ProcessorPin(const PinWatch* watch, sandbox::Sandbox& sandbox)
    : watch_(watch == nullptr ? nullptr : watch->state_), sandbox_(sandbox) {}

ProcessorPin::~ProcessorPin() {
  if (watch_) watch_->remove(*this);
}

void ProcessorPin::call_begins(SteadyTime now) {
  begin_ = now;
  if (!watch_) return;
  if (!is_pinned_ && short_part_ >= kShortPart) {
    is_pinned_ = static_cast<bool>(sandbox_.run_on(watch_->processor));
    if (!is_pinned_) watch_.reset();  // this host cannot (status says why): not tried again
  }
  if (is_pinned_) watch_->add(*this);
}

void ProcessorPin::call_ended(SteadyTime now) {
  if (!watch_) return;
  if (is_pinned_) watch_->remove(*this);
  constexpr double kWeight = 1.0 / 16;
  const double was_short = now - begin_ <= model::kShortCall ? 1 : 0;
  short_part_ += (was_short - short_part_) * kWeight;
}

void ProcessorPin::free() {
  if (!is_pinned_) return;
  is_pinned_ = false;
  // It fails only when the environment is gone.
  (void)sandbox_.run_on(watch_->all_processors);
}

}  // namespace proa::environment
