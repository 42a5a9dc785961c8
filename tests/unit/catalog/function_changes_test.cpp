#include "base/encoding.h"
#include "unit/catalog/catalog_fixture.h"

#include <elf.h>

namespace proa::catalog {
namespace {

class FunctionChangesTest : public CatalogFixture {};

TEST_F(FunctionChangesTest, RefusesAFunctionThatExists) {
  create("hello");
  const auto again = run(catalog_->create_function(request("hello")));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::conflict);
  EXPECT_EQ(again.error().message(), "Function already exist: hello");
}

TEST_F(FunctionChangesTest, RefusesBadPackagesAndLeavesNothing) {
  const auto refused = run(catalog_->create_function(request("hello", "no zip")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  std::string elf(64, '\0');
  elf.replace(0, 6, std::string(ELFMAG) + "\x02\x01");
  elf[18] = static_cast<char>(EM_AARCH64);
  const auto foreign =
      run(catalog_->create_function(request("hello", make_zip({file("x.so", elf)}))));
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message().find("aarch64"), std::string::npos);
  EXPECT_EQ(trees(), 0U);
  EXPECT_EQ(catalog_->resolve(ref("hello")).error().code(), Errc::not_found);
}

TEST_F(FunctionChangesTest, UpdatesCodeWithANewRevisionAndGeneration) {
  const auto before = create("a");
  const auto generation = catalog_->generation();
  clock_.advance(std::chrono::seconds(5));
  CodeChange change;
  change.zip = make_zip({file("app.py", "2")});
  const auto after = run(catalog_->update_code(ref("a"), std::move(change)));
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_GT(catalog_->generation(), generation);
  EXPECT_NE(after.value()->latest->revision_id, before->latest->revision_id);
  EXPECT_NE(after.value()->latest->environment_key(), before->latest->environment_key());
  EXPECT_EQ(after.value()->latest->last_modified, clock_.wall_now());
  EXPECT_EQ(catalog_->resolve(ref("a")).value(), after.value()->latest);
}

TEST_F(FunctionChangesTest, ADryRunChecksEverythingAndChangesNothing) {
  const auto before = create("a");
  CodeChange change;
  change.is_dry_run = true;
  change.zip = make_zip({file("app.py", "2")});
  {
    const auto shown = run(catalog_->update_code(ref("a"), change));
    ASSERT_TRUE(shown);
    EXPECT_NE(shown.value()->latest->code_sha256_base64, before->latest->code_sha256_base64);
  }
  settle();
  EXPECT_EQ(catalog_->resolve(ref("a")).value(), before->latest);
  EXPECT_EQ(trees(), 1U);
  change.zip = "no zip";
  EXPECT_FALSE(run(catalog_->update_code(ref("a"), change)));
}

TEST_F(FunctionChangesTest, RefusesAStaleRevisionAsAPrecondition) {
  const auto record = create("a");
  ConfigChange change;
  change.memory_mib = 512;
  change.revision_id = "11111111-2222-4333-8444-555555555555";
  EXPECT_EQ(run(catalog_->update_configuration(ref("a"), change)).error().code(),
            Errc::precondition);
  CodeChange code;
  code.zip = make_zip({file("app.py", "2")});
  code.revision_id = change.revision_id;
  EXPECT_EQ(run(catalog_->update_code(ref("a"), code)).error().code(), Errc::precondition);
  change.revision_id = record->latest->revision_id;
  EXPECT_TRUE(run(catalog_->update_configuration(ref("a"), change)));
  EXPECT_EQ(run(catalog_->update_configuration(ref("a"), change)).error().code(),
            Errc::precondition);
}

TEST_F(FunctionChangesTest, ChangesOnlyWhatIsSetInAConfiguration) {
  create("a");
  ConfigChange change;
  change.timeout = std::chrono::seconds(60);
  change.environment = std::map<std::string, std::string>();
  const auto record = run(catalog_->update_configuration(ref("a"), change));
  ASSERT_TRUE(record);
  EXPECT_EQ(record.value()->latest->timeout, std::chrono::seconds(60));
  EXPECT_TRUE(record.value()->latest->has_environment);
  EXPECT_EQ(record.value()->latest->handler, "app.handler");
  EXPECT_EQ(record.value()->latest->memory_mib, 128U);
  EXPECT_EQ(run(catalog_->update_configuration(ref("b"), change)).error().code(), Errc::not_found);
}

TEST_F(FunctionChangesTest, MergesTheLoggingConfiguration) {
  create("a");
  const std::string revision = catalog_->find(ref("a")).value()->latest->revision_id;
  ConfigChange change;
  change.logging.format = model::LogFormat::json;
  change.logging.group = "/mine";
  ASSERT_TRUE(run(catalog_->update_configuration(ref("a"), change)));
  change.logging = model::LoggingChange();
  change.logging.application_level = model::LogLevel::error;
  const auto record = run(catalog_->update_configuration(ref("a"), change));
  ASSERT_TRUE(record);
  EXPECT_EQ(record.value()->latest->logging,
            (model::LoggingConfig{model::LogFormat::json, model::LogLevel::error,
                                  model::LogLevel::info, "/mine"}));
  EXPECT_NE(record.value()->latest->revision_id, revision) << "environments would live on";
  change.logging.format = model::LogFormat::text;
  EXPECT_EQ(run(catalog_->update_configuration(ref("a"), change)).error().code(), Errc::invalid);
}

TEST_F(FunctionChangesTest, TagsChangeSettingsAndOnlyThenTheRevision) {
  const auto first = create("a");
  auto tagged = run(catalog_->change_tags(ref("a"), {{"team", "blue"}}));
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged.value()->latest->revision_id, first->latest->revision_id);
  tagged = run(catalog_->change_tags(ref("a"), {{"proa:network", "none"}}));
  ASSERT_TRUE(tagged) << tagged.error().message();
  EXPECT_NE(tagged.value()->latest->revision_id, first->latest->revision_id);
  EXPECT_EQ(tagged.value()->latest->settings.network, model::NetworkPolicy::none);
  EXPECT_EQ(tagged.value()->tags.size(), 2U);

  reopen();
  EXPECT_EQ(catalog_->resolve(ref("a")).value()->settings.network, model::NetworkPolicy::none);
  tagged =
      run(catalog_->change_tags(ref("a"), {{"proa:network", std::nullopt}, {"x", std::nullopt}}));
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged.value()->latest->settings.network, model::NetworkPolicy::internet);
  const auto bad = run(catalog_->change_tags(ref("a"), {{"proa:nonsense", "1"}}));
  EXPECT_EQ(bad.error().code(), Errc::invalid);
  EXPECT_NE(bad.error().message().find("proa:nonsense"), std::string::npos);
}

