#include "sandbox/microvm/guest.h"

#include "base/check.h"
#include "base/random.h"
#include "frames/guest_devices.h"
#include "frames/init_up.h"
#include "sandbox/deadline.h"
#include "sandbox/host_memory.h"
#include "sandbox/microvm/memory_file.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

constexpr auto kEndLimit = std::chrono::seconds(10);
/// Of the console, for whoever asks why a guest did not start.
constexpr std::size_t kConsoleTail = 2048;
/// QEMU's own, and up to 64 for its disks, without which it gives up.
constexpr std::uint32_t kThreads = 128;
static_assert(kWholeProcessorMib == launcher::kMibPerVcpu);
/// A template lives in the past: generators that reseed after an hour, as OpenSSL's does
/// (OSSL_PARAM "reseed_time_interval"), do so in a copy, whose clock is right.
constexpr std::chrono::hours kTemplateLag{24};

/// What the host gives it: beside the guest's memory and processes, QEMU needs its own.
SandboxLimits on_host(SandboxLimits limits, std::uint32_t guest_mib) {
  limits.memory = Bytes::mib(std::uint64_t{guest_mib} + kQemuMib);
  limits.pids = kThreads;
  return limits;
}

/// A kernel or an image went between its choice and the start. To a caller, what is not found is
/// the function.
Error as_gone(const Error& error) {
  if (error.code() != Errc::not_found) return error;
  return {Errc::unavailable, error.message(), error.os_errno()};
}

}  // namespace

Guest::Guest(asio::any_io_executor executor, launcher::Client& launcher, GuestPort::Events events)
    : executor_(executor),
      launcher_(launcher),
      events_(std::move(events)),
      slot_(launcher, launcher::SlotUse::guest),
      console_(executor),
      init_up_(executor),
      held_(executor),
      restored_(executor),
      mounted_(executor),
      ended_(executor),
      tasks_(executor) {}

Guest::~Guest() { check(tasks_.running() == 0, "a guest must be closed before it is destroyed"); }

Task<void> Guest::take_slot(std::uint32_t tmp_mib) { co_return co_await slot_.acquire(tmp_mib); }

Task<void> Guest::boot(launcher::GuestPlan plan, SandboxLimits limits,
                       std::chrono::milliseconds limit) {
  const SteadyTime deadline = deadline_after(limit);
  limits = on_host(limits, plan.memory_mib);
  is_template_ = plan.memory == launcher::GuestMemory::written;
  CO_TRY(co_await start(std::move(plan), limits));
  co_return co_await wait_until_up(deadline, limit);
}

Task<void> Guest::restore(launcher::GuestPlan plan, SandboxLimits limits,
                          std::chrono::milliseconds limit, const MachineTemplate& from) {
  const SteadyTime deadline = deadline_after(limit);
  limits = on_host(limits, plan.memory_mib);
  frames::RestoreView view;
  const bool has_function = !plan.code_image.empty();
  const bool has_layers = !plan.layers_image.empty();
  plan.memory = launcher::GuestMemory::copied;
  // Not through a buffer that hands out what is left of it: this is all that tells copies apart.
  RandomSource().fill(view.entropy);
  CO_TRY(const auto state, make_state_file(from.state));
  CO_TRY(co_await start(std::move(plan), limits));
  is_bad_copy_ = true;
  init_up_.set(true);  // it answered when it was a template
  auto loaded = co_await monitor_->load(state.get(), deadline);
  if (!loaded) co_return Error(loaded.error().code(), loaded.error().message() + last_words());
  view.has_ipv6 = has_ipv6_;
  port_->restore(view, std::chrono::system_clock::now());
  if (has_function) port_->mount(has_layers);
  CO_TRY(co_await wait_for(restored_, deadline));
  is_bad_copy_ = false;
  if (has_function) {
    CO_TRY(co_await wait_for(mounted_, deadline));
  }
  // Again, since what it took to hear it the first time was translated on the way.
  port_->set_clock(std::chrono::system_clock::now());
  co_return ok();
}

Task<void> Guest::give(const FunctionDisks& disks, SandboxLimits limits,
                       std::chrono::milliseconds limit) {
  const SteadyTime deadline = deadline_after(limit);
  CO_TRY(co_await slot_.configure(on_host(limits, memory_mib_), ProcessorShare::of_start));
  CO_TRY(co_await monitor_->insert(frames::kCodeDisk, disks.code.get(), deadline));
  if (disks.layers) {
    CO_TRY(co_await monitor_->insert(frames::kLayersDisk, disks.layers.get(), deadline));
  }
  // A host that slept has taken the machine with it.
  port_->set_clock(std::chrono::system_clock::now());
  port_->mount(static_cast<bool>(disks.layers));
  co_return co_await wait_for(mounted_, deadline);
}

Task<void> Guest::wait_for(Pending<bool>& answer, SteadyTime deadline) {
  const auto answered = co_await answer.wait(deadline, "answer of a guest's copy");
  if (answered && answered.value()) co_return ok();
  co_return Error(Errc::unavailable, "the copy of a guest " +
                                         std::string(answered ? "ended" : "did not answer") +
                                         " before it was its own" + last_words());
}

