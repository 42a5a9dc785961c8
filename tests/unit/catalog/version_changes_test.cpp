#include "unit/catalog/catalog_fixture.h"

namespace proa::catalog {
namespace {

class VersionChangesTest : public CatalogFixture {
 protected:
  static model::FunctionRef at(const std::string& name, const std::string& qualifier) {
    auto named = ref(name);
    named.qualifier = qualifier;
    return named;
  }
  model::FunctionPtr publish(const std::string& name, VersionRequest request = {}) {
    auto version = run(catalog_->publish_version(ref(name), std::move(request)));
    EXPECT_TRUE(version) << version.error().message();
    return version ? version.value() : nullptr;
  }
  void change_memory(const std::string& name, std::uint32_t mib) {
    ConfigChange change;
    change.memory_mib = mib;
    ASSERT_TRUE(run(catalog_->update_configuration(ref(name), change)));
  }
  void change_code(const std::string& name, const std::string& text) {
    CodeChange change;
    change.zip = make_zip({file("app.py", text)});
    ASSERT_TRUE(run(catalog_->update_code(ref(name), std::move(change))));
  }
  Result<Alias> alias(const std::string& name, const std::string& version,
                      std::optional<AliasRoute> other = std::nullopt) {
    AliasChange change;
    change.version = version;
    change.other = other;
    return run(catalog_->create_alias(ref("f"), name, change));
  }
  template <class T>
  static std::string failure(const Result<T>& result) {
    EXPECT_FALSE(result);
    if (result) return "";
    return std::string(to_string(result.error().code())) + " " + result.error().message();
  }
  static constexpr const char* kArn = "arn:aws:lambda:us-east-1:000000000000:function:f";
};

TEST_F(VersionChangesTest, AVersionStaysAsItWasPublished) {
  create("f");
  const auto first = publish("f");
  EXPECT_EQ(first->version, "1");
  EXPECT_EQ(first->last_modified, clock_.wall_now());
  change_memory("f", 512);
  change_code("f", "2");
  VersionRequest request;
  request.description = "the second";
  const auto second = publish("f", request);
  EXPECT_EQ(second->version, "2");
  for (int start = 0; start < 2; ++start, reopen()) {
    const auto one = catalog_->resolve(at("f", "1")).value();
    const auto two = catalog_->resolve(at("f", "2")).value();
    EXPECT_EQ(one->memory_mib, 128U);
    EXPECT_EQ(two->memory_mib, 512U);
    EXPECT_EQ(two->description, "the second");
    EXPECT_NE(one->tree_id, two->tree_id);
    EXPECT_NE(one->environment_key(), two->environment_key());
    EXPECT_TRUE(std::filesystem::exists(catalog_->tree_path(one->tree_id)));
    EXPECT_EQ(catalog_->resolve(ref("f")).value()->version, "$LATEST");
    EXPECT_EQ(catalog_->resolve(ref("f")).value()->description, "");
  }
}

TEST_F(VersionChangesTest, WithoutAChangeTheLastVersionIsGivenAgain) {
  create("f");
  const auto first = publish("f");
  EXPECT_EQ(publish("f"), first);
  reopen();
  EXPECT_EQ(publish("f")->version, "1");
  change_memory("f", 256);
  EXPECT_EQ(publish("f")->version, "2");
  change_memory("f", 128);
  EXPECT_EQ(publish("f")->version, "3") << "like 1, but the last is 2";
}

TEST_F(VersionChangesTest, SettingsAreFrozenAndAChangeOfThemIsAChange) {
  create("f");
  publish("f");
  ASSERT_TRUE(run(catalog_->change_tags(ref("f"), {{"proa:network", "none"}, {"team", "a"}})));
  EXPECT_EQ(publish("f")->version, "2");
  ASSERT_TRUE(run(catalog_->change_tags(ref("f"), {{"proa:network", "lan"}})));
  reopen();
  EXPECT_EQ(catalog_->resolve(at("f", "1")).value()->settings.network,
            model::NetworkPolicy::internet);
  EXPECT_EQ(catalog_->resolve(at("f", "2")).value()->settings.network, model::NetworkPolicy::none);
  EXPECT_EQ(catalog_->resolve(ref("f")).value()->settings.network, model::NetworkPolicy::lan);
  ASSERT_TRUE(run(catalog_->change_tags(ref("f"), {{"proa:network", "none"}})));
  EXPECT_EQ(publish("f")->version, "2");
  ASSERT_TRUE(run(catalog_->change_tags(ref("f"), {{"team", "b"}})));
  EXPECT_EQ(publish("f")->version, "2") << "other tags are no part of a version";
}

TEST_F(VersionChangesTest, OnlyWhatIsExpectedIsPublished) {
  create("f");
  VersionRequest request;
  request.code_sha256 = "abc";
  const std::string code = catalog_->resolve(ref("f")).value()->code_sha256_base64;
  EXPECT_EQ(failure(run(catalog_->publish_version(ref("f"), request))),
            "invalid CodeSHA256 (abc) is different from current CodeSHA256 in $LATEST (" + code +
                "). Please try again with the CodeSHA256 in $LATEST.");
  request.code_sha256 = code;
  request.revision_id = "stale";
  EXPECT_TRUE(
      failure(run(catalog_->publish_version(ref("f"), request))).starts_with("precondition"));
  EXPECT_TRUE(failure(run(catalog_->publish_version(ref("g"), {}))).starts_with("not_found"));
  publish("f");
  EXPECT_TRUE(failure(run(catalog_->publish_version(at("f", "1"), {}))).starts_with("invalid"));
}

TEST_F(VersionChangesTest, CreationAndNewCodeMayPublishAtOnce) {
  auto wanted = request("f");
  wanted.is_published = true;
  auto record = run(catalog_->create_function(std::move(wanted)));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record.value()->newest_version()->version, "1");
  CodeChange change;
  change.zip = make_zip({file("app.py", "2")});
  change.is_published = true;
  record = run(catalog_->update_code(ref("f"), std::move(change)));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record.value()->newest_version()->version, "2");
  EXPECT_EQ(record.value()->newest_version()->tree_id, record.value()->latest->tree_id);
  reopen();
  EXPECT_TRUE(catalog_->resolve(at("f", "2")));
}

