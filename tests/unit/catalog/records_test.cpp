#include "catalog/records.h"

#include "base/encoding.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

FunctionDocument example() {
  FunctionDocument document;
  auto& latest = document.latest;
  latest.account_id = "123456789012";
  latest.region = "us-east-1";
  latest.name = "hello";
  latest.revision_id = "r";
  latest.runtime = "python3.11";
  latest.handler = "app.handler";
  latest.role = "arn:aws:iam::123456789012:role/r";
  latest.description = "caf\xc3\xa9 \"quoted\"";
  latest.memory_mib = 256;
  latest.timeout = std::chrono::seconds(30);
  latest.environment = {{"A", "1"}, {"B", ""}};
  latest.has_environment = true;
  latest.code_sha256_base64 = to_base64(as_chars(sha256("zip")));
  latest.code_size = 3;
  latest.tree_id = to_hex(sha256("zip"));
  latest.layers = {{"arn:l:1", "tree", 7}};
  latest.logging = {model::LogFormat::json, model::LogLevel::fatal, model::LogLevel::debug,
                    "/mine"};
  latest.last_modified = WallTime(std::chrono::milliseconds(1700000000123));
  document.tags = {{"team", "x"}};
  document.reserved_concurrency = 0;
  auto& config = document.event_configs["$LATEST"];
  config.retries_max = 0;
  config.age_max = std::chrono::seconds(60);
  config.on_failure = "arn:aws:lambda:us-east-1:123456789012:function:failures:$LATEST";
  config.last_modified = WallTime(std::chrono::milliseconds(1700000000456));
  document.next_version = 3;
  document.aliases["prod"] = {"prod", "1", "live", "r2", AliasRoute{"2", 0.25}};
  document.aliases["test"] = {"test", "$LATEST", "", "r3", std::nullopt};
  document.code_unpacked_bytes = 10;
  document.layers_unpacked_bytes = 20;
  return document;
}

constexpr const char* kKey = "123456789012/us-east-1/hello";

Error failure(const std::string& bytes, const std::string& key = kKey) {
  const auto result = decode_function(key, bytes);
  EXPECT_FALSE(result) << bytes;
  return result ? Error(Errc::internal, "") : result.error();
}

std::string changed(std::string_view from, std::string_view to) {
  std::string bytes = encode(example());
  const auto at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return bytes.replace(at, from.size(), to);
}

TEST(FunctionRecords, ComeBackAsTheyWere) {
  const FunctionDocument document = example();
  EXPECT_EQ(record_key(document), kKey);
  const auto result = decode_function(kKey, encode(document));
  ASSERT_TRUE(result) << result.error().message();
  const FunctionDocument& back = result.value();
  EXPECT_EQ(back.latest.description, document.latest.description);
  EXPECT_EQ(back.latest.environment, document.latest.environment);
  EXPECT_EQ(back.latest.last_modified, document.latest.last_modified);
  EXPECT_EQ(back.latest.layers.at(0).code_size, 7U);
  EXPECT_EQ(back.latest.logging, document.latest.logging);
  EXPECT_EQ(back.tags, document.tags);
  EXPECT_EQ(back.reserved_concurrency, 0U) << "0 is not the same as none";
  EXPECT_EQ(back.event_configs, document.event_configs);
  EXPECT_EQ(encode(back), encode(document));
}

TEST(FunctionRecords, LeaveOutWhatAnEventConfigurationDoesNotSet) {
  FunctionDocument document = example();
  document.event_configs["$LATEST"] = model::EventInvokeConfig();
  const auto back = decode_function(kKey, encode(document));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_FALSE(back.value().event_configs.at("$LATEST").retries_max);
  EXPECT_FALSE(back.value().event_configs.at("$LATEST").age_max);
  document.event_configs.clear();
  EXPECT_TRUE(decode_function(kKey, encode(document)).value().event_configs.empty());
}

