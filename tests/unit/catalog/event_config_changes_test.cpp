#include "unit/catalog/catalog_fixture.h"

#include <boost/asio/detached.hpp>

namespace proa::catalog {
namespace {

using std::chrono::seconds;

constexpr const char* kArn = "arn:aws:lambda:us-east-1:000000000000:function:";

class EventConfigChangesTest : public CatalogFixture {
 protected:
  static EventConfigChange put() {
    EventConfigChange change;
    change.is_replacing = true;
    return change;
  }
  static model::FunctionRef qualified(const std::string& name, const std::string& qualifier) {
    auto named = ref(name);
    named.qualifier = qualifier;
    return named;
  }
  Result<model::EventInvokeConfig> found(const std::string& name) {
    return find_event_config(*catalog_, ref(name));
  }
  /// Condition and text of the refusal of a Put with this destination.
  std::string refusal(const std::string& destination, const std::string& function = "a") {
    EventConfigChange change = put();
    change.on_failure = destination;
    return failure(run(catalog_->change_event_config(ref(function), change)));
  }
  template <class T>
  static std::string failure(const Result<T>& result) {
    EXPECT_FALSE(result);
    if (result) return "";
    return std::string(to_string(result.error().code())) + " " + result.error().message();
  }
};

TEST_F(EventConfigChangesTest, PutReplacesAndUpdateMerges) {
  create("a");
  create("b");
  EventConfigChange change = put();
  change.retries_max = 1;
  change.on_success = kArn + std::string("b");
  change.on_failure = kArn + std::string("b:$LATEST");
  auto config = run(catalog_->change_event_config(ref("a"), change));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config.value().last_modified, clock_.wall_now());

  clock_.advance(seconds(5));
  change = {};
  change.age_max = seconds(60);
  change.on_success = "";
  config = run(catalog_->change_event_config(qualified("a", "$LATEST"), change));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config.value().retries_max, 1U);
  EXPECT_EQ(config.value().age_max, seconds(60));
  EXPECT_EQ(config.value().on_success, "");
  EXPECT_EQ(config.value().on_failure, kArn + std::string("b:$LATEST"));
  EXPECT_EQ(config.value().last_modified, clock_.wall_now());
  EXPECT_EQ(found("a").value(), config.value());

  change = put();
  change.retries_max = 0;
  config = run(catalog_->change_event_config(ref("a"), change));
  EXPECT_EQ(config.value().retries_max, 0U);
  EXPECT_FALSE(config.value().age_max);
  EXPECT_EQ(config.value().on_failure, "");
}

TEST_F(EventConfigChangesTest, StayOverARestartAndOtherChangesAndMakeNoRevision) {
  const auto revision = create("a")->latest->revision_id;
  EventConfigChange change = put();
  change.age_max = seconds(120);
  const auto generation = catalog_->generation();
  ASSERT_TRUE(run(catalog_->change_event_config(ref("a"), change)));
  EXPECT_GT(catalog_->generation(), generation) << "callers must look again";
  reopen();
  EXPECT_EQ(found("a").value().age_max, seconds(120));
  EXPECT_EQ(catalog_->resolve(ref("a")).value()->revision_id, revision);
  ConfigChange other;
  other.memory_mib = 512;
  ASSERT_TRUE(run(catalog_->update_configuration(ref("a"), other)));
  EXPECT_EQ(catalog_->find(ref("a")).value()->event_configs.at("$LATEST").age_max, seconds(120));
}

TEST_F(EventConfigChangesTest, UpdatesAtTheSameTimeLoseNothing) {
  create("a");
  EventConfigChange change = put();
  change.retries_max = 2;
  ASSERT_TRUE(run(catalog_->change_event_config(ref("a"), change)));
  EventConfigChange first;
  first.retries_max = 1;
  EventConfigChange second;
  second.age_max = seconds(300);
  std::optional<Result<model::EventInvokeConfig>> results[2];
  asio::io_context caller;
  asio::co_spawn(caller, keep(catalog_->change_event_config(ref("a"), first), results[0]),
                 asio::detached);
  asio::co_spawn(caller, keep(catalog_->change_event_config(ref("a"), second), results[1]),
                 asio::detached);
  caller.run();
  ASSERT_TRUE(results[0]->has_value() && results[1]->has_value());
  EXPECT_EQ(found("a").value().retries_max, 1U);
  EXPECT_EQ(found("a").value().age_max, seconds(300));
}

TEST_F(EventConfigChangesTest, GoWithTheirFunction) {
  create("a");
  EventConfigChange change = put();
  change.retries_max = 0;
  ASSERT_TRUE(run(catalog_->change_event_config(ref("a"), change)));
  ASSERT_TRUE(run(catalog_->delete_function(ref("a"))));
  create("a");
  EXPECT_FALSE(found("a"));
  reopen();
  EXPECT_FALSE(found("a"));
}

