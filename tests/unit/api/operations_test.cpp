#include "api/operations.h"

#include "unit/api/fakes.h"

#include <array>
#include <set>

namespace proa::api {
namespace {

TEST_F(ApiTest, NamesOperationsThatAreNotSupportedYet) {
  const std::vector<std::array<std::string, 3>> some = {
      {"DELETE", "/2018-10-31/layers/l/versions/1/policy/sid", "RemoveLayerVersionPermission"},
      {"GET", "/2019-09-30/functions/f/provisioned-concurrency?List=ALL",
       "ListProvisionedConcurrencyConfigs"},
      {"GET", "/2019-09-30/functions/f/provisioned-concurrency", "GetProvisionedConcurrencyConfig"},
      {"POST", "/2021-11-15/functions/f/response-streaming-invocations",
       "InvokeWithResponseStream"},
      {"POST", "/2015-03-31/event-source-mappings/", "CreateEventSourceMapping"},
      {"GET", "/2025-12-01/durable-executions/x/history", "GetDurableExecutionHistory"},
  };
  for (const auto& [method, path, name] : some) {
    EXPECT_EQ(failure(send(method, path, "{}")),
              "400 InvalidParameterValueException User message=" + name +
                  " is not supported by Proa yet");
  }
}

TEST_F(ApiTest, KnowsEveryOperationOnce) {
  std::set<std::string_view> names;
  std::set<std::string> routes;
  for (const Operation& operation : operations()) {
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name;
    const std::string route = std::string(operation.method) + " " + std::string(operation.pattern);
    EXPECT_TRUE(routes.insert(route).second) << route;
    EXPECT_GE(operation.body_limit, kSmallBody) << operation.name;
  }
  EXPECT_EQ(names.size(), 85U + 49U + 1U);  // the API model, /proa/v1, and URLs
}

}  // namespace
}  // namespace proa::api