TEST(FunctionRecords, TellOfAnImage) {
  FunctionDocument document = example();
  document.latest.runtime.clear();
  document.latest.handler.clear();
  document.latest.code_sha256_base64 = std::string(64, 'c');
  model::ImageCode& image = document.latest.image.emplace();
  image.uri = "app:1";
  image.resolved_uri = "app@sha256:" + std::string(64, 'c');
  image.program = "/bin/run";
  image.defaults = {{"run"}, {"a"}, {"A=1"}, "/app"};
  image.overrides.emplace().command = {"b"};
  const auto back = decode_function(kKey, encode(document));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back.value().latest.image, document.latest.image);
  EXPECT_EQ(encode(back.value()), encode(document));
  auto value = boost::json::parse(encode(document)).as_object();
  value["format"] = 5;  // which has none
  EXPECT_EQ(failure(boost::json::serialize(value)).code(), Errc::corrupt);
  value = boost::json::parse(encode(document)).as_object();
  value["latest"].as_object()["tree_id"] = "../x";
  EXPECT_EQ(failure(boost::json::serialize(value)).code(), Errc::corrupt);
  value["latest"].as_object()["tree_id"] = std::string(64, 'a');
  value["latest"].as_object()["image"].as_object().erase("uri");
  EXPECT_EQ(failure(boost::json::serialize(value)).code(), Errc::corrupt);
}

TEST(FunctionRecords, OfFormat5AreReadAsTheyAre) {
  auto value = boost::json::parse(encode(example())).as_object();
  value["format"] = 5;
  const auto back = decode_function(kKey, boost::json::serialize(value));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(encode(back.value()), encode(example()));
}

/// What a Proa before function URLs wrote.
boost::json::object of_format_4(const FunctionDocument& document) {
  auto value = boost::json::parse(encode(document)).as_object();
  value["format"] = 4;
  value.erase("urls");
  value.erase("policies");
  return value;
}

/// What a Proa before versions wrote.
boost::json::object of_format_3(const FunctionDocument& document) {
  auto value = of_format_4(document);
  value["format"] = 3;
  value.erase("next_version");
  value.erase("aliases");
  return value;
}

/// What a Proa before logging configurations wrote.
boost::json::object of_format_2(const FunctionDocument& document) {
  auto value = of_format_3(document);
  value["format"] = 2;
  value["latest"].as_object().erase("logging");
  return value;
}

/// What a Proa before event configurations wrote.
boost::json::object of_format_1(const FunctionDocument& document) {
  auto value = of_format_2(document);
  value["format"] = 1;
  value.erase("event_configs");
  return value;
}

TEST(FunctionRecords, OfFormat4HaveNoUrlsAndPermissions) {
  FunctionDocument document = example();
  auto value = of_format_4(document);
  const auto back = decode_function(kKey, boost::json::serialize(value));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(encode(back.value()), encode(document)) << "the example has none";
  value["urls"] = boost::json::object();
  EXPECT_NE(failure(boost::json::serialize(value)).message().find("unknown field 'urls'"),
            std::string::npos);
}

TEST(FunctionRecords, OfFormat3HaveNoVersions) {
  FunctionDocument document = example();
  auto value = of_format_3(document);
  const auto back = decode_function(kKey, boost::json::serialize(value));
  ASSERT_TRUE(back) << back.error().message();
  document.next_version = 1;
  document.aliases.clear();
  EXPECT_EQ(encode(back.value()), encode(document));
  value["aliases"] = boost::json::array();
  EXPECT_NE(failure(boost::json::serialize(value)).message().find("unknown field 'aliases'"),
            std::string::npos);
}

