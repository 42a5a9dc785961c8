#include "sandbox/microvm/guest.h"

#include "base/check.h"
#include "sandbox/deadline.h"

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
/// What QEMU itself takes at most beside the guest's memory: its heap and translated code.
constexpr std::uint32_t kQemuMib = 160;
constexpr std::uint32_t kUnusedTmpMib = 512;
constexpr std::uint32_t kThreads = 64;

}  // namespace

Guest::Guest(asio::any_io_executor executor, launcher::Client& launcher)
    : executor_(executor),
      launcher_(launcher),
      slot_(launcher, launcher::SlotUse::guest),
      console_(executor),
      init_up_(executor),
      ended_(executor),
      tasks_(executor) {}

Guest::~Guest() { check(tasks_.running() == 0, "a guest must be closed before it is destroyed"); }

Task<void> Guest::take_slot(const launcher::GuestPlan& plan) {
  CO_TRY(co_await slot_.acquire(kUnusedTmpMib));
  SandboxLimits limits;
  limits.memory = Bytes::mib(plan.memory_mib + kQemuMib);
  limits.memory_mib = plan.memory_mib;
  limits.pids = kThreads;
  co_return co_await slot_.configure(limits);
}

Task<void> Guest::start(launcher::GuestPlan plan, std::chrono::milliseconds limit) {
  const SteadyTime deadline = deadline_after(limit);
  CO_TRY(co_await take_slot(plan));
  CO_TRY(auto ends, co_await launcher_.start_guest(slot_.id(), std::move(plan)));
  tasks_.spawn(watch_exit());
  CO_TRY(port_, GuestPort::adopt(executor_, std::move(ends.port), port_events()));
  console_.assign(ends.console.release());
  tasks_.spawn(watch_console());
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

GuestPort::Events Guest::port_events() {
  GuestPort::Events events;
  events.frame = [this](frames::Type type, std::string_view) {
    if (type != frames::Type::init_up) return false;  // nothing else was asked for
    init_up_.set(true);
    return true;
  };
  // No process was started that could connect: the end of it is closed at once.
  events.connection = [](frames::Service, os::UniqueFd) {};
  events.ended = [this] {
    launcher_.kill(slot_.id());
    init_up_.set(false);
  };
  return events;
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
  init_up_.set(false);
}

Task<void> Guest::close() {
  if (!slot_.is_acquired()) co_return ok();
  slot_.kill();
  if (port_) port_->close();
  boost::system::error_code ignored;
  console_.close(ignored);
  if (port_) co_await port_->join();
  co_await tasks_.join();
  slot_.release();
  co_return ok();
}

}  // namespace proa::sandbox