TEST_F(FunctionChangesTest, ReservesConcurrencyWithinTheAccountsLimit) {
  create("a");
  create("b");
  ASSERT_TRUE(run(catalog_->set_reserved_concurrency(ref("a"), 800)));
  const auto revision = catalog_->resolve(ref("a")).value()->revision_id;
  const auto refused = run(catalog_->set_reserved_concurrency(ref("b"), 101));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_NE(refused.error().message().find("minimum value of [100]"), std::string::npos);
  EXPECT_TRUE(run(catalog_->set_reserved_concurrency(ref("b"), 100)));
  EXPECT_TRUE(run(catalog_->set_reserved_concurrency(ref("a"), 0)));
  reopen();
  EXPECT_EQ(catalog_->find(ref("a")).value()->reserved_concurrency, 0U);
  EXPECT_EQ(catalog_->resolve(ref("a")).value()->revision_id, revision);
  EXPECT_TRUE(run(catalog_->set_reserved_concurrency(ref("a"), std::nullopt)));
  EXPECT_FALSE(catalog_->find(ref("a")).value()->reserved_concurrency.has_value());
}

TEST_F(FunctionChangesTest, DeletesNoVersionAlone) {
  create("a");
  auto latest = ref("a");
  latest.qualifier = "$LATEST";
  EXPECT_EQ(run(catalog_->delete_function(latest)).error().code(), Errc::invalid);
}

}  // namespace
}  // namespace proa::catalog
