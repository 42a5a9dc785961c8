// Containers whose program the test plays: it writes and ends at once.
#pragma once

#include "frames/link.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proa::sandbox::test {

/// What the containers of a test do.
struct ContainerPlan {
  std::string product = "an image";
  std::string words;
  int wait_status = 0;
  std::optional<Error> assign_error;
  bool is_slow = false;               ///< the program goes on until its end in `running` goes
  std::vector<os::UniqueFd> running;  ///< what slow programs write with
  std::size_t made = 0;
  std::size_t closed = 0;
  Assignment assignment;
  std::vector<std::string> arguments;
};

class PlayedContainer final : public Sandbox {
 public:
  explicit PlayedContainer(ContainerPlan& plan) : plan_(plan) { ++plan_.made; }
  Task<void> start() override { co_return ok(); }
  Task<void> assign(Assignment assignment) override {
    if (plan_.assign_error) co_return *plan_.assign_error;
    plan_.assignment = std::move(assignment);
    co_return ok();
  }
  Task<void> set_processor_share(ProcessorShare) override { co_return ok(); }
  Result<os::UniqueFd> open_service(frames::Service, ConnectionSink) override {
    return os::UniqueFd();
  }
  Task<RuntimeProcess> start_runtime(RuntimeCommand command) override {
    plan_.arguments = std::move(command.arguments);
    RuntimeProcess process;
    CO_TRY(auto link, frames::make_link());
    int output[2];
    if (::pipe2(output, O_CLOEXEC) != 0) co_return os_error("pipe");
    process.link = std::move(link.first);
    process.output.reset(output[0]);
    const os::UniqueFd words(output[1]);
    EXPECT_GE(::write(link.second.out.get(), plan_.product.data(), plan_.product.size()), 0);
    EXPECT_GE(::write(words.get(), plan_.words.data(), plan_.words.size()), 0);
    if (plan_.is_slow) plan_.running.push_back(std::move(link.second.out));
    co_return std::move(process);
  }
  Task<RuntimeExit> runtime_exit(SteadyTime) override {
    RuntimeExit exit;
    exit.wait_status = plan_.wait_status;
    co_return exit;
  }
  bool has_runtime_exited() const override { return true; }
  Task<void> kill_runtime() override { co_return ok(); }
  bool has_ended() const override { return false; }
  Result<void> freeze() override { return ok(); }
  Result<void> thaw() override { return ok(); }
  Result<void> run_on(std::string_view) override { return ok(); }
  std::optional<Bytes> memory_peak() const override { return std::nullopt; }
  std::uint64_t oom_kills() const override { return 0; }
  UsageReader usage_reader() const override { return {}; }
  void abandon() override {}
  Task<void> close() override {
    ++plan_.closed;
    co_return ok();
  }

 private:
  ContainerPlan& plan_;
};

class PlayedContainers final : public SandboxFactory {
 public:
  explicit PlayedContainers(ContainerPlan& plan) : plan_(plan) {}
  std::unique_ptr<Sandbox> make(SandboxSpec spec) override {
    EXPECT_EQ(spec.isolation, model::Isolation::container);
    return std::make_unique<PlayedContainer>(plan_);
  }

 private:
  ContainerPlan& plan_;
};

}  // namespace proa::sandbox::test
