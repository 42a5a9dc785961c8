#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

class UpdateFunctionConfigurationTest : public ApiTest {
 protected:
  UpdateFunctionConfigurationTest() { catalog_.put("f"); }
};

TEST_F(UpdateFunctionConfigurationTest, UpdateConfigurationPassesOnOnlyWhatIsGiven) {
  const auto response = send("PUT", "/2015-03-31/functions/f/configuration",
                             R"({"Timeout": 10, "Environment": {"Variables": {}}, "Layers": []})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(text(body_of(response), "LastUpdateStatus"), "InProgress");
  const auto& change = *catalog_.config_change;
  EXPECT_EQ(change.timeout, std::chrono::seconds(10));
  EXPECT_TRUE(change.environment && change.environment->empty());
  EXPECT_TRUE(change.layer_arns && change.layer_arns->empty());
  EXPECT_FALSE(change.memory_mib || change.runtime || change.handler || change.role ||
               change.description || change.ephemeral_storage_mib || change.revision_id);
}

TEST_F(UpdateFunctionConfigurationTest, UpdateConfigurationRefusesBadInput) {
  const char* path = "/2015-03-31/functions/f/configuration";
  EXPECT_EQ(
      failure(send("PUT", path, R"({"MemorySize": 1})")),
      "400 ValidationException message=1 validation error detected: Value '1' at 'memorySize' "
      "failed to satisfy constraint: Member must have value greater than or equal to 128");
  EXPECT_EQ(failure(send("PUT", path, R"({"Runtime": "java21"})")),
            invalid("The runtime java21 is not supported by Proa yet"));
  const std::string arn = R"("arn:aws:lambda:us-east-1:000000000000:layer:l:1")";
  const std::string five = arn + "," + arn + "," + arn + "," + arn + "," + arn;
  EXPECT_EQ(failure(send("PUT", path, "{\"Layers\": [" + five + "," + arn + "]}")),
            invalid("Cannot reference more than 5 layers."));
  EXPECT_EQ(
      failure(send("PUT", path, R"({"Layers": ["a"]})")),
      std::string("400 ValidationException message=1 validation error detected: Value '[a]' at "
                  "'layers' failed to satisfy constraint: Member must satisfy "
                  "constraint: [Member must have length less than or equal to 2048, Member "
                  "must have length greater than or equal to 1, Member must satisfy regular "
                  "expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso("
                  "[a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:"
                  "[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]"));
  EXPECT_EQ(failure(send("PUT", path, R"({"TracingConfig": {"Mode": "Active"}})")),
            invalid("TracingConfig.Mode Active is not supported by Proa yet"));
  EXPECT_EQ(failure(send("PUT", path, R"({"TracingConfig": 1})")),
            "400 SerializationException message=The value of 'TracingConfig' is not an object");
  catalog_.next_error = Error(
      Errc::conflict,
      "The operation cannot be performed at this time. An update is in progress for resource: ARN");
  EXPECT_TRUE(failure(send("PUT", path, "{}"))
                  .starts_with("409 ResourceConflictException User message=The operation"));
}

}  // namespace
}  // namespace proa::api
