#include "catalog/access_records.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

namespace json = boost::json;

Urls urls() {
  Urls urls;
  model::FunctionUrl& url = urls["$LATEST"];
  url.id = "abcdefghijklmnopqrstuvwxyz012345";
  url.auth = model::UrlAuth::none;
  url.created = WallTime(std::chrono::milliseconds(1700000000123));
  url.last_modified = WallTime(std::chrono::milliseconds(1700000000456));
  url.cors = model::UrlCors();
  url.cors->allow_credentials = false;
  url.cors->allow_headers = std::vector<std::string>{"x-a", "x-b"};
  url.cors->allow_methods = std::vector<std::string>{"*"};
  url.cors->allow_origins = std::vector<std::string>{"https://a.example"};
  url.cors->expose_headers = std::vector<std::string>();
  url.cors->max_age = std::chrono::seconds(0);
  urls["prod"] = url;
  urls["prod"].auth = model::UrlAuth::aws_iam;
  urls["prod"].cors.reset();
  return urls;
}

Policies policies() {
  Policies policies;
  model::ResourcePolicy& policy = policies["1"];
  policy.revision_id = "r";
  model::PolicyStatement full;
  full.id = "full";
  full.action = "lambda:InvokeFunctionUrl";
  full.principal = "123456789012";
  full.url_auth = model::UrlAuth::aws_iam;
  full.via_url = false;
  full.source_arn = "arn:aws:s3:::b";
  full.source_account = "123456789012";
  full.organization = "o-abcdefghij";
  full.event_source_token = "t";
  model::PolicyStatement bare;
  bare.id = "bare";
  bare.action = "*";
  bare.principal = "*";
  policy.statements = {full, bare};
  return policies;
}

std::string told(const Result<Urls>& result) { return result ? "" : result.error().message(); }
std::string told(const Result<Policies>& result) { return result ? "" : result.error().message(); }

TEST(AccessRecords, ComeBackAsTheyWere) {
  const auto back = read_urls(urls_to_json(urls()), "record x");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back.value(), urls());
  const auto policies_back = read_policies(policies_to_json(policies()), "record x");
  ASSERT_TRUE(policies_back) << policies_back.error().message();
  EXPECT_EQ(policies_back.value(), policies());
  EXPECT_TRUE(read_urls(json::object(), "x").value().empty());
}

TEST(AccessRecords, ThatAreWrongAreNamed) {
  const auto broken = [](std::string_view member, const json::value& value) {
    auto object = urls_to_json(urls());
    object["prod"].as_object()[member] = value;
    return told(read_urls(object, "record x"));
  };
  EXPECT_EQ(broken("id", "short"),
            "record x: URL of 'prod': field 'id' is not 32 letters and digits");
  EXPECT_EQ(broken("auth", "ANY"),
            "record x: URL of 'prod': field 'auth' is neither NONE nor AWS_IAM");
  EXPECT_EQ(broken("more", 1), "record x: URL of 'prod': unknown field 'more'");
  EXPECT_EQ(broken("cors", json::object{{"max_age_s", 86401}}),
            "record x: URL of 'prod': cors: field 'max_age_s' is 86401, not 0 to 86400");
  auto object = urls_to_json(urls());
  object["prod"] = 1;
  EXPECT_EQ(told(read_urls(object, "record x")), "record x: URL of 'prod': is not an object");
}

TEST(AccessRecords, OfPoliciesThatAreWrongAreNamed) {
  auto object = policies_to_json(policies());
  json::array& statements = object["1"].as_object()["statements"].as_array();
  statements[1].as_object()["id"] = "full";
  EXPECT_EQ(told(read_policies(object, "record x")),
            "record x: policy of '1': there are two statements 'full'");
  statements[1].as_object()["id"] = "bare";
  statements[1].as_object()["principal"] = "nobody";
  EXPECT_EQ(told(read_policies(object, "record x")),
            "record x: policy of '1': statement: field 'principal' is no principal");
  statements[1].as_object()["principal"] = "*";
  statements[0].as_object()["url_auth"] = "SOME";
  EXPECT_EQ(told(read_policies(object, "record x")),
            "record x: policy of '1': statement: field 'url_auth' is neither NONE nor AWS_IAM");
}

}  // namespace
}  // namespace proa::catalog
