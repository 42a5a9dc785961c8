#include "identity/key_store.h"

#include "identity/identity.h"
#include "support/map_store.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <optional>

namespace proa::identity {
namespace {

class KeyStoreTest : public ::testing::Test {
 protected:
  KeyStoreTest() { open(); }
  ~KeyStoreTest() override { pool_.join(); }
  void open() { keys_ = KeyStore::open(store_, pool_, clock_, "000000000000").value(); }

  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> out;
    boost::asio::io_context context;
    boost::asio::co_spawn(context, keep(std::move(task), out), boost::asio::detached);
    context.run();
    return std::move(*out);
  }
  Result<KeyPtr> make_key(Rights rights, std::string account = "000000000000") {
    NewKey request;
    request.account_id = std::move(account);
    request.rights = rights;
    return run(keys_->create_key(std::move(request)));
  }

  storage::MapStore store_;
  SystemClock clock_;
  boost::asio::thread_pool pool_{1};
  std::unique_ptr<KeyStore> keys_;

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& out) {
    out.emplace(co_await std::move(task));
  }
};

TEST_F(KeyStoreTest, IsOffUntilTheFirstKeyAndOnForever) {
  EXPECT_FALSE(keys_->is_on());
  const auto key = make_key(Rights{Right::admin, Right::invoke});
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_TRUE(keys_->is_on());
  EXPECT_EQ(key.value()->id.size(), 20U);
  EXPECT_EQ(key.value()->secret.size(), 40U);
  open();
  EXPECT_TRUE(keys_->is_on());
  const KeyPtr found = keys_->find(key.value()->id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret, key.value()->secret);
  EXPECT_EQ(found->rights, key.value()->rights);
}

TEST_F(KeyStoreTest, TheFirstKeyMustBeAbleToMakeOthers) {
  EXPECT_TRUE(make_key(Rights{Right::invoke})
                  .error()
                  .message()
                  .starts_with("The first key must have the right admin"));
  EXPECT_FALSE(keys_->is_on());
  ASSERT_TRUE(make_key(Rights{Right::admin}));
  EXPECT_TRUE(make_key(Rights{Right::invoke}));
  EXPECT_EQ(make_key(Rights()).error().code(), Errc::invalid);
}

TEST_F(KeyStoreTest, TheLastAdminKeyStays) {
  const auto first = make_key(Rights{Right::admin}).value();
  EXPECT_EQ(run(keys_->revoke_key(first->id)).error().code(), Errc::conflict);
  const auto second = make_key(Rights{Right::admin}).value();
  EXPECT_TRUE(run(keys_->revoke_key(first->id)));
  EXPECT_FALSE(keys_->find(first->id));
  EXPECT_EQ(run(keys_->revoke_key(first->id)).error().code(), Errc::not_found);
  open();
  EXPECT_EQ(keys_->key_count(), 1U);
  EXPECT_TRUE(keys_->find(second->id));
}

TEST_F(KeyStoreTest, AccountsAreMadeAndKept) {
  EXPECT_EQ(make_key(Rights{Right::admin}, "123456789012").error().code(), Errc::invalid);
  const auto made = run(keys_->create_account("team", ""));
  ASSERT_TRUE(made);
  EXPECT_EQ(made.value().id.size(), 12U);
  EXPECT_EQ(run(keys_->create_account("team", "")).error().code(), Errc::conflict);
  ASSERT_TRUE(run(keys_->create_account("other", "123456789012")));
  EXPECT_EQ(run(keys_->create_account("third", "123456789012")).error().code(), Errc::conflict);
  EXPECT_EQ(run(keys_->create_account("a b", "")).error().code(), Errc::invalid);
  EXPECT_EQ(run(keys_->create_account("x", "12")).error().code(), Errc::invalid);
  open();
  EXPECT_EQ(keys_->accounts().size(), 3U);
  EXPECT_EQ(make_key(Rights{Right::admin}, "123456789012").value()->account_id, "123456789012");
}

TEST_F(KeyStoreTest, AKeyThatIsNotDurableIsNone) {
  store_.is_full = true;
  EXPECT_EQ(make_key(Rights{Right::admin}).error().code(), Errc::exhausted);
  EXPECT_FALSE(keys_->is_on());
  EXPECT_EQ(keys_->key_count(), 0U);
}

}  // namespace
}  // namespace proa::identity
