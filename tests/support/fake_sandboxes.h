// Sandboxes without isolation, for tests of what stands above them: each runs a bootstrap of a few
// lines on the test's io_context that speaks frames as a real one does.
#pragma once

#include "base/pending.h"
#include "base/task_group.h"
#include "frames/link.h"
#include "os/seqpacket.h"
#include "sandbox/sandbox.h"

#include <boost/asio/any_io_executor.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace proa::sandbox {

class FakeSandbox;

/// What the test decides for all sandboxes, and what they did.
struct FakeWorld {
  explicit FakeWorld(const boost::asio::any_io_executor& executor)
      : starts(executor), answers(executor) {
    starts.set(true);
    answers.set(true);
  }
  /// Starts and answers wait while these are reset; set(true) lets them go on.
  Pending<bool> starts;
  Pending<bool> answers;
  std::optional<Error> start_error;   ///< of every start from now on
  std::optional<Error> expect_error;  ///< of every expect() from now on
  std::optional<Error> assign_error;  ///< of every assign() from now on
  std::optional<Error> fails_next_assign;
  bool is_bad_copy = false;                 ///< sandboxes say that their template was to blame
  std::optional<Error> share_error;         ///< of every set_processor_share() from now on
  std::vector<ProcessorShare> init_shares;  ///< that functions were initialised with
  std::vector<ProcessorShare> call_shares;  ///< that calls ran with
  bool can_freeze = true;
  bool makes_copies = false;  ///< sandboxes say that they are restored
  std::string configuration;  ///< that a runtime was told last
  bool can_pin = true;
  std::vector<std::string> processors;  ///< what run_on() was told, of all sandboxes
  bool fails_thaw = false;              ///< a thaw ends the sandbox
  std::string answer = "\"done\"";
  std::string answers_to;      ///< not empty: the request id that answers name
  bool exits_in_call = false;  ///< the next call ends its runtime
  std::uint64_t oom_kills = 0;
  std::optional<Bytes> memory_peak;
  int peak_readings = 0;
  int init_failures = 0;  ///< so many configurations from now on fail
  int init_failed = 0;

  std::vector<FakeSandbox*> alive;  ///< not closed yet, in the order of their making
  std::size_t made = 0;
  std::size_t starting = 0;       ///< in start() now
  std::size_t starting_most = 0;  ///< at any time
  std::size_t calls = 0;
};

/// One of them. Its bootstrap answers every call with FakeWorld::answer.
class FakeSandbox final : public Sandbox {
 public:
  FakeSandbox(boost::asio::any_io_executor executor, FakeWorld& world, SandboxSpec given)
      : spec(given), executor_(executor), world_(world), exit_(executor), tasks_(executor) {}

  const SandboxSpec spec;
  std::optional<Assignment> expected;
  std::optional<SandboxLimits> limits;
  ProcessorShare share = ProcessorShare::of_function;
  std::string tree_id;
  std::string account_id;
  std::optional<RuntimeCommand> parked;
  std::string program;  ///< what start_runtime() was asked to run
  int rehearsals = 0;
  bool is_frozen = false;
  bool is_frozen_ever = false;
  int kills = 0;
  bool fails_start = false;

  /// The runtime process ends by itself, with status 0.
  void end_runtime() { hang_up(); }
  /// Everything inside ends, as if the kernel had killed it.
  void break_down() {
    has_ended_ = true;
    hang_up();
  }