TEST(FunctionRecords, OfFormat2HaveLambdasDefaultLogging) {
  FunctionDocument document = example();
  document.next_version = 1;
  document.aliases.clear();
  auto value = of_format_2(document);
  const auto back = decode_function(kKey, boost::json::serialize(value));
  ASSERT_TRUE(back) << back.error().message();
  document.latest.logging = model::LoggingConfig();
  EXPECT_EQ(encode(back.value()), encode(document));
  value["latest"].as_object()["logging"] = boost::json::object();
  EXPECT_NE(failure(boost::json::serialize(value)).message().find("unknown field 'logging'"),
            std::string::npos);
  value = boost::json::parse(encode(document)).as_object();
  value["latest"].as_object().erase("logging");
  EXPECT_NE(failure(boost::json::serialize(value)).message().find("'logging' is missing"),
            std::string::npos);
}

TEST(FunctionRecords, OfFormat1HaveNoEventConfigurations) {
  FunctionDocument document = example();
  document.next_version = 1;
  document.aliases.clear();
  auto value = of_format_1(document);
  const auto back = decode_function(kKey, boost::json::serialize(value));
  ASSERT_TRUE(back) << back.error().message();
  document.event_configs.clear();
  document.latest.logging = model::LoggingConfig();
  EXPECT_EQ(encode(back.value()), encode(document));
  value["event_configs"] = boost::json::object();
  EXPECT_NE(failure(boost::json::serialize(value)).message().find("unknown field 'event_configs'"),
            std::string::npos);
  EXPECT_NE(failure(changed("\"event_configs\":", "\"configs\":"))
                .message()
                .find("'event_configs' is missing"),
            std::string::npos);
}

TEST(FunctionRecords, NameTheRecordAndTheFieldThatIsWrong) {
  const struct {
    const char* from;
    const char* to;
    const char* text;
  } cases[] = {
      {"\"runtime\":", "\"runtimes\":", "'runtime' is missing"},
      {"\"handler\":", "\"extra\":1,\"handler\":", "unknown field 'extra'"},
      {"\"memory_mib\":256", "\"memory_mib\":64", "'memory_mib' is 64, not 128 to 10240"},
      {"\"memory_mib\":256", "\"memory_mib\":\"256\"", "'memory_mib' is not a whole number"},
      {"\"memory_mib\":256", "\"memory_mib\":-1", "'memory_mib'"},
      {"\"memory_mib\":256", "\"memory_mib\":256.5", "'memory_mib'"},
      {"\"timeout_s\":30", "\"timeout_s\":901", "'timeout_s'"},
      {"\"x86_64\"", "\"mips\"", "'architecture'"},
      {"\"JSON\"", "\"json\"", "logging: field 'format' is neither Text nor JSON"},
      {"\"FATAL\"", "\"NOTICE\"", "'application_level' is not a level"},
      {"\"DEBUG\"", "\"TRACE\"", "'system_level' is not a level of the system"},
      {"\"/mine\"", "\"my group\"", "'group' is not a log group's name"},
      {"\"has_environment\":true", "\"has_environment\":1", "'has_environment'"},
      {"\"B\":\"\"", "\"B\":null", "'environment'"},
      {"\"tree_id\":\"tree\"", "\"tree_id\":7", "layer: field 'tree_id'"},
      {"\"123456789012\"", "\"12345678901\"", "'account_id'"},
      {"\"name\":\"hello\"", "\"name\":\"a/b\"", "'name'"},
      {"\"tags\":{", "\"tags\":[{", "not JSON"},
      {"\"event_configs\":{\"$LATEST\"", "\"event_configs\":{\"7\"",
       "configuration of '7': there is no such version or alias"},
      {"\"next_version\":3", "\"next_version\":0", "'next_version' is 0"},
      {"\"next_version\":3", "\"next_version\":2", "'other_version' is no version"},
      {"\"version\":\"1\"", "\"version\":\"prod\"", "alias: field 'version' is no version"},
      {"\"name\":\"prod\"", "\"name\":\"7\"", "'name' is not an alias's name"},
      {"\"other_weight\":2.5E-1", "\"other_weight\":1.5", "'other_weight' is not a number from"},
      {"\"other_version\":", "\"other\":", "'other_version' is missing"},
      {"\"version\":\"$LATEST\",\"revision_id\":\"r\"", "\"version\":\"1\",\"revision_id\":\"r\"",
       "'version' of latest is not $LATEST"},
      {"\"event_configs\":{\"$LATEST\":{", "\"event_configs\":{\"$LATEST\":1,\"7\":{",
       "configuration of '$LATEST': is not an object"},
      {"\"retries_max\":0", "\"retries_max\":3", "'retries_max' is 3, not 0 to 2"},
      {"\"age_max_s\":60", "\"age_max_s\":59", "'age_max_s' is 59, not 60 to 21600"},
      {"\"on_success\":", "\"on_sucess\":", "'on_success' is missing"},
      {"\"on_success\":\"\"", "\"on_success\":\"arn:aws:sqs:us-east-1:123456789012:q\"",
       "'on_success' is not the ARN of a function in this account and region"},
      {"123456789012:function:failures", "000000000000:function:failures",
       "'on_failure' is not the ARN of a function in this account and region"},
      {"\"on_failure\":", "\"extra\":1,\"on_failure\":", "unknown field 'extra'"},
  };
  for (const auto& item : cases) {
    const Error error = failure(changed(item.from, item.to));
    EXPECT_EQ(error.code(), Errc::corrupt) << error.message();
    EXPECT_NE(error.message().find(item.text), std::string::npos) << error.message();
    EXPECT_NE(error.message().find(kKey), std::string::npos) << error.message();
  }
}

