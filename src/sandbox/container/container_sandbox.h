// One container: a slot of the launcher, the control link to its proa-init, its control group.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "frames/link.h"
#include "launcher/launcher.h"
#include "sandbox/sandbox.h"
#include "sandbox/slot.h"

#include <memory>

namespace proa::sandbox {

/// See Sandbox. Owned by an Environment. A background task reads the control link until proa-init
/// is gone; close() joins it.
class ContainerSandbox final : public Sandbox {
 public:
  ContainerSandbox(boost::asio::any_io_executor executor, launcher::Client& launcher,
                   std::uint32_t tmp_mib);
  ~ContainerSandbox() override;

  Task<void> start() override;
  Task<void> assign(Assignment assignment) override;
  Task<void> set_processor_share(ProcessorShare share) override {
    return slot_.set_processor_share(share);
  }
  Result<os::UniqueFd> open_service(frames::Service service, ConnectionSink sink) override;
  Task<RuntimeProcess> start_runtime(RuntimeCommand command) override;
  Task<RuntimeExit> runtime_exit(SteadyTime deadline) override;
  bool has_runtime_exited() const override { return exit_.is_set(); }
  Task<void> kill_runtime() override;
  bool has_ended() const override { return has_ended_; }
  Result<void> freeze() override { return slot_.freeze(); }
  Result<void> thaw() override { return slot_.thaw(); }
  Result<void> run_on(std::string_view processors) override { return slot_.run_on(processors); }
  std::optional<Bytes> memory_peak() const override { return slot_.memory_peak(); }
  std::uint64_t oom_kills() const override { return slot_.oom_kills(); }
  UsageReader usage_reader() const override { return slot_.usage_reader(); }
  void abandon() override { slot_.abandon(); }
  Task<void> close() override;

 private:
  boost::asio::awaitable<void> watch_control();
  boost::asio::awaitable<void> watch_exit();
  void end(int wait_status);

  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  std::uint32_t tmp_mib_;
  Slot slot_;
  std::unique_ptr<frames::Link> control_;
  Pending<bool> init_up_;
  Pending<bool> killed_;
  Pending<RuntimeExit> exit_;
  Pending<std::string> sandbox_end_;  ///< empty, or why it could not be started
  bool has_ended_ = false;
  TaskGroup tasks_;
};

}  // namespace proa::sandbox