TEST_F(VersionChangesTest, ADeletedVersionIsGoneWithItsCodeAndItsNumberStaysUsed) {
  create("f");
  publish("f");
  change_code("f", "2");
  publish("f");
  EXPECT_EQ(trees(), 2U);
  ASSERT_TRUE(run(catalog_->delete_function(at("f", "1"))));
  EXPECT_EQ(trees(), 1U);
  EXPECT_EQ(failure(catalog_->resolve(at("f", "1"))),
            "not_found Function not found: " + std::string(kArn) + ":1");
  ASSERT_TRUE(run(catalog_->delete_function(at("f", "2"))));
  reopen();
  EXPECT_FALSE(catalog_->resolve(at("f", "2")));
  EXPECT_EQ(publish("f")->version, "3");
  EXPECT_TRUE(failure(run(catalog_->delete_function(at("f", "$LATEST")))).starts_with("invalid"));
  EXPECT_TRUE(failure(run(catalog_->delete_function(at("f", "9")))).starts_with("not_found"));
}

TEST_F(VersionChangesTest, AVersionThatAnAliasLeadsToStays) {
  create("f");
  publish("f");
  change_memory("f", 256);
  publish("f");
  ASSERT_TRUE(alias("prod", "1", AliasRoute{"2", 0.1}));
  for (const char* version : {"1", "2"}) {
    EXPECT_EQ(failure(run(catalog_->delete_function(at("f", version)))),
              std::string("conflict The version ") + version +
                  " cannot be deleted: the alias prod leads to it.");
  }
  EXPECT_EQ(failure(run(catalog_->delete_function(at("f", "prod")))),
            "invalid Deletion of aliases is not currently supported.");
}

TEST_F(VersionChangesTest, AnAliasStandsForItsVersion) {
  create("f");
  publish("f");
  change_memory("f", 256);
  publish("f");
  const auto made = alias("prod", "1");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(catalog_->resolve(at("f", "prod")).value()->version, "1");
  AliasChange change;
  change.version = "2";
  change.revision_id = made.value().revision_id;
  const auto moved = run(catalog_->update_alias(ref("f"), "prod", change));
  ASSERT_TRUE(moved) << moved.error().message();
  EXPECT_NE(moved.value().revision_id, made.value().revision_id);
  EXPECT_TRUE(
      failure(run(catalog_->update_alias(ref("f"), "prod", change))).starts_with("precondition"))
      << "the revision is stale now";
  ASSERT_TRUE(alias("next", "$LATEST"));
  reopen();
  EXPECT_EQ(catalog_->resolve(at("f", "prod")).value()->version, "2");
  EXPECT_EQ(catalog_->resolve(at("f", "next")).value()->version, "$LATEST");
  EXPECT_EQ(catalog_->find(ref("f")).value()->aliases.at("prod"), moved.value());
  ASSERT_TRUE(run(catalog_->delete_alias(ref("f"), "prod")));
  ASSERT_TRUE(run(catalog_->delete_alias(ref("f"), "prod"))) << "as on Lambda";
  EXPECT_FALSE(catalog_->resolve(at("f", "prod")));
}