TEST(FunctionRecords, MustMatchTheirKeyAndTheirCode) {
  EXPECT_EQ(failure(encode(example()), "123456789012/us-east-1/other").code(), Errc::corrupt);
  FunctionDocument document = example();
  document.latest.tree_id = to_hex(sha256("another"));
  EXPECT_NE(failure(encode(document)).message().find("'tree_id'"), std::string::npos);
  document = example();
  document.latest.code_sha256_base64 = "AAAA";
  EXPECT_EQ(failure(encode(document)).code(), Errc::corrupt);
}

TEST(FunctionRecords, OfANewerFormatAreUnsupported) {
  const Error error = failure(changed("\"format\":6", "\"format\":7"));
  EXPECT_EQ(error.code(), Errc::unsupported);
  EXPECT_NE(error.message().find("format 7"), std::string::npos);
  EXPECT_EQ(failure(changed("\"format\":6", "\"format\":0")).code(), Errc::corrupt);
  EXPECT_EQ(failure("[]").code(), Errc::corrupt);
  EXPECT_EQ(failure("").code(), Errc::corrupt);
}

TEST(FunctionRecords, AreRefusedAtEveryTruncation) {
  const std::string bytes = encode(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) failure(bytes.substr(0, size));
}

constexpr const char* kVersionKey = "123456789012/us-east-1/hello/2";

VersionDocument version_example() {
  VersionDocument document;
  document.version = example().latest;
  document.version.version = "2";
  document.setting_tags = {{"proa:network", "none"}};
  return document;
}

TEST(VersionRecords, ComeBackAsTheyWere) {
  const VersionDocument document = version_example();
  EXPECT_EQ(record_key(document), kVersionKey);
  const auto back = decode_version(kVersionKey, encode(document));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back.value().setting_tags, document.setting_tags);
  EXPECT_EQ(encode(back.value()), encode(document));
}

TEST(VersionRecords, MustHaveANumberAndMatchTheirKey) {
  VersionDocument document = version_example();
  EXPECT_FALSE(decode_version("123456789012/us-east-1/hello/3", encode(document)));
  for (const char* version : {"$LATEST", "0", "02", "prod", ""}) {
    document.version.version = version;
    const auto back = decode_version(record_key(document), encode(document));
    ASSERT_FALSE(back) << version;
    EXPECT_EQ(back.error().code(), Errc::corrupt);
  }
  const std::string bytes = encode(version_example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_version(kVersionKey, bytes.substr(0, size)));
  }
}

