#include "otlp/resource.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace proa::otlp {
namespace {

std::string attributes(const FunctionResource& function) {
  Identity identity;
  identity.host_name = "h";
  return boost::json::serialize(attributes_of(function, identity).take());
}

TEST(Resource, IsAFunctionVersionInAnEnvironment) {
  const std::string text = attributes({"000000000000", "us-east-1", "f", "3", "an-environment"});
  for (const char* part : {R"({"key":"service.name","value":{"stringValue":"f"}})",
                           R"({"key":"faas.version","value":{"stringValue":"3"}})",
                           R"({"key":"faas.instance","value":{"stringValue":"an-environment"}})",
                           R"({"key":"host.name","value":{"stringValue":"h"}})",
                           R"("arn:aws:lambda:us-east-1:000000000000:function:f:3")"}) {
    EXPECT_NE(text.find(part), text.npos) << part << text;
  }
}

TEST(Resource, LeavesOutWhatIsNotKnown) {
  const std::string text = attributes({"000000000000", "us-east-1", "", "3", ""});
  for (const char* key : {"service.name", "faas.name", "faas.instance", "cloud.resource_id"}) {
    EXPECT_EQ(text.find(key), text.npos) << text;
  }
  EXPECT_NE(text.find("cloud.account.id"), text.npos);
}

}  // namespace
}  // namespace proa::otlp
