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
// Frames of proa-init before any process runs are short.
constexpr std::uint32_t kMaxPortBody = 64;

}  // namespace

Guest::Guest(asio::any_io_executor executor, launcher::Client& launcher)
    : executor_(executor),
      launcher_(launcher),
      console_(executor),
      init_up_(executor),
      ended_(executor),
      tasks_(executor) {}

Guest::~Guest() { check(tasks_.running() == 0, "a guest must be closed before it is destroyed"); }

Task<void> Guest::take_slot(const launcher::GuestPlan& plan) {
  CO_TRY(auto slot, co_await launcher_.acquire_slot(kUnusedTmpMib));
  slot_ = slot.id;
  sockets_ = std::move(slot.sockets);
  CO_TRY(auto files, os::CgroupFiles::from_fds(slot.cgroup_kind, std::move(slot.cgroup_fds)));
  CO_TRY(auto cgroup, os::CgroupControl::open(std::move(files)));
  cgroup_ = std::make_unique<os::CgroupControl>(std::move(cgroup));
  launcher::Limits limits;
  limits.memory_bytes = Bytes::mib(plan.memory_mib + kQemuMib).count();
  limits.memory_mib = plan.memory_mib;
  limits.pids = kThreads;
  co_return co_await launcher_.configure_slot(*slot_, limits, launcher::Network::none);
}

Task<void> Guest::start(launcher::GuestPlan plan, std::chrono::milliseconds limit) {
  const SteadyTime deadline = deadline_after(limit);
  CO_TRY(co_await take_slot(plan));
  CO_TRY(auto ends, co_await launcher_.start_guest(*slot_, std::move(plan)));
  tasks_.spawn(watch_exit());
  frames::Link::Limits limits;
  limits.body_max = kMaxPortBody;
  CO_TRY(port_, frames::Link::adopt(executor_, std::move(ends.port), limits));
  console_.assign(ends.console.release());
  tasks_.spawn(watch_port());
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

asio::awaitable<void> Guest::watch_port() {
  for (;;) {
    auto frame = co_await port_->receive();
    if (!frame) break;
    if (frame.value().type != frames::Type::init_up) break;  // nothing else was asked for
    init_up_.set(true);
  }
  launcher_.kill(*slot_);
  init_up_.set(false);
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
  auto exit = co_await launcher_.exited(*slot_);
  ended_.set(exit ? exit.value().start_failure : std::string());
  if (port_) port_->close();
  init_up_.set(false);
}

Task<void> Guest::close() {
  if (!slot_) co_return ok();
  const bool is_killed_here = cgroup_ && cgroup_->can_kill() && cgroup_->kill();
  if (!is_killed_here) launcher_.kill(*slot_);
  if (port_) port_->close();
  boost::system::error_code ignored;
  console_.close(ignored);
  co_await tasks_.join();
  sockets_ = launcher::EnvironmentSockets();  // before release(): they hold the network namespace
  launcher_.release(*slot_);
  slot_.reset();
  co_return ok();
}

}  // namespace proa::sandbox