  Task<void> start() override {
    world_.starting_most = std::max(world_.starting_most, ++world_.starting);
    auto gate = co_await world_.starts.wait(SteadyTime::max(), "the test's permission");
    --world_.starting;
    if (has_ended_) co_return Error(Errc::unavailable, "it was given up");
    if (fails_start) co_return Error(Errc::unavailable, "this one does not start");
    if (world_.start_error) co_return *world_.start_error;
    co_return ok();
  }
  Task<void> expect(Assignment assignment) override {
    if (world_.expect_error) co_return *world_.expect_error;
    expected = std::move(assignment);
    co_return ok();
  }
  Task<void> assign(Assignment assignment) override {
    if (world_.assign_error) co_return *world_.assign_error;
    if (world_.fails_next_assign) {
      co_return *std::exchange(world_.fails_next_assign, std::nullopt);
    }
    limits = assignment.limits;
    share = assignment.share;
    tree_id = std::move(assignment.tree_id);
    account_id = std::move(assignment.account_id);
    parked = std::move(assignment.parked);
    co_return ok();
  }
  Task<void> set_processor_share(ProcessorShare wanted) override {
    if (world_.share_error) co_return *world_.share_error;
    share = wanted;
    co_return ok();
  }
  Result<os::UniqueFd> open_service(frames::Service, ConnectionSink) override {
    return Error(Errc::unavailable, "a fake sandbox has no network");
  }
  Task<RuntimeProcess> start_runtime(RuntimeCommand command) override {
    program = command.arguments.empty() ? std::string() : command.arguments.front();
    CO_TRY(auto pair, frames::make_link());
    CO_TRY(auto link, frames::Link::adopt(executor_, std::move(pair.second)));
    int output[2];
    if (::pipe2(output, O_CLOEXEC) != 0) co_return os_error("pipe");
    RuntimeProcess process;
    process.link = std::move(pair.first);
    process.output.reset(output[0]);
    output_.reset(output[1]);
    link_ = std::move(link);
    exit_.reset();
    tasks_.spawn(bootstrap());
    co_return std::move(process);
  }
  Task<RuntimeExit> runtime_exit(SteadyTime deadline) override {
    co_return co_await exit_.wait(deadline, "end of the runtime process");
  }
  bool has_runtime_exited() const override { return exit_.is_set(); }
  Task<void> kill_runtime() override {
    if (has_ended_) co_return Error(Errc::unavailable, "sandbox has ended");
    ++kills;
    hang_up();
    co_await tasks_.join();
    co_return ok();
  }
  bool has_ended() const override { return has_ended_; }
  Result<void> freeze() override {
    if (!world_.can_freeze) return Error(Errc::unsupported, "no freezer");
    is_frozen = is_frozen_ever = true;
    return ok();
  }
  Result<void> thaw() override {
    if (world_.fails_thaw) break_down();
    if (has_ended_) return Error(Errc::unavailable, "sandbox has ended");
    is_frozen = false;
    return ok();
  }
  Result<void> run_on(std::string_view processors) override {
    if (!world_.can_pin) return Error(Errc::unsupported, "no cpuset.cpus");
    world_.processors.emplace_back(processors);
    return ok();
  }
  std::optional<Bytes> memory_peak() const override {
    ++world_.peak_readings;
    return world_.memory_peak;
  }
  std::uint64_t oom_kills() const override { return world_.oom_kills; }
  std::string kernel() const override {
    return spec.isolation == model::Isolation::microvm ? "fake" : "";
  }
  bool is_restored() const override { return world_.makes_copies; }
  bool was_bad_copy() const override { return world_.is_bad_copy; }
  UsageReader usage_reader() const override {
    return [] {
      SandboxUsage usage;
      usage.memory = Bytes::mib(30);
      return usage;
    };
  }
  void abandon() override {
    break_down();
    world_.starts.set(true);
  }
  Task<void> close() override {
    std::erase(world_.alive, this);
    has_ended_ = true;
    hang_up();
    co_await tasks_.join();
    co_return ok();
  }

 private:
  void hang_up() {
    if (link_) link_->close();
    output_.reset();
    exit_.set(RuntimeExit{});
  }

  boost::asio::awaitable<void> bootstrap() {
    frames::Link& link = *link_;
    if (!co_await say(link, frames::Type::parked, "{\"runtime\":\"fake1.0\"}")) co_return;
    for (;;) {
      auto frame = co_await link.receive();
      if (!frame) co_return;
      if (frame.value().type == frames::Type::rehearse) {
        ++rehearsals;
        if (!co_await say(link, frames::Type::parked, "{\"runtime\":\"fake1.0\"}")) co_return;
        continue;
      }
      if (frame.value().type == frames::Type::configure) {
        world_.configuration = frame.value().body;
        world_.init_shares.push_back(share);
        if (world_.init_failed < world_.init_failures) {
          const std::string number = std::to_string(++world_.init_failed);
          co_await say(link, frames::Type::init_error,
                       "{\"errorType\":\"Fake.Init\",\"number\":" + number + "}");
          hang_up();
          co_return;
        }
        if (!co_await say(link, frames::Type::ready, "")) co_return;
        continue;
      }
      frames::InvokeView view;
      const auto body = std::as_bytes(std::span(frame.value().body));
      if (frames::decode_invoke(body, view) != frames::Status::ok) co_return;
      const std::string id =
          world_.answers_to.empty() ? std::string(view.request_id) : world_.answers_to;
      ++world_.calls;
      world_.call_shares.push_back(share);
      if (std::exchange(world_.exits_in_call, false)) {
        hang_up();
        co_return;
      }
      (void)co_await world_.answers.wait(SteadyTime::max(), "the test's permission");
      if (!link.is_open()) co_return;
      if (!co_await say(link, frames::Type::response, id + world_.answer)) co_return;
    }
  }

  static boost::asio::awaitable<bool> say(frames::Link& link, frames::Type type, std::string text) {
    const std::array<std::string_view, 1> parts{text};
    const auto sent = co_await link.send(type, parts);
    co_return sent.has_value();
  }

  boost::asio::any_io_executor executor_;
  FakeWorld& world_;
  std::unique_ptr<frames::Link> link_;
  os::UniqueFd output_;
  Pending<RuntimeExit> exit_;
  bool has_ended_ = false;
  TaskGroup tasks_;
};

class FakeSandboxes final : public SandboxFactory {
 public:
  FakeSandboxes(boost::asio::any_io_executor executor, FakeWorld& world)
      : executor_(std::move(executor)), world_(world) {}
  std::unique_ptr<Sandbox> make(SandboxSpec spec) override {
    auto made = std::make_unique<FakeSandbox>(executor_, world_, spec);
    ++world_.made;
    world_.alive.push_back(made.get());
    return made;
  }

 private:
  boost::asio::any_io_executor executor_;
  FakeWorld& world_;
};

}  // namespace proa::sandbox
