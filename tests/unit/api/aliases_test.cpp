#include "unit/api/fakes.h"

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kAliases = "/2015-03-31/functions/f/aliases";
constexpr const char* kProd = "/2015-03-31/functions/f/aliases/prod";

class AliasesTest : public ApiTest {
 protected:
  AliasesTest() {
    catalog_.put("f");
    for (int i = 0; i < 2; ++i) send("POST", "/2015-03-31/functions/f/versions");
  }
  http::Response create(const std::string& name, const std::string& more = "") {
    return send("POST", kAliases,
                R"({"Name": ")" + name + R"(", "FunctionVersion": "1")" + more + "}");
  }
  std::string listed(const std::string& query) {
    std::string seen;
    for (const json::value& one :
         json::array(body_of(send("GET", kAliases + query)).at("Aliases").as_array())) {
      seen += text(one.as_object(), "Name") + " ";
    }
    return seen;
  }
};

TEST_F(AliasesTest, AreMadeReadChangedAndRemoved) {
  auto response = create("prod", R"(, "Description": "d")");
  EXPECT_EQ(response.status, 201);
  json::object body = body_of(response);
  EXPECT_EQ(text(body, "AliasArn"), "arn:aws:lambda:us-east-1:000000000000:function:f:prod");
  EXPECT_EQ(text(body, "Name"), "prod");
  EXPECT_EQ(text(body, "FunctionVersion"), "1");
  EXPECT_EQ(text(body, "Description"), "d");
  EXPECT_FALSE(body.contains("RoutingConfig"));
  EXPECT_EQ(body_of(send("GET", kProd)), body);

  response = send("PUT", kProd, R"({"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body_of(response).at("RoutingConfig"),
            json::parse(R"({"AdditionalVersionWeights": {"2": 0.25}})"));
  response = send("PUT", kProd, R"({"FunctionVersion": "2", "RevisionId": "r"})");
  EXPECT_EQ(text(body_of(response), "FunctionVersion"), "2");
  EXPECT_TRUE(body_of(response).contains("RoutingConfig")) << "it was not asked for";
  EXPECT_EQ(catalog_.alias_change->revision_id, "r");
  response = send("PUT", kProd, R"({"RoutingConfig": {"AdditionalVersionWeights": {}}})");
  EXPECT_FALSE(body_of(response).contains("RoutingConfig"));

  EXPECT_EQ(send("DELETE", kProd).status, 204);
  EXPECT_EQ(failure(send("GET", kProd)),
            "404 ResourceNotFoundException User Message=Cannot find alias arn: "
            "arn:aws:lambda:us-east-1:000000000000:function:f:prod");
}

TEST_F(AliasesTest, RefuseBadInputByName) {
  EXPECT_EQ(failure(create("7")),
            "400 ValidationException message=1 validation error detected: Value '7' at 'name' "
            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
            "(?!^[0-9]+$)([a-zA-Z0-9-_]+)");
  EXPECT_EQ(failure(send("POST", kAliases, "{}")),
            "400 ValidationException message=2 validation errors detected: Value null at 'name' "
            "failed to satisfy constraint: Member must not be null; Value null at "
            "'functionVersion' failed to satisfy constraint: Member must not be null");
  EXPECT_EQ(failure(send("POST", kAliases, R"({"Name": "a", "FunctionVersion": "prod"})")),
            "400 ValidationException message=1 validation error detected: Value 'prod' at "
            "'functionVersion' failed to satisfy constraint: Member must satisfy regular "
            "expression pattern: (\\$LATEST|[0-9]+)");
  EXPECT_EQ(failure(create("a", R"(, "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1,
                                   "2": 0.1}})")),
            "400 InvalidParameterValueException User message=Number of items in "
            "AdditionalVersionWeights cannot be greater than 1");
  for (const char* weights : {R"({"2": 1.5})", R"({"2": -0.1})", R"({"2": "x"})",
                              R"({"$LATEST": 0.5})", R"({"prod": 0.5})"}) {
    const std::string said = failure(create(
        "a", R"(, "RoutingConfig": {"AdditionalVersionWeights": )" + std::string(weights) + "}"));
    EXPECT_NE(said.find("routingConfig.additionalVersionWeights"), said.npos) << said;
  }
  EXPECT_EQ(send("GET", "/2015-03-31/functions/none/aliases/prod").status, 404);
  EXPECT_EQ(send("DELETE", "/2015-03-31/functions/f/aliases/7").status, 400);
}

TEST_F(AliasesTest, AreListedInPagesAndByVersion) {
  EXPECT_EQ(listed(""), "");
  create("c");
  create("a", R"(, "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}})");
  send("POST", kAliases, R"({"Name": "b", "FunctionVersion": "2"})");
  EXPECT_EQ(listed(""), "a b c ");
  EXPECT_EQ(listed("?FunctionVersion=1"), "a c ");
  EXPECT_EQ(listed("?FunctionVersion=2"), "a b ");
  const json::object page = body_of(send("GET", std::string(kAliases) + "?MaxItems=2"));
  EXPECT_EQ(page.at("Aliases").as_array().size(), 2U);
  EXPECT_EQ(listed("?MaxItems=2&Marker=" + http::percent_encode(text(page, "NextMarker"))), "c ");
}

}  // namespace
}  // namespace proa::api