TEST_F(VersionChangesTest, AnAliasLeadsToWhatIsThere) {
  create("f");
  publish("f");
  EXPECT_EQ(failure(alias("a", "7")), "not_found Function not found: " + std::string(kArn) + ":7");
  EXPECT_EQ(failure(alias("a", "1", AliasRoute{"7", 0.5})),
            "not_found Function not found: " + std::string(kArn) + ":7");
  EXPECT_EQ(failure(alias("a", "1", AliasRoute{"1", 0.5})),
            "invalid Invalid function version 1. Function version 1 is already included in "
            "routing configuration.");
  EXPECT_EQ(failure(alias("a", "$LATEST", AliasRoute{"1", 0.5})),
            "invalid $LATEST is not supported for an alias pointing to more than 1 version");
  ASSERT_TRUE(alias("a", "1"));
  EXPECT_EQ(failure(alias("a", "1")), "conflict Alias already exists: " + std::string(kArn) + ":a");
  EXPECT_EQ(failure(run(catalog_->update_alias(ref("f"), "b", {}))),
            "not_found Cannot find alias arn: " + std::string(kArn) + ":b");
}

TEST_F(VersionChangesTest, OnlyLatestIsChanged) {
  create("f");
  publish("f");
  ASSERT_TRUE(alias("prod", "1"));
  for (const char* qualifier : {"1", "prod"}) {
    EXPECT_TRUE(failure(run(catalog_->update_configuration(at("f", qualifier), {})))
                    .starts_with("invalid Only $LATEST can be changed"));
  }
  EXPECT_TRUE(run(catalog_->update_configuration(at("f", "$LATEST"), {})));
}

TEST_F(VersionChangesTest, AnEventConfigurationBelongsToItsQualifier) {
  create("f");
  publish("f");
  ASSERT_TRUE(alias("prod", "1"));
  EventConfigChange change;
  change.is_replacing = true;
  change.retries_max = 0;
  ASSERT_TRUE(run(catalog_->change_event_config(at("f", "prod"), change)));
  change.retries_max = 1;
  ASSERT_TRUE(run(catalog_->change_event_config(at("f", "1"), change)));
  reopen();
  EXPECT_EQ(find_event_config(*catalog_, at("f", "prod")).value().retries_max, 0U);
  EXPECT_EQ(find_event_config(*catalog_, at("f", "1")).value().retries_max, 1U);
  EXPECT_FALSE(find_event_config(*catalog_, ref("f")));
  ASSERT_TRUE(run(catalog_->delete_alias(ref("f"), "prod")));
  EXPECT_EQ(list_event_configs(*catalog_, ref("f")).value().size(), 1U);
  ASSERT_TRUE(run(catalog_->delete_function(at("f", "1"))));
  EXPECT_TRUE(list_event_configs(*catalog_, ref("f")).value().empty());
}

TEST_F(VersionChangesTest, AFunctionGoesWithAllOfIt) {
  create("f");
  publish("f");
  change_code("f", "2");
  publish("f");
  ASSERT_TRUE(alias("prod", "1"));
  ASSERT_TRUE(run(catalog_->delete_function(ref("f"))));
  EXPECT_EQ(trees(), 0U);
  EXPECT_TRUE(store_->list("versions").value().empty());
  create("f");
  EXPECT_FALSE(catalog_->resolve(at("f", "1")));
  EXPECT_EQ(publish("f")->version, "1");
}

TEST_F(VersionChangesTest, WhatACrashLeftIsSweptAndADamagedVersionIsNamed) {
  create("f");
  publish("f");
  const std::string key = "000000000000/us-east-1/f";
  std::string bytes = store_->get("versions", key + "/1").value().value;
  const auto at_number = bytes.find(R"("version":"1")");
  ASSERT_NE(at_number, bytes.npos);
  bytes.replace(at_number, 13, R"("version":"2")");
  ASSERT_TRUE(store_->put("versions", key + "/2", bytes));  // the function does not know of it
  reopen();
  EXPECT_FALSE(catalog_->resolve(at("f", "2")));
  EXPECT_EQ(store_->list("versions").value().size(), 1U);
  ASSERT_TRUE(alias("prod", "1"));
  ASSERT_TRUE(store_->remove("versions", key + "/1"));
  catalog_.reset();
  const auto opened = Catalog::open(options_, *store_, *pool_, clock_);
  EXPECT_EQ(failure(opened), "corrupt record functions '" + key +
                                 "': alias 'prod' leads to a version that is not there");
}

TEST_F(VersionChangesTest, WarmEnvironmentsStayWhereAVersionStays) {
  create("f");
  const auto latest = catalog_->resolve(ref("f")).value();
  const auto first = publish("f");
  ASSERT_TRUE(alias("prod", "1"));
  ASSERT_TRUE(run(catalog_->change_tags(ref("f"), {{"team", "a"}})));
  EXPECT_EQ(catalog_->resolve(ref("f")).value(), latest);
  change_memory("f", 256);
  EXPECT_NE(catalog_->resolve(ref("f")).value(), latest);
  EXPECT_EQ(catalog_->resolve(at("f", "1")).value(), first);
}

}  // namespace
}  // namespace proa::catalog