LayerDocument layer_example() {
  LayerDocument document;
  document.account_id = "123456789012";
  document.region = "us-east-1";
  document.name = "libs";
  document.next_version = 4;
  for (const std::uint64_t number : {1U, 3U}) {
    LayerVersion version;
    version.account_id = document.account_id;
    version.region = document.region;
    version.name = document.name;
    version.version = number;
    version.description = "d";
    version.compatible_runtimes = {"python3.11"};
    version.code_sha256_base64 = to_base64(as_chars(sha256("zip")));
    version.tree_id = to_hex(sha256("zip"));
    version.created = WallTime(std::chrono::milliseconds(5));
    document.versions.push_back(std::make_shared<const LayerVersion>(version));
  }
  return document;
}

TEST(LayerRecords, ComeBackAsTheyWere) {
  const LayerDocument document = layer_example();
  const auto back = decode_layer(record_key(document), encode(document));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(encode(back.value()), encode(document));
  EXPECT_EQ(back.value().versions.at(1)->version_arn(),
            "arn:aws:lambda:us-east-1:123456789012:layer:libs:3");
}

TEST(LayerRecords, RefuseVersionsOutOfOrderAndBadKeys) {
  LayerDocument document = layer_example();
  document.next_version = 3;
  EXPECT_FALSE(decode_layer(record_key(document), encode(document)));
  document = layer_example();
  std::swap(document.versions[0], document.versions[1]);
  EXPECT_FALSE(decode_layer(record_key(document), encode(document)));
  for (const char* key : {"", "x", "123456789012/us-east-1", "123456789012/us-east-1/",
                          "123456789012//x", "123456789012/us-east-1/a/b"}) {
    EXPECT_EQ(decode_layer(key, encode(layer_example())).error().code(), Errc::corrupt) << key;
  }
}

TEST(LayerRecords, OfANewerFormatAreUnsupported) {
  std::string bytes = encode(layer_example());
  const auto at = bytes.find("\"format\":1");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 10, "\"format\":2");
  const auto refused = decode_layer(record_key(layer_example()), bytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unsupported);
}

TEST(FunctionOfArn, TakesFullArnsOfTheScopeOnly) {
  const model::Scope scope{"123456789012", "us-east-1"};
  const std::string arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
  EXPECT_EQ(function_of_arn(arn, scope)->name, "f");
  EXPECT_EQ(function_of_arn(arn + ":$LATEST", scope)->qualifier, "$LATEST");
  for (const std::string text : {"f", "f:$LATEST", "function:f", "123456789012:function:f",
                                 "arn:aws:lambda:f", "arn:aws:lambda:us-east-1:123456789012:f",
                                 "arn:aws-cn:lambda:us-east-1:123456789012:function:f",
                                 "arn:aws:lambda:us-east-1:000000000000:function:f",
                                 "arn:aws:lambda:eu-west-1:123456789012:function:f",
                                 "arn:aws:lambda:us-east-1:123456789012:layer:f:1", ""}) {
    EXPECT_FALSE(function_of_arn(text, scope)) << text;
  }
}

TEST(ArnPart, IsWhatStandsBetweenColons) {
  EXPECT_EQ(arn_part("arn:aws:sqs", 0), "arn");
  EXPECT_EQ(arn_part("arn:aws:sqs", 2), "sqs");
  EXPECT_EQ(arn_part("arn:aws:sqs", 3), "");
}

TEST(TreeId, IsTheHexFormOfTheHash) {
  EXPECT_EQ(tree_id_of(to_base64(as_chars(sha256("x")))), to_hex(sha256("x")));
  EXPECT_FALSE(tree_id_of("AAAA"));
  EXPECT_FALSE(tree_id_of("not base64"));
}

}  // namespace
}  // namespace proa::catalog
