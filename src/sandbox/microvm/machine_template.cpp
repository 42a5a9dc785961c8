// Templates: a machine is booted for nobody, its runtime is started, and then it is stopped.
#include "base/check.h"
#include "base/run_on.h"
#include "sandbox/deadline.h"
#include "sandbox/host_memory.h"
#include "sandbox/microvm/guest.h"
#include "sandbox/microvm/memory_file.h"
#include "sandbox/start_body.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <utility>

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

constexpr std::uint32_t kTemplateTmpMib = 512;
/// Of an interpreter, which is translated and looks for its modules; on a busy host.
constexpr std::chrono::seconds kParkLimit{60};
constexpr std::chrono::seconds kSaveLimit{30};
/// What it may say until it waits: half of a window, so that no credit is on its way.
constexpr std::size_t kSaidMax = 8 * 1024;

/// One machine that becomes a template.
class BecomingTemplate {
 public:
  BecomingTemplate(const asio::any_io_executor& executor, launcher::Client& launcher,
                   asio::any_io_executor blocking, const bool& is_cancelled)
      : executor_(executor),
        blocking_(std::move(blocking)),
        is_cancelled_(is_cancelled),
        guest_(executor, launcher, events()) {}

  Task<void> boot(launcher::GuestPlan plan, std::chrono::milliseconds limit) {
    CO_TRY(auto memory, make_memory_file(plan.memory_mib));
    CO_TRY(state_, make_state_file({}));
    memory_ = std::make_shared<const os::UniqueFd>(std::move(memory));
    plan.memory = launcher::GuestMemory::written;
    plan.memory_file = memory_;
    SandboxLimits limits;
    limits.memory_mib = kWholeProcessorMib;
    CO_TRY(co_await guest_.take_slot(kTemplateTmpMib));
    if (is_cancelled_) co_return Error(Errc::cancelled, "no template is wanted any more");
    co_return co_await guest_.boot(std::move(plan), limits, limit);
  }

  /// Until the process says that it waits.
  Task<void> park(const RuntimeCommand& command) {
    CO_TRY(auto body, start_body(command));
    guest_.port().record(kSaidMax);
    CO_TRY(process_, guest_.port().start_process(body));
    asio::posix::stream_descriptor answers(executor_);
    answers.assign(process_.link.in.release());
    // Its end closes the link, which ends the wait; that of the time ends the process.
    asio::steady_timer limit(executor_, deadline_after(kParkLimit));
    limit.async_wait([this](boost::system::error_code stopped) {
      if (!stopped) guest_.slot().kill();
    });
    std::array<std::byte, frames::kHeaderSize> head{};
    const auto [failed, size] =
        co_await asio::async_read(answers, asio::buffer(head), asio::as_tuple(asio::use_awaitable));
    limit.cancel();
    frames::Header header;
    const bool is_parked = !failed && frames::decode_header(head, header) == frames::Status::ok &&
                           header.type == frames::Type::parked;
    if (is_parked) co_return ok();
    const bool is_flood = guest_.port().has_said_too_much();
    co_return Error(Errc::unavailable, command.arguments.front() +
                                           (is_flood ? " says more than a template may"
                                                     : " did not come to wait for a function"));
  }

  Task<void> save() { co_return co_await guest_.save(state_.get(), kSaveLimit); }

  Task<void> end_machine() { co_return co_await guest_.end_machine(); }

  /// Its memory goes first: cgroup v1 goes on counting it for the slot, whoever has that next.
  Task<void> close() {
    memory_.reset();
    co_return co_await guest_.close();
  }

  /// After end_machine(): nobody writes into it any more.
  Task<std::shared_ptr<const MachineTemplate>> finish(std::optional<RuntimeCommand> command,
                                                      std::string said) {
    if (has_exited_) co_return Error(Errc::unavailable, "the template's process has ended");
    MachineTemplate made;
    CO_TRY(made.memory_file, co_await run_on<os::UniqueFd>(blocking_, sealed_copy(memory_->get())));
    CO_TRY(made.state, read_state_file(state_.get()));
    CO_TRY(made.memory, memory_of(made.memory_file.get()));
    made.command = std::move(command);
    made.said = std::move(said);
    co_return std::make_shared<const MachineTemplate>(std::move(made));
  }

  Guest& guest() { return guest_; }
  std::string said() { return guest_.port().recorded(); }

 private:
  static Task<os::UniqueFd> sealed_copy(int file) { co_return seal_copy(file); }
  GuestPort::Events events() {
    GuestPort::Events events;
    events.frame = [this](frames::Type type, std::string_view) {
      has_exited_ = has_exited_ || type == frames::Type::exited;
      return true;
    };
    return events;
  }

  asio::any_io_executor executor_;
  asio::any_io_executor blocking_;
  const bool& is_cancelled_;
  std::shared_ptr<const os::UniqueFd> memory_;
  os::UniqueFd state_;
  RuntimeProcess process_;
  bool has_exited_ = false;
  Guest guest_;
};

Task<void> bring_up(BecomingTemplate& machine, const TemplatePlan& wanted) {
  CO_TRY(co_await machine.boot(wanted.plan, wanted.boot_limit));
  if (wanted.command) {
    RuntimeCommand command = *wanted.command;
    const auto& more = wanted.ahead_variables;
    command.environment.insert(command.environment.end(), more.begin(), more.end());
    CO_TRY(co_await machine.park(command));
  }
  co_return co_await machine.save();
}

/// What it has become, which is on its own from then on.
Task<std::shared_ptr<const MachineTemplate>> end(BecomingTemplate& machine, Result<void> up,
                                                 std::optional<RuntimeCommand> command,
                                                 std::string said) {
  auto ended = co_await machine.end_machine();
  if (!up) co_return up.error();
  if (!ended) co_return ended.error();
  co_return co_await machine.finish(std::move(command), std::move(said));
}

}  // namespace

Task<std::shared_ptr<const MachineTemplate>> TemplateMaker::make(TemplatePlan wanted) {
  if (guest_ != nullptr) co_return Error(Errc::conflict, "another template is being made");
  wanted.plan.memory_mib = guest_memory_mib(wanted.memory_mib, wanted.kernel_mib);
  BecomingTemplate machine(executor_, launcher_, blocking_, is_cancelled_);
  guest_ = &machine.guest();
  auto up = co_await bring_up(machine, wanted);
  guest_ = nullptr;
  std::string said = up ? machine.said() : std::string();
  auto made = co_await end(machine, std::move(up), std::move(wanted.command), std::move(said));
  auto closed = co_await machine.close();
  if (!closed) co_return closed.error();
  co_return made;
}

void TemplateMaker::cancel() {
  is_cancelled_ = true;
  if (guest_ != nullptr && guest_->slot().is_acquired()) guest_->slot().kill();
}

}  // namespace proa::sandbox
