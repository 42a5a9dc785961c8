// One container: a slot of the launcher, the control link to its proa-init, its control group.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "frames/link.h"
#include "launcher/launcher.h"
#include "os/cgroup.h"
#include "sandbox/sandbox.h"

#include <memory>
#include <optional>

namespace proa::sandbox {

/// See Sandbox. Owned by an Environment. A background task reads the control link until proa-init
/// is gone; close() joins it.
class ContainerSandbox final : public Sandbox {
 public:
  ContainerSandbox(boost::asio::any_io_executor executor, launcher::Client& launcher,
                   std::uint32_t tmp_mib);
  ~ContainerSandbox() override;

  Task<void> start() override;
  Task<void> configure(SandboxLimits limits) override;
  Task<void> adopt_code(std::string tree_id, std::vector<std::string> layer_tree_ids) override;
  Result<os::UniqueFd> runtime_api_listener() const override;
  Result<os::UniqueFd> lambda_api_listener() const override;
  Task<RuntimeProcess> start_runtime(RuntimeCommand command) override;
  Task<RuntimeExit> runtime_exit(SteadyTime deadline) override;
  bool has_runtime_exited() const override { return exit_.is_set(); }
  Task<void> kill_runtime() override;
  bool has_ended() const override { return has_ended_; }
  Result<void> freeze() override;
  Result<void> thaw() override;
  Result<void> run_on(std::string_view processors) override;
  std::optional<Bytes> memory_peak() const override;
  std::uint64_t oom_kills() const override;
  UsageReader usage_reader() const override;
  Task<void> close() override;

 private:
  boost::asio::awaitable<void> watch_control();
  boost::asio::awaitable<void> watch_exit();
  void end(int wait_status);

  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
  std::uint32_t tmp_mib_;
  std::optional<launcher::SlotId> slot_;
  launcher::EnvironmentSockets sockets_;
  /// Shared with usage readers, which may be at work on another thread when this is closed.
  std::shared_ptr<os::CgroupControl> cgroup_;
  std::unique_ptr<frames::Link> control_;
  Pending<bool> init_up_;
  Pending<bool> killed_;
  Pending<RuntimeExit> exit_;
  Pending<std::string> sandbox_end_;  ///< empty, or why it could not be started
  bool has_ended_ = false;
  TaskGroup tasks_;
};

}  // namespace proa::sandbox
