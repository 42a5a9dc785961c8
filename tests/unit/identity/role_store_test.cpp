#include "identity/role_store.h"

#include "support/map_store.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <optional>

namespace proa::identity {
namespace {

constexpr const char* kArn = "arn:aws:iam::111122223333:role/app";

class RoleStoreTest : public ::testing::Test {
 protected:
  RoleStoreTest() { open(); }
  ~RoleStoreTest() override { pool_.join(); }
  void open() { roles_ = RoleStore::open(store_, pool_, clock_).value(); }

  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> out;
    boost::asio::io_context context;
    boost::asio::co_spawn(context, keep(std::move(task), out), boost::asio::detached);
    context.run();
    return std::move(*out);
  }
  static NewRole role(std::string secret, std::string token = {}) {
    NewRole made;
    made.name = {"000000000000", kArn};
    made.credentials.access_key_id = "AKIAEXAMPLE";
    made.credentials.secret_access_key = std::move(secret);
    made.credentials.session_token = std::move(token);
    return made;
  }
  std::string refused(NewRole wrong) {
    const auto result = run(roles_->set(std::move(wrong)));
    EXPECT_FALSE(result);
    return result ? std::string() : result.error().message();
  }

  storage::MapStore store_;
  SystemClock clock_;
  boost::asio::thread_pool pool_{1};
  std::unique_ptr<RoleStore> roles_;

 private:
  template <class T>
  static boost::asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& out) {
    out.emplace(co_await std::move(task));
  }
};

TEST_F(RoleStoreTest, CredentialsAreOfOneAccountsFunctionsAndOutliveTheDaemon) {
  auto wanted = role("secret", "token");
  wanted.expires = WallTime(std::chrono::hours(24 * 365 * 60));
  ASSERT_TRUE(run(roles_->set(std::move(wanted))));
  open();
  const auto found = roles_->find({"000000000000", kArn});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "AKIAEXAMPLE");
  EXPECT_EQ(found->secret_access_key, "secret");
  EXPECT_EQ(found->session_token, "token");
  EXPECT_FALSE(roles_->find({"111122223333", kArn})) << "another account may name the same role";
  const auto entries = roles_->entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_TRUE(entries[0].is_temporary);
  EXPECT_EQ(entries[0].expires, WallTime(std::chrono::hours(24 * 365 * 60)));
}

TEST_F(RoleStoreTest, ASecondSetReplacesAndARemovalEnds) {
  ASSERT_TRUE(run(roles_->set(role("one"))));
  const auto held = roles_->find({"000000000000", kArn});
  ASSERT_TRUE(run(roles_->set(role("two"))));
  EXPECT_EQ(held->secret_access_key, "one") << "whoever has it keeps it";
  EXPECT_EQ(roles_->find({"000000000000", kArn})->secret_access_key, "two");
  ASSERT_TRUE(run(roles_->remove({"000000000000", kArn})));
  EXPECT_FALSE(roles_->find({"000000000000", kArn}));
  EXPECT_EQ(run(roles_->remove({"000000000000", kArn})).error().code(), Errc::not_found);
  open();
  EXPECT_TRUE(roles_->entries().empty());
}

TEST_F(RoleStoreTest, NamesWhatIsWrongAndNeverAValue) {
  auto wrong = role("secret");
  wrong.name.arn = "arn:aws:s3:::bucket";
  EXPECT_NE(refused(std::move(wrong)).find("is no role"), std::string::npos);
  EXPECT_EQ(refused(role("")), "The secret access key must be 1 to 256 visible characters");
  const std::string said = refused(role("two words"));
  EXPECT_EQ(said, "The secret access key must be 1 to 256 visible characters");
  EXPECT_EQ(refused(role("secret", "a\nb")),
            "The session token must be 1 to 16384 visible characters");
  auto nobody = role("secret");
  nobody.credentials.access_key_id.clear();
  EXPECT_EQ(refused(std::move(nobody)), "The access key id must be 1 to 128 visible characters");
}

TEST_F(RoleStoreTest, WhatIsNotOnTheDiskIsNotThere) {
  store_.is_full = true;
  EXPECT_FALSE(run(roles_->set(role("secret"))));
  EXPECT_FALSE(roles_->find({"000000000000", kArn}));
}

TEST_F(RoleStoreTest, RolesAreThoseThatLambdaTakes) {
  EXPECT_TRUE(is_role_arn("arn:aws-cn:iam::111122223333:role/path/to/role"));
  EXPECT_FALSE(is_role_arn("arn:aws:iam::111122223333:user/somebody"));
  EXPECT_FALSE(is_role_arn("arn:aws:iam::1111:role/short"));
  EXPECT_FALSE(is_role_arn("arn:aws:iam::111122223333:role/"));
  EXPECT_FALSE(is_role_arn(""));
}

TEST(EraseSecret, LeavesNothing) {
  std::string secret = "secret";
  erase_secret(secret);
  EXPECT_TRUE(secret.empty());
}

}  // namespace
}  // namespace proa::identity
