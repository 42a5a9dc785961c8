#include "sandbox/container/container_sandbox.h"

#include "base/check.h"
#include "os/file.h"
#include "os/seqpacket.h"
#include "sandbox/container.h"
#include "sandbox/deadline.h"
#include "sandbox/start_body.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace proa::sandbox {
namespace asio = boost::asio;
namespace {

constexpr auto kStartLimit = std::chrono::seconds(10);

// Control frames are short; a megabyte of "control" from inside is an attack.
constexpr std::uint32_t kMaxControlBody = 64;

static_assert(kRuntimeApiAddress.ends_with("9001") && launcher::kRuntimeApiPort == 9001);
static_assert(kLambdaApiAddress.ends_with("9002") && launcher::kLambdaApiPort == 9002);

Result<os::UniqueFd> another(const os::UniqueFd& listener) {
  if (!listener) return Error(Errc::unavailable, "sandbox has no network");
  os::UniqueFd copy(::fcntl(listener.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return os_error("duplicate a listener");
  return copy;
}

/// Ends of what a runtime process inherits; the `theirs` side is closed once it is sent.
struct RuntimeEnds {
  RuntimeProcess ours;
  os::UniqueFd null_device;
  os::UniqueFd their_output;
  frames::LinkFds their_link;
};

Result<RuntimeEnds> make_ends() {
  RuntimeEnds ends;
  TRY(auto link, frames::make_link());
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) return os_error("pipe");
  ends.ours.link = std::move(link.first);
  ends.their_link = std::move(link.second);
  ends.ours.output.reset(output[0]);
  ends.their_output.reset(output[1]);
  TRY(auto null_device, os::open_file("/dev/null", O_RDONLY));
  ends.null_device = std::move(null_device);
  return ends;
}

}  // namespace

std::unique_ptr<Sandbox> ContainerFactory::make(SandboxSpec spec) {
  return std::make_unique<ContainerSandbox>(executor_, launcher_, spec.tmp_mib);
}

ContainerSandbox::ContainerSandbox(asio::any_io_executor executor, launcher::Client& launcher,
                                   std::uint32_t tmp_mib)
    : executor_(executor),
      launcher_(launcher),
      tmp_mib_(tmp_mib),
      slot_(launcher),
      init_up_(executor),
      killed_(executor),
      exit_(executor),
      sandbox_end_(executor),
      tasks_(executor) {}

ContainerSandbox::~ContainerSandbox() {
  check(tasks_.running() == 0, "a sandbox must be closed before it is destroyed");
}

Task<void> ContainerSandbox::start() {
  CO_TRY(co_await slot_.acquire(tmp_mib_));
  CO_TRY(auto control, co_await launcher_.start_sandbox(slot_.id()));
  frames::Link::Limits limits;
  limits.body_max = kMaxControlBody;
  CO_TRY(auto link, frames::Link::adopt(executor_, std::move(control), limits));
  control_ = std::move(link);
  tasks_.spawn(watch_control());
  tasks_.spawn(watch_exit());
  auto up = co_await init_up_.wait(deadline_after(kStartLimit), "start of a sandbox");
  if (!up) co_return up.error();
  if (!up.value()) {
    // It ended before proa-init ran: the launcher's report says at which step.
    auto reason = co_await sandbox_end_.wait(deadline_after(kKillLimit), "end of a sandbox");
    co_return Error(Errc::unavailable,
                    "sandbox did not start" + (reason ? ": " + reason.value() : std::string()));
  }
  co_return ok();
}

Task<void> ContainerSandbox::assign(Assignment assignment) {
  CO_TRY(co_await slot_.configure(assignment.limits, assignment.share));
  if (assignment.tree_id.empty()) co_return ok();
  if (assignment.is_image) {
    co_return co_await launcher_.adopt_root(slot_.id(), std::move(assignment.tree_id));
  }
  co_return co_await launcher_.adopt_code(slot_.id(), std::move(assignment.tree_id),
                                          std::move(assignment.layer_tree_ids),
                                          std::move(assignment.root_tree_id));
}

// The sockets are in the container's own network namespace, so whoever connects is inside.
Result<os::UniqueFd> ContainerSandbox::open_service(frames::Service service, ConnectionSink) {
  const launcher::EnvironmentSockets& sockets = slot_.sockets();
  return another(service == frames::Service::runtime_api ? sockets.runtime_api
                                                         : sockets.lambda_api);
}

Task<RuntimeProcess> ContainerSandbox::start_runtime(RuntimeCommand command) {
  if (has_ended_) co_return Error(Errc::unavailable, "sandbox has ended");
  CO_TRY(auto ends, make_ends());
  CO_TRY(auto body, start_body(command));
  exit_.reset();
  const std::array<std::string_view, 1> parts{body};
  const std::array<int, 5> fds{ends.null_device.get(), ends.their_output.get(),
                               ends.their_output.get(), ends.their_link.in.get(),
                               ends.their_link.out.get()};
  CO_TRY(co_await control_->send_with_fds(frames::Type::start, parts, fds));
  co_return std::move(ends.ours);
}

Task<RuntimeExit> ContainerSandbox::runtime_exit(SteadyTime deadline) {
  co_return co_await exit_.wait(deadline, "end of the runtime process");
}

Task<void> ContainerSandbox::kill_runtime() {
  if (has_ended_) co_return Error(Errc::unavailable, "sandbox has ended");
  killed_.reset();
  const std::span<const std::string_view> no_body;
  CO_TRY(co_await control_->send(frames::Type::kill_all, no_body));
  auto killed =
      co_await killed_.wait(deadline_after(kKillLimit), "kill of the runtime's processes");
  if (!killed) co_return killed.error();
  if (!killed.value()) co_return Error(Errc::unavailable, "sandbox has ended");
  co_return ok();
}

// Everything proa-init says. Its end of the link closes only when it is gone.
asio::awaitable<void> ContainerSandbox::watch_control() {
  for (;;) {
    auto frame = co_await control_->receive();
    if (!frame) break;
    if (frame.value().type == frames::Type::init_up) {
      init_up_.set(true);
    } else if (frame.value().type == frames::Type::killed) {
      killed_.set(true);
    } else if (frame.value().type == frames::Type::exited) {
      const auto exit = exit_of(frame.value().body);
      if (!exit) break;
      exit_.set(*exit);
    } else {
      break;  // not a frame of this link: nothing it says can be believed
    }
  }
  launcher_.kill(slot_.id());
  end(SIGKILL);
}

asio::awaitable<void> ContainerSandbox::watch_exit() {
  auto exit = co_await launcher_.exited(slot_.id());
  sandbox_end_.set(exit ? exit.value().start_failure : std::string());
  control_->close();
  end(exit ? exit.value().wait_status : SIGKILL);
}

void ContainerSandbox::end(int wait_status) {
  has_ended_ = true;
  RuntimeExit exit;
  exit.wait_status = wait_status;
  exit_.set(exit);
  init_up_.set(false);
  killed_.set(false);
}

Task<void> ContainerSandbox::close() {
  if (!slot_.is_acquired()) co_return ok();
  slot_.kill();
  if (control_) control_->close();
  co_await tasks_.join();
  slot_.release();
  co_return ok();
}

}  // namespace proa::sandbox