Task<void> Guest::save(int state, std::chrono::milliseconds limit) {
  const SteadyTime deadline = deadline_after(limit);
  port_->hold();
  CO_TRY(const bool is_held, co_await held_.wait(deadline, "hold of a guest"));
  if (!is_held) co_return Error(Errc::unavailable, "the guest ended before it held" + last_words());
  co_return co_await monitor_->save(state, deadline);
}

Task<void> Guest::start(launcher::GuestPlan plan, const SandboxLimits& limits) {
  memory_mib_ = plan.memory_mib;
  CO_TRY(co_await slot_.configure(limits, ProcessorShare::of_start));
  auto asked = co_await launcher_.start_guest(slot_.id(), std::move(plan));
  if (!asked) co_return as_gone(asked.error());
  launcher::GuestEnds ends = std::move(asked.value());
  has_ipv6_ = ends.has_ipv6;
  tasks_.spawn(watch_exit());
  if (ends.monitor) {
    CO_TRY(monitor_, Monitor::adopt(executor_, std::move(ends.monitor)));
  }
  CO_TRY(port_, GuestPort::adopt(executor_, std::move(ends.port), port_events()));
  console_.assign(ends.console.release());
  tasks_.spawn(watch_console());
  co_return ok();
}

Task<void> Guest::wait_until_up(SteadyTime deadline, std::chrono::milliseconds limit) {
  auto up = co_await init_up_.wait(deadline, "start of a guest");
  if (!up) {
    co_return Error(up.error().code(), "the guest did not answer within " +
                                           std::to_string(limit.count()) + " ms" + last_words());
  }
  if (up.value()) co_return ok();
  auto reason = co_await ended_.wait(deadline_after(kEndLimit), "end of a guest");
  const bool is_launchers = reason && !reason.value().empty();
  co_return Error(Errc::unavailable, "the guest ended before it answered" +
                                         (is_launchers ? ": " + reason.value() : last_words()));
}

std::string Guest::last_words() const {
  std::string text = console_text_;
  // It is the guest's, and goes into logs and on terminals.
  std::replace_if(
      text.begin(), text.end(),
      [](char each) { return (each < ' ' && each != '\n') || each == '\x7f'; }, ' ');
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.empty() ? "; its console shows nothing" : "; its console ends with:\n" + text;
}

Pending<bool>* Guest::answer_of(frames::Type type) {
  if (type == frames::Type::held) return &held_;
  if (type == frames::Type::restored) return &restored_;
  return type == frames::Type::mounted ? &mounted_ : nullptr;
}

bool Guest::take_frame(frames::Type type, std::string_view body) {
  if (Pending<bool>* answer = answer_of(type)) {
    answer->set(true);
    return monitor_ && body.empty();
  }
  if (type != frames::Type::init_up) {
    return init_up_.is_set() && events_.frame && events_.frame(type, body);
  }
  std::uint64_t available = 0;
  if (init_up_.is_set() ||
      frames::decode_init_up(std::as_bytes(std::span(body)), available) != frames::Status::ok) {
    return false;
  }
  available_ = Bytes(available);
  // A machine's own clock has no more than the seconds of its start.
  const auto lag = is_template_ ? kTemplateLag : std::chrono::hours(0);
  port_->set_clock(std::chrono::system_clock::now() - lag);
  init_up_.set(true);
  return true;
}

GuestPort::Events Guest::port_events() {
  GuestPort::Events events;
  events.frame = [this](frames::Type type, std::string_view body) {
    return take_frame(type, body);
  };
  // Where nothing is served, the end of it is closed at once.
  events.connection = [this](frames::Service service, os::UniqueFd connection) {
    if (events_.connection) events_.connection(service, std::move(connection));
  };
  events.ended = [this] {
    launcher_.kill(slot_.id());
    end();
  };
  return events;
}

void Guest::end() {
  if (has_ended_) return;
  has_ended_ = true;
  init_up_.set(false);
  held_.set(false);
  restored_.set(false);
  mounted_.set(false);
  if (events_.ended) events_.ended();
}

asio::awaitable<void> Guest::watch_console() {
  std::array<char, 1024> piece{};
  for (;;) {
    const auto [error, count] =
        co_await console_.async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    console_text_.append(piece.data(), count);
    if (console_text_.size() > kConsoleTail) {
      console_text_.erase(0, console_text_.size() - kConsoleTail);
    }
  }
}

asio::awaitable<void> Guest::watch_exit() {
  auto exit = co_await launcher_.exited(slot_.id());
  ended_.set(exit ? exit.value().start_failure : std::string());
  if (port_) port_->close();
  end();
}

Task<void> Guest::close() {
  if (!slot_.is_acquired()) co_return ok();
  CO_TRY(co_await end_machine());
  slot_.release();
  co_return ok();
}

Task<void> Guest::end_machine() {
  if (!slot_.is_acquired()) co_return ok();
  slot_.kill();
  if (port_) port_->close();
  if (monitor_) monitor_->close();
  boost::system::error_code ignored;
  console_.close(ignored);
  if (port_) co_await port_->join();
  if (monitor_) co_await monitor_->join();
  co_await tasks_.join();
  co_return ok();
}

}  // namespace proa::sandbox
