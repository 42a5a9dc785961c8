#include "sandbox/microvm/microvm_sandbox.h"

#include "base/check.h"
#include "sandbox/deadline.h"
#include "sandbox/host_memory.h"
#include "sandbox/start_body.h"

#include <signal.h>

#include <algorithm>
#include <utility>

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

/// For taking the disks of its function, a tenth of a second's work: one that hangs meanwhile is
/// given up early enough for another to serve the call.
constexpr std::chrono::milliseconds kGiveLimit{10'000};
/// What a process printed comes by another stream than the news of its end. One that left others
/// behind keeps that stream open, so the news does not wait for ever.
constexpr auto kLastWordsLimit = std::chrono::milliseconds(250);

std::size_t place_of(frames::Service service) {
  return service == frames::Service::runtime_api ? 0 : 1;
}

}  // namespace

std::unique_ptr<Sandbox> MicrovmFactory::make(SandboxSpec spec) {
  return std::make_unique<MicrovmSandbox>(executor_, launcher_, build_, spec.tmp_mib);
}

MicrovmSandbox::MicrovmSandbox(asio::any_io_executor executor, launcher::Client& launcher,
                               const GuestBuilder& build, std::uint32_t tmp_mib)
    : build_(build),
      tmp_mib_(tmp_mib),
      killed_(executor),
      exit_(executor),
      tasks_(executor),
      guest_(executor, launcher, guest_events()) {}

MicrovmSandbox::~MicrovmSandbox() {
  check(tasks_.running() == 0, "a sandbox must be closed before it is destroyed");
}

Task<void> MicrovmSandbox::start() { co_return co_await guest_.take_slot(tmp_mib_); }

Task<void> MicrovmSandbox::expect(Assignment assignment) {
  SandboxLimits limits = assignment.limits;
  limits.network = model::NetworkPolicy::none;
  CO_TRY(auto build, co_await build_(std::move(assignment)));
  if (!build.from) co_return Error(Errc::unavailable, "there is no template of such machines yet");
  Ahead ahead{build.plan.kernel, build.plan.root_image, build.from};
  const auto outcome = build.outcome;
  auto up = co_await bring_up(std::move(build), limits);
  if (!up && outcome) outcome({up.error(), was_bad_copy()});
  is_up_ = up.has_value();
  if (is_up_) ahead_ = std::move(ahead);
  co_return up;
}

Task<void> MicrovmSandbox::assign(Assignment assignment) {
  const SandboxLimits limits = assignment.limits;
  const ProcessorShare share = assignment.share;
  CO_TRY(auto build, co_await build_(std::move(assignment)));
  if (ahead_ && !is_for(build)) {
    co_return Error(Errc::unavailable, "the machine that waited is none for this function");
  }
  const auto outcome = std::move(build.outcome);
  auto bringing = ahead_ ? give(std::move(build), limits) : bring_up(std::move(build), limits);
  auto up = co_await std::move(bringing);
  if (outcome) {
    outcome({up ? std::nullopt : std::optional<Error>(up.error()), was_bad_copy()});
  }
  is_up_ = up.has_value();
  if (!up) co_return up;
  co_return co_await set_processor_share(share);
}

// What it is a copy of may have been replaced meanwhile, the kernel or the host's programs too.
bool MicrovmSandbox::is_for(const GuestBuild& build) const {
  return ahead_->kernel == build.plan.kernel && ahead_->root_image == build.plan.root_image &&
         !ahead_->from.expired() && ahead_->from.lock() == build.from && !guest_.has_ended();
}

Task<void> MicrovmSandbox::give(GuestBuild build, const SandboxLimits& limits) {
  ahead_.reset();
  CO_TRY(const auto disks, co_await build.open_disks());
  co_return co_await guest_.give(disks, limits, std::min(build.boot_limit, kGiveLimit));
}

