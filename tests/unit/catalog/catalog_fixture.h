// A catalog over a real store and real folders, opened and closed by the test.
#pragma once

#include "catalog/catalog.h"
#include "support/manual_clock.h"
#include "unit/catalog/temp_folder.h"
#include "unit/catalog/zip_builder.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace proa::catalog {

namespace asio = boost::asio;

class CatalogFixture : public TempFolderTest {
 protected:
  static inline const std::string kAccount = "000000000000";

  void SetUp() override {
    TempFolderTest::SetUp();
    options_.data_folder = folder_;
    options_.interpreter_versions = [](std::string_view) {
      return std::optional<std::string>("3.11");
    };
    open();
  }
  void TearDown() override {
    close();
    TempFolderTest::TearDown();
  }

  void open() {
    pool_ = std::make_unique<asio::thread_pool>(threads_);
    auto store = storage::open_sqlite(folder_ / "proa.db");
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::move(store).value();
    auto catalog = Catalog::open(options_, *store_, *pool_, clock_);
    ASSERT_TRUE(catalog) << catalog.error().message();
    catalog_ = std::move(catalog).value();
  }
  void close() {
    if (pool_) pool_->wait();
    catalog_.reset();
    pool_.reset();
    store_.reset();
  }
  void reopen() {
    close();
    open();
  }

  /// Runs a Task on an executor of the test and waits for its result.
  template <class T>
  Result<T> run(Task<T> task) {
    asio::io_context caller;
    std::optional<Result<T>> result;
    asio::co_spawn(caller, keep(std::move(task), result), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    caller.run();
    settle();
    return std::move(*result);
  }

  template <class T>
  static asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& result) {
    const auto thread = std::this_thread::get_id();
    result.emplace(co_await std::move(task));
    EXPECT_EQ(std::this_thread::get_id(), thread) << "completes on the caller's executor";
  }

  /// Waits until removals posted to the pool have run (one thread runs them in order).
  void settle() {
    std::promise<void> done;
    asio::post(*pool_, [&done] { done.set_value(); });
    done.get_future().wait();
  }

  static model::FunctionRef ref(const std::string& name) {
    model::FunctionRef ref;
    ref.account_id = kAccount;
    ref.region = "us-east-1";
    ref.name = name;
    return ref;
  }

  static NewFunction request(const std::string& name,
                             std::string zip = make_zip({file("app.py", "1")})) {
    NewFunction request;
    request.config.account_id = kAccount;
    request.config.region = "us-east-1";
    request.config.name = name;
    request.config.runtime = "python3.11";
    request.config.handler = "app.handler";
    request.config.role = "arn:aws:iam::000000000000:role/r";
    request.zip = std::move(zip);
    return request;
  }

  FunctionRecordPtr create(const std::string& name,
                           std::string zip = make_zip({file("app.py", "1")})) {
    auto record = run(catalog_->create_function(request(name, std::move(zip))));
    EXPECT_TRUE(record) << record.error().message();
    return record ? record.value() : nullptr;
  }

  std::size_t trees() const {
    std::size_t count = 0;
    for (const auto& item : std::filesystem::directory_iterator(folder_ / "code")) {
      count += item.exists() ? 1 : 0;
    }
    return count;
  }

  LayerVersionPtr publish_layer(const std::string& name, std::string zip) {
    NewLayerVersion layer;
    layer.scope = model::Scope{kAccount, "us-east-1"};
    layer.name = name;
    layer.description = "libraries";
    layer.zip = std::move(zip);
    auto version = run(catalog_->publish_layer_version(std::move(layer)));
    EXPECT_TRUE(version) << version.error().message();
    return version ? version.value() : nullptr;
  }

  std::size_t threads_ = 1;
  ManualClock clock_;
  CatalogOptions options_;
  std::unique_ptr<storage::KeyValueStore> store_;
  std::unique_ptr<asio::thread_pool> pool_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace proa::catalog