TEST_F(EventConfigChangesTest, AreDeletedOnce) {
  create("a");
  EventConfigChange change = put();
  change.retries_max = 0;
  ASSERT_TRUE(run(catalog_->change_event_config(ref("a"), change)));
  ASSERT_TRUE(run(catalog_->delete_event_config(ref("a"))));
  EXPECT_TRUE(list_event_configs(*catalog_, ref("a")).value().empty());
  EXPECT_EQ(failure(run(catalog_->delete_event_config(ref("a")))),
            std::string("not_found The function ") + kArn +
                "a:$LATEST doesn't have an EventInvokeConfig");
}

TEST_F(EventConfigChangesTest, WhatIsMissingIsToldInLambdasWords) {
  create("a");
  const std::string no_function = "not_found The function doesn't exist.";
  const auto no_config = [](const std::string& name) {
    return std::string("not_found The function ") + kArn + name +
           " doesn't have an EventInvokeConfig";
  };
  EventConfigChange update;
  update.retries_max = 0;
  EventConfigChange replacement = put();
  for (const EventConfigChange& change : {update, replacement}) {
    EXPECT_EQ(failure(run(catalog_->change_event_config(ref("b"), change))), no_function);
    EXPECT_EQ(failure(run(catalog_->change_event_config(qualified("a", "1"), change))),
              no_function);
  }
  EXPECT_EQ(failure(list_event_configs(*catalog_, ref("b"))), no_function);
  EXPECT_EQ(failure(list_event_configs(*catalog_, qualified("a", "1"))), no_function);
  EXPECT_EQ(failure(run(catalog_->change_event_config(ref("a"), update))), no_config("a:$LATEST"));
  EXPECT_EQ(failure(found("b")), no_config("b:$LATEST"));
  EXPECT_EQ(failure(find_event_config(*catalog_, qualified("a", "live"))), no_config("a:live"));
  EXPECT_EQ(failure(run(catalog_->delete_event_config(ref("b")))), no_config("b:$LATEST"));
}

TEST_F(EventConfigChangesTest, RefuseDestinationsThatAreNotThere) {
  create("a");
  create("b");
  const auto invalid = [](const std::string& arn) {
    return "invalid The destination ARN " + arn + " is invalid.";
  };
  for (const std::string& arn :
       {kArn + std::string("none"), kArn + std::string("b:1"), kArn + std::string("b:live"),
        std::string("arn:aws:lambda:::function:b"),
        std::string("arn:aws:lambda:us-east-1:000000000000:layer:b:1"),
        std::string("arn:aws:lambda:us-east-1:000000000000:b"),
        std::string("arn:aws-cn:lambda:us-east-1:000000000000:function:b")}) {
    EXPECT_EQ(refusal(arn), invalid(arn));
  }
  const std::string itself = "invalid You can't specify the function as a destination for itself.";
  EXPECT_EQ(refusal(kArn + std::string("a")), itself);
  EXPECT_EQ(refusal(kArn + std::string("a:$LATEST")), itself);
  EXPECT_EQ(refusal(kArn + std::string("b"), "none"), "not_found The function doesn't exist.");
  EXPECT_FALSE(found("a")) << "a refused change leaves nothing";
}

TEST_F(EventConfigChangesTest, NameTheDestinationThatIsNotSupported) {
  create("a");
  const auto refused = [](const std::string& arn, const std::string& why) {
    return "unsupported The destination " + arn + " (" + why + ") is not supported by Proa yet";
  };
  const struct {
    const char* destination;
    const char* why;
  } cases[] = {
      {"arn:aws:sqs:us-east-1:000000000000:q", "Amazon SQS"},
      {"arn:aws:sns:us-east-1:000000000000:t", "Amazon SNS"},
      {"arn:aws:events:us-east-1:000000000000:event-bus/default", "Amazon EventBridge"},
      {"arn:aws:s3:::bucket", "Amazon S3"},
      {"kafka://topic", "Kafka"},
      {"arn:aws:lambda:us-east-1:111111111111:function:b", "of another account, 111111111111"},
      {"arn:aws:lambda:eu-west-1:000000000000:function:b", "of another region, eu-west-1"},
  };
  for (const auto& item : cases) {
    EXPECT_EQ(refusal(item.destination), refused(item.destination, item.why));
  }
  const std::string role = "arn:aws:iam:us-east-1:000000000000:function:b";
  EventConfigChange change = put();
  change.on_success = role;
  EXPECT_EQ(failure(run(catalog_->change_event_config(ref("a"), change))),
            "invalid The provided destination config DestinationConfig(onSuccess=OnSuccess("
            "destination=" +
                role + "), onFailure=null) is invalid.");
}

}  // namespace
}  // namespace proa::catalog
