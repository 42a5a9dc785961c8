// A function's virtual machine as a sandbox. Private to sandbox/.
#pragma once

#include "sandbox/microvm/guest.h"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace proa::sandbox {

/// See Sandbox. Owned by an Environment. A machine boots when its function is known, since its
/// devices are its function's: start() takes a slot only. One that is a copy can be there before
/// (expect()) and gets its function's disks later.
class MicrovmSandbox final : public Sandbox {
 public:
  /// `build` outlives it.
  MicrovmSandbox(boost::asio::any_io_executor executor, launcher::Client& launcher,
                 const GuestBuilder& build, std::uint32_t tmp_mib);
  ~MicrovmSandbox() override;

  Task<void> start() override;
  Task<void> expect(Assignment assignment) override;
  Task<void> assign(Assignment assignment) override;
  Task<void> set_processor_share(ProcessorShare share) override {
    return guest_.slot().set_processor_share(share);
  }
  Result<os::UniqueFd> open_service(frames::Service service, ConnectionSink sink) override;
  Task<RuntimeProcess> start_runtime(RuntimeCommand command) override;
  Task<RuntimeExit> runtime_exit(SteadyTime deadline) override;
  bool has_runtime_exited() const override { return exit_.is_set(); }
  Task<void> kill_runtime() override;
  bool has_ended() const override { return guest_.has_ended() || is_outdated(); }
  Result<void> freeze() override { return guest_.slot().freeze(); }
  Result<void> thaw() override { return guest_.slot().thaw(); }
  Result<void> run_on(std::string_view processors) override {
    return guest_.slot().run_on(processors);
  }
  std::optional<Bytes> memory_peak() const override { return memory_peak_; }
  std::uint64_t oom_kills() const override { return guest_.slot().oom_kills() + oom_kills_; }
  UsageReader usage_reader() const override { return guest_.slot().usage_reader(); }
  std::string kernel() const override { return kernel_name_; }
  bool is_restored() const override { return is_restored_; }
  bool was_bad_copy() const override { return guest_.is_bad_copy(); }
  void abandon() override { guest_.slot().abandon(); }
  Task<void> close() override;

 private:
  /// What a machine is a copy of, while it waits for a function.
  struct Ahead {
    std::string kernel;
    std::string root_image;
    std::weak_ptr<const MachineTemplate> from;
  };

  bool is_outdated() const { return ahead_ && ahead_->from.expired(); }
  Task<void> bring_up(GuestBuild build, const SandboxLimits& limits);
  /// Whether a machine that waits is one that this would be.
  bool is_for(const GuestBuild& build) const;
  Task<void> give(GuestBuild build, const SandboxLimits& limits);
  GuestPort::Events guest_events();
  bool take_frame(frames::Type type, std::string_view body);
  boost::asio::awaitable<void> report_exit(RuntimeExit exit);
  void end();

  const GuestBuilder& build_;
  std::uint32_t tmp_mib_;
  bool is_up_ = false;
  bool is_restored_ = false;
  std::shared_ptr<const MachineTemplate> from_;  ///< until its process is taken over
  std::optional<Ahead> ahead_;                   ///< from expect() to assign()
  std::string kernel_name_;
  std::shared_ptr<void> hold_;           ///< what has to stay while the machine lives
  std::array<ConnectionSink, 2> sinks_;  ///< of the runtime API, of the Lambda API
  std::optional<Bytes> memory_peak_;     ///< as proa-init has said last
  std::uint32_t oom_kills_ = 0;          ///< likewise
  Pending<bool> killed_;
  bool is_exit_due_ = false;  ///< of the process that runs; the guest says it once
  Pending<RuntimeExit> exit_;
  TaskGroup tasks_;
  Guest guest_;
};

}  // namespace proa::sandbox
