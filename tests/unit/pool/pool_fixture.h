// A pool over fake sandboxes, a manual clock and interpreters that are only file names.
#pragma once

#include "pool/pool.h"
#include "support/fake_sandboxes.h"
#include "support/interpreters.h"
#include "support/manual_clock.h"
#include "unit/catalog/temp_folder.h"
#include "unit/frames/await.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace proa::pool {

class PoolTest : public catalog::TempFolderTest {
 protected:
  void SetUp() override {
    TempFolderTest::SetUp();
    make();
  }
  void TearDown() override {
    close();
    TempFolderTest::TearDown();
  }

  /// A new pool with `options_`.
  void make() {
    if (pool_) close();
    PoolHooks hooks;
    hooks.is_current = [this](const model::FunctionVersion& function) {
      return replaced_.count(function.revision_id) == 0;
    };
    environment::EnvironmentParts parts{io_.get_executor(), sandboxes_, clock_, random_};
    budget_ = std::make_unique<Budget>(budget_options_, [this] { return host_; });
    pool_ = std::make_unique<Pool>(parts, programs_, board_, *budget_, options_, std::move(hooks));
  }
  void close() {
    if (!pool_) return;
    world_.starts.set(true);
    world_.answers.set(true);
    EXPECT_TRUE(frames::await(io_, pool_->close()));
    pool_.reset();
    EXPECT_TRUE(world_.alive.empty());
    EXPECT_EQ(budget_->environments(), 0U);
  }

  model::FunctionPtr function(const std::string& name, const std::string& account = "1") {
    auto version = std::make_shared<model::FunctionVersion>();
    version->account_id = account;
    version->region = "us-east-1";
    version->name = name;
    version->runtime = "python3.11";
    version->handler = "app.handler";
    version->revision_id = "revision-" + std::to_string(++revisions_);
    version->tree_id = "tree-of-" + name;
    return version;
  }
  model::FunctionPtr changed(const model::FunctionPtr& old,
                             const std::function<void(model::FunctionVersion&)>& change) {
    auto version = std::make_shared<model::FunctionVersion>(*old);
    version->revision_id = "revision-" + std::to_string(++revisions_);
    change(*version);
    return version;
  }

  Result<Lease> lease(const model::FunctionPtr& function) {
    return frames::await(io_, pool_->lease(function));
  }
  /// A lease that must succeed.
  std::unique_ptr<Lease> take(const model::FunctionPtr& function) {
    auto result = lease(function);
    EXPECT_TRUE(result) << result.error().message();
    return result ? std::make_unique<Lease>(std::move(result.value())) : nullptr;
  }
  /// One call from lease to return; the environment's id and how it came to be.
  std::pair<std::string, model::Start> call(const model::FunctionPtr& function) {
    auto lease = take(function);
    if (!lease) return {};
    return {lease->environment().id(), lease->start()};
  }
  /// Parks one of a runtime, and waits for it.
  void park(const std::string& runtime) {
    pool_->keep_parked({programs_.find(runtime).value()});
    settle();
  }
  /// Runs whatever can run without time passing.
  void settle() {
    io_.restart();
    while (io_.poll() > 0) io_.restart();
  }
  void pass(std::chrono::steady_clock::duration time) {
    clock_.advance(time);
    pool_->sweep();
    settle();
  }

  boost::asio::io_context io_;
  ManualClock clock_;
  RandomSource random_;
  sandbox::FakeWorld world_{io_.get_executor()};
  sandbox::FakeSandboxes sandboxes_{io_.get_executor(), world_};
  environment::RuntimePrograms programs_ = environment::python_and_node();
  IdleBoard board_;
  PoolOptions options_;
  BudgetOptions budget_options_;
  HostReading host_;
  std::unique_ptr<Budget> budget_;
  std::map<std::string, bool> replaced_;  ///< revision ids that new calls no longer run
  std::unique_ptr<Pool> pool_;
  int revisions_ = 0;
};

}  // namespace proa::pool
