#include "catalog/catalog.h"

#include "base/encoding.h"
#include "unit/catalog/catalog_fixture.h"

#include <atomic>
#include <thread>

namespace proa::catalog {
namespace {

class CatalogTest : public CatalogFixture {};

TEST_F(CatalogTest, CreatesAFunctionThatCanBeResolvedAndSurvivesAReopen) {
  const std::string zip = make_zip({file("app.py", "code")});
  const auto record = create("hello", zip);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->latest->code_sha256_base64, to_base64(as_chars(sha256(zip))));
  EXPECT_EQ(record->latest->tree_id, to_hex(sha256(zip)));
  EXPECT_EQ(record->latest->code_size, zip.size());
  EXPECT_EQ(record->latest->last_modified, clock_.wall_now());
  EXPECT_EQ(record->latest->revision_id.size(), 36U);
  EXPECT_EQ(catalog_->resolve(ref("hello")).value(), record->latest);
  EXPECT_EQ(read(catalog_->tree_path(record->latest->tree_id) / "app.py"), "code");

  reopen();
  const auto again = catalog_->resolve(ref("hello"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again.value()->revision_id, record->latest->revision_id);
  EXPECT_EQ(again.value()->environment_key(), record->latest->environment_key());
  EXPECT_EQ(catalog_->code_zip(ref("hello")).value(), zip);
}

TEST_F(CatalogTest, ResolvesTheUnqualifiedNameAndLatestOnly) {
  create("hello");
  auto name = ref("hello");
  name.qualifier = "$LATEST";
  EXPECT_TRUE(catalog_->resolve(name));
  name.qualifier = "7";
  EXPECT_EQ(catalog_->resolve(name).error().message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello:7");
  EXPECT_EQ(catalog_->resolve(ref("other")).error().code(), Errc::not_found);
  name = ref("hello");
  name.region = "eu-west-1";
  EXPECT_FALSE(catalog_->resolve(name));
}

TEST_F(CatalogTest, SharesATreeBetweenFunctionsAndRemovesItWithTheLast) {
  create("a");
  create("b");
  EXPECT_EQ(trees(), 1U);
  ASSERT_TRUE(run(catalog_->delete_function(ref("a"))));
  settle();
  EXPECT_EQ(trees(), 1U);
  ASSERT_TRUE(run(catalog_->delete_function(ref("b"))));
  settle();
  EXPECT_EQ(trees(), 0U);
  EXPECT_EQ(run(catalog_->delete_function(ref("b"))).error().code(), Errc::not_found);
}

TEST_F(CatalogTest, KeepsTheCodeOfAResolvedVersionUntilItIsLetGo) {
  create("a", make_zip({file("app.py", "old")}));
  auto old = catalog_->resolve(ref("a")).value();
  CodeChange change;
  change.zip = make_zip({file("app.py", "new")});
  ASSERT_TRUE(run(catalog_->update_code(ref("a"), std::move(change))));
  EXPECT_EQ(read(catalog_->tree_path(old->tree_id) / "app.py"), "old");
  CodeLease lease = catalog_->lease_code(*old);
  const std::string tree_id = old->tree_id;
  old.reset();
  settle();
  EXPECT_EQ(read(catalog_->tree_path(tree_id) / "app.py"), "old") << "leased by an environment";
  lease = CodeLease();
  settle();
  EXPECT_EQ(trees(), 1U);
}

TEST_F(CatalogTest, ListsTheFunctionsOfAScopeInPages) {
  for (const char* name : {"c", "a", "b", "a-b"}) create(name);
  auto elsewhere = request("z");
  elsewhere.config.region = "us-east-10";
  ASSERT_TRUE(run(catalog_->create_function(std::move(elsewhere))));
  const auto names = [this](const std::string& after, std::size_t count) {
    std::string text;
    const auto records = catalog_->list(model::Scope{"000000000000", "us-east-1"}, after, count);
    for (const auto& record : records) text += record->latest->name + " ";
    return text;
  };
  EXPECT_EQ(names("", 50), "a a-b b c ");
  EXPECT_EQ(names("", 2), "a a-b ");
  EXPECT_EQ(names("a-b", 50), "b c ");
  EXPECT_EQ(names("c", 50), "");
}

TEST_F(CatalogTest, ResolvesOnManyThreadsWhileChangesGoOn) {
  close();
  threads_ = 3;
  open();
  create("a");
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::uint64_t seen = 0;
      while (!is_done) {
        const auto generation = catalog_->generation();
        EXPECT_GE(generation, seen);
        seen = generation;
        const auto version = catalog_->resolve(ref("a"));
        ASSERT_TRUE(version);
        const CodeLease lease = catalog_->lease_code(*version.value());
        EXPECT_TRUE(std::filesystem::exists(catalog_->tree_path(version.value()->tree_id)));
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    CodeChange change;
    change.zip = make_zip({file("app.py", std::to_string(i))});
    EXPECT_TRUE(run(catalog_->update_code(ref("a"), std::move(change))));
  }
  is_done = true;
  for (auto& reader : readers) reader.join();
  close();
  EXPECT_EQ(trees(), 1U);
}

}  // namespace
}  // namespace proa::catalog
