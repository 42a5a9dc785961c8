#include "unit/catalog/catalog_fixture.h"

namespace proa::catalog {
namespace {

class AccessChangesTest : public CatalogFixture {
 protected:
  static model::FunctionRef at(const std::string& name, const std::string& qualifier) {
    auto named = ref(name);
    named.qualifier = qualifier;
    return named;
  }
  model::FunctionUrl create_url(const model::FunctionRef& where,
                                model::UrlAuth auth = model::UrlAuth::none) {
    model::UrlChange change;
    change.auth = auth;
    auto url = run(catalog_->create_url(where, std::move(change)));
    EXPECT_TRUE(url) << url.error().message();
    return url ? url.value() : model::FunctionUrl();
  }
  void make_alias(const std::string& name) {
    AliasChange change;
    change.version = "$LATEST";
    ASSERT_TRUE(run(catalog_->create_alias(ref("f"), name, std::move(change))));
  }
  static model::PolicyStatement everybody(const std::string& id) {
    model::PolicyStatement statement;
    statement.id = id;
    statement.action = "lambda:InvokeFunctionUrl";
    statement.principal = "*";
    return statement;
  }
  Result<void> permit(const model::FunctionRef& where, const std::string& id,
                      std::optional<std::string> revision = std::nullopt) {
    return run(catalog_->add_permission(where, everybody(id), std::move(revision)));
  }
  const model::ResourcePolicy* policy(const std::string& qualifier = "$LATEST") {
    record_ = catalog_->find(ref("f")).value();
    const auto found = record_->policies.find(qualifier);
    return found == record_->policies.end() ? nullptr : &found->second;
  }
  template <class T>
  static std::string failure(const Result<T>& result) {
    EXPECT_FALSE(result);
    if (result) return "";
    return std::string(to_string(result.error().code())) + " " + result.error().message();
  }
  FunctionRecordPtr record_;
};

TEST_F(AccessChangesTest, AUrlLeadsToItsFunctionOverAStart) {
  const auto function = create("f");
  make_alias("prod");
  const auto latest = create_url(ref("f"));
  const auto prod = create_url(at("f", "prod"), model::UrlAuth::aws_iam);
  EXPECT_EQ(latest.id.size(), 32U);
  EXPECT_NE(latest.id, prod.id);
  EXPECT_EQ(latest.created, clock_.wall_now());
  for (int start = 0; start < 2; ++start, reopen()) {
    const auto found = catalog_->find_url(prod.id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found.value().qualifier, "prod");
    EXPECT_EQ(found.value().record->latest->name, "f");
    EXPECT_EQ(found.value().record->urls.at("prod"), prod);
    EXPECT_EQ(catalog_->find_url(latest.id).value().qualifier, "$LATEST");
  }
  EXPECT_EQ(catalog_->find(ref("f")).value()->latest->revision_id, function->latest->revision_id);
}

TEST_F(AccessChangesTest, AUrlLeadsToWhatItsFunctionIsNow) {
  create("f");
  const auto url = create_url(ref("f"));
  ConfigChange change;
  change.memory_mib = 512;
  ASSERT_TRUE(run(catalog_->update_configuration(ref("f"), change)));
  EXPECT_EQ(catalog_->find_url(url.id).value().record->latest->memory_mib, 512U);
}

TEST_F(AccessChangesTest, AUrlIsChangedMemberByMember) {
  create("f");
  const auto before = create_url(ref("f"));
  clock_.advance(std::chrono::seconds(1));
  model::UrlChange change;
  change.cors = model::UrlCors();
  change.cors->max_age = std::chrono::seconds(5);
  const auto with_cors = run(catalog_->update_url(ref("f"), change)).value();
  EXPECT_EQ(with_cors.auth, model::UrlAuth::none);
  EXPECT_EQ(with_cors.id, before.id);
  EXPECT_EQ(with_cors.created, before.created);
  EXPECT_EQ(with_cors.last_modified, clock_.wall_now());
  model::UrlChange auth;
  auth.auth = model::UrlAuth::aws_iam;
  EXPECT_EQ(run(catalog_->update_url(ref("f"), auth)).value().cors, with_cors.cors);
}

TEST_F(AccessChangesTest, UrlsGoWithWhatTheyAreOf) {
  create("f");
  make_alias("prod");
  const auto prod = create_url(at("f", "prod"));
  const auto latest = create_url(ref("f"));
  ASSERT_TRUE(permit(at("f", "prod"), "a"));
  ASSERT_TRUE(run(catalog_->delete_alias(ref("f"), "prod")));
  EXPECT_EQ(failure(catalog_->find_url(prod.id)), "not_found There is no such function URL");
  EXPECT_EQ(policy("prod"), nullptr) << "another alias of that name would be public";
  EXPECT_TRUE(catalog_->find_url(latest.id));
  ASSERT_TRUE(run(catalog_->delete_function(ref("f"))));
  EXPECT_FALSE(catalog_->find_url(latest.id));
  create("f");
  EXPECT_NE(create_url(ref("f")).id, latest.id);
}

TEST_F(AccessChangesTest, UrlsThatAreNotThereAreNamed) {
  create("f");
  EXPECT_EQ(failure(run(catalog_->update_url(ref("f"), {}))),
            "not_found The resource you requested does not exist.");
  EXPECT_EQ(failure(run(catalog_->delete_url(ref("f")))),
            "not_found The resource you requested does not exist.");
  EXPECT_EQ(failure(run(catalog_->create_url(at("f", "no"), {}))),
            "not_found Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:no");
  create_url(ref("f"));
  EXPECT_EQ(failure(run(catalog_->create_url(ref("f"), {}))),
            "conflict Failed to create function url config for [functionArn = "
            "arn:aws:lambda:us-east-1:000000000000:function:f]. Error message:  FunctionUrlConfig "
            "exists for this Lambda function");
  ASSERT_TRUE(run(catalog_->delete_url(ref("f"))));
  create_url(ref("f"));
}

TEST_F(AccessChangesTest, StatementsAreAddedAndRemovedByTheirId) {
  create("f");
  EXPECT_EQ(policy(), nullptr);
  ASSERT_TRUE(permit(ref("f"), "a"));
  const std::string revision = policy()->revision_id;
  ASSERT_TRUE(permit(ref("f"), "b", revision));
  EXPECT_NE(policy()->revision_id, revision);
  reopen();
  ASSERT_EQ(policy()->statements.size(), 2U);
  EXPECT_EQ(policy()->statements[0], everybody("a"));
  EXPECT_EQ(failure(permit(ref("f"), "b")),
            "conflict The statement id (b) provided already exists. Please provide a new "
            "statement id, or remove the existing statement.");
  EXPECT_EQ(failure(permit(ref("f"), "c", revision)).substr(0, 13), "precondition ");
  EXPECT_EQ(failure(run(catalog_->remove_permission(ref("f"), "a", revision))).substr(0, 13),
            "precondition ");
  ASSERT_TRUE(run(catalog_->remove_permission(ref("f"), "a", policy()->revision_id)));
  EXPECT_EQ(failure(run(catalog_->remove_permission(ref("f"), "a", std::nullopt))),
            "not_found Statement a is not found in resource policy.");
  ASSERT_TRUE(run(catalog_->remove_permission(ref("f"), "b", std::nullopt)));
  EXPECT_EQ(policy(), nullptr);
  EXPECT_EQ(failure(run(catalog_->remove_permission(ref("f"), "b", std::nullopt))),
            "not_found No policy is associated with the given resource.");
}

TEST_F(AccessChangesTest, APolicyHasAQualifierAndALimit) {
  create("f");
  make_alias("prod");
  ASSERT_TRUE(permit(at("f", "prod"), "a"));
  EXPECT_EQ(policy(), nullptr);
  EXPECT_NE(policy("prod"), nullptr);
  EXPECT_EQ(failure(permit(at("f", "$LATEST"), "a")),
            "invalid We currently do not support adding policies for $LATEST.");
  std::string last;
  for (int i = 0; i < 400 && last.empty(); ++i) {
    const auto added = permit(ref("f"), "statement-" + std::to_string(i));
    if (!added) last = added.error().message();
  }
  EXPECT_EQ(last, "The final policy size is bigger than the limit (20480).");
  EXPECT_GT(policy()->statements.size(), 100U);
}

}  // namespace
}  // namespace proa::catalog
