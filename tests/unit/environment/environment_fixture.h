// An environment over a fake sandbox, with a call to run in it.
#pragma once

#include "environment/environment.h"
#include "support/fake_log_writer.h"
#include "support/fake_sandboxes.h"
#include "support/manual_clock.h"
#include "unit/frames/await.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace proa::environment {

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest() {
    program_.family = "fake1.0";
    program_.command.arguments = {"/usr/bin/fake", "bootstrap"};
    program_.command.environment = {"PROA_RUNTIME_FD=3"};
    invocation_.request_id = "11111111-2222-4333-8444-555555555555";
    invocation_.payload = "{}";
  }
  ~EnvironmentTest() override {
    if (environment_) {
      EXPECT_TRUE(run(environment_->close()));
    }
  }

  /// An environment whose interpreter waits, or (bare) a sandbox alone.
  void make(bool is_bare = false) {
    EnvironmentParts parts{io_.get_executor(), sandboxes_, clock_, random_};
    parts.logs = &log_;
    std::optional<RuntimeProgram> ahead;
    if (!is_bare) ahead = program_;
    environment_ = std::make_unique<Environment>(parts, std::move(ahead),
                                                 sandbox::SandboxSpec{isolation_, 512}, expect_);
  }
  model::FunctionPtr function() const {
    auto function = std::make_shared<model::FunctionVersion>(function_);
    return function;
  }
  /// Ready for calls of function_.
  void assign(bool is_bare = false) {
    make(is_bare);
    ASSERT_TRUE(run(environment_->provision()));
    ASSERT_TRUE(run(environment_->assign(function(), program_)));
  }
  Result<model::InvocationResult> invoke() {
    return run(environment_->invoke(invocation_, model::Start::cold));
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return frames::await(io_, std::move(task));
  }
  sandbox::FakeSandbox& sandbox() { return *world_.alive.front(); }

  std::optional<sandbox::ExpectedFunction> expect_;
  boost::asio::io_context io_;
  ManualClock clock_;
  RandomSource random_;
  logs::FakeLogWriter log_;
  sandbox::FakeWorld world_{io_.get_executor()};
  sandbox::FakeSandboxes sandboxes_{io_.get_executor(), world_};
  model::Isolation isolation_ = model::Isolation::container;
  RuntimeProgram program_;
  model::FunctionVersion function_;
  model::Invocation invocation_;
  std::unique_ptr<Environment> environment_;
};

}  // namespace proa::environment