Task<void> MicrovmSandbox::bring_up(GuestBuild build, const SandboxLimits& limits) {
  build.plan.memory_mib = guest_memory_mib(limits.memory_mib, build.kernel_mib);
  kernel_name_ = std::move(build.kernel_name);
  hold_ = std::move(build.hold);
  is_restored_ = build.from != nullptr;
  if (build.from && build.from->command) from_ = build.from;
  is_exit_due_ = from_ != nullptr;
  if (!build.from) {
    co_return co_await guest_.boot(std::move(build.plan), limits, build.boot_limit);
  }
  build.plan.memory_file = {build.from, &build.from->memory_file};
  co_return co_await guest_.restore(std::move(build.plan), limits, build.boot_limit, *build.from);
}

Result<os::UniqueFd> MicrovmSandbox::open_service(frames::Service service, ConnectionSink sink) {
  sinks_[place_of(service)] = std::move(sink);
  return os::UniqueFd();
}

Task<RuntimeProcess> MicrovmSandbox::start_runtime(RuntimeCommand command) {
  if (has_ended() || !is_up_) co_return Error(Errc::unavailable, "sandbox has ended");
  if (const auto from = std::exchange(from_, nullptr)) {
    check(from->command == command, "a copy's process is another than the one that is asked for");
    co_return guest_.port().take_over_process(from->said);
  }
  CO_TRY(auto body, start_body(command));
  // Of a program that could not be executed, after which nothing is killed.
  CO_TRY(co_await guest_.port().process_over(deadline_after(kKillLimit)));
  exit_.reset();
  is_exit_due_ = true;
  co_return guest_.port().start_process(body);
}

Task<RuntimeExit> MicrovmSandbox::runtime_exit(SteadyTime deadline) {
  co_return co_await exit_.wait(deadline, "end of the runtime process");
}

Task<void> MicrovmSandbox::kill_runtime() {
  if (has_ended() || !is_up_) co_return Error(Errc::unavailable, "sandbox has ended");
  killed_.reset();
  guest_.port().kill_all();
  const SteadyTime deadline = deadline_after(kKillLimit);
  CO_TRY(const bool is_killed, co_await killed_.wait(deadline, "kill of the runtime's processes"));
  if (!is_killed) co_return Error(Errc::unavailable, "sandbox has ended");
  co_return co_await guest_.port().process_over(deadline);
}

GuestPort::Events MicrovmSandbox::guest_events() {
  GuestPort::Events events;
  events.frame = [this](frames::Type type, std::string_view body) {
    return take_frame(type, body);
  };
  events.connection = [this](frames::Service service, os::UniqueFd connection) {
    const ConnectionSink& sink = sinks_[place_of(service)];
    if (sink) sink(std::move(connection));
  };
  events.ended = [this] { end(); };
  return events;
}

bool MicrovmSandbox::take_frame(frames::Type type, std::string_view body) {
  if (type == frames::Type::killed) {
    killed_.set(true);
    return body.empty();
  }
  if (type == frames::Type::memory) {
    frames::MemoryView memory;
    if (frames::decode_memory(std::as_bytes(std::span(body)), memory) != frames::Status::ok)
      return false;
    memory_peak_ = Bytes(memory.peak_bytes);
    oom_kills_ = memory.oom_kills;
    return true;
  }
  const auto exit = type == frames::Type::exited ? exit_of(body) : std::nullopt;
  // Each one waits for last words in a coroutine of its own.
  if (!exit || !std::exchange(is_exit_due_, false)) return false;
  tasks_.spawn(report_exit(*exit));
  return true;
}

asio::awaitable<void> MicrovmSandbox::report_exit(RuntimeExit exit) {
  (void)co_await guest_.port().process_over(deadline_after(kLastWordsLimit));
  exit_.set(exit);
}

void MicrovmSandbox::end() {
  RuntimeExit exit;
  exit.wait_status = SIGKILL;
  exit_.set(exit);
  killed_.set(false);
}

Task<void> MicrovmSandbox::close() {
  CO_TRY(co_await guest_.close());
  co_await tasks_.join();
  hold_.reset();
  co_return ok();
}

}  // namespace proa::sandbox
