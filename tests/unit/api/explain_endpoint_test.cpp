#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kExplainPath = "/proa/v1/functions/f/explain";

class ExplainEndpointTest : public ApiTest {
 protected:
  ExplainEndpointTest() {
    catalog_.put("f", {{"proa:network", "none"}});
    DecisionRecord record;
    record.decision = "environment";
    record.chosen = "idle@0";
    record.unit = "ms";
    record.inputs = {{"size of /tmp", "512 MiB", "function configuration: EphemeralStorage"}};
    DecisionCandidate fits;
    fits.name = "idle@0";
    fits.cost = 0.5;
    DecisionCandidate lacks;
    lacks.name = "new@0";
    lacks.missing = "room";
    record.candidates = {fits, lacks};
    dispatcher_.records = {record};
  }
  static json::object decision(const json::object& answer, const char* name) {
    for (const auto& one : answer.at("decisions").as_array()) {
      if (one.at("decision") == name) return one.as_object();
    }
    ADD_FAILURE() << "no decision " << name;
    return {};
  }
};

TEST_F(ExplainEndpointTest, ADecisionWithItsInputsAndCandidates) {
  const auto answer = body_of(send("GET", kExplainPath));
  EXPECT_EQ(answer.at("function"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(json::serialize(decision(answer, "environment")),
            R"({"decision":"environment","chosen":"idle@0","reason":"","outcome":"",)"
            R"("inputs":[{"name":"size of /tmp","value":"512 MiB",)"
            R"("from":"function configuration: EphemeralStorage"}],)"
            R"("candidates":[{"name":"idle@0","detail":"","missing":"","cost":5E-1},)"
            R"({"name":"new@0","detail":"","missing":"room","cost":null}],"unit":"ms"})");
  EXPECT_EQ(decision(answer, "network").at("inputs").at(0).at("from"), "tag proa:network");
  EXPECT_EQ(decision(answer, "log").at("chosen"), "/aws/lambda/f");
}

TEST_F(ExplainEndpointTest, LimitsSayWhatEnforcesThem) {
  ApiOptions options;
  options.status = []() -> boost::asio::awaitable<json::object> {
    co_return json::parse(R"({"host":{"cgroup":"v2","limits":{
        "memory":{"enforced":true,"by":"memory.max"},
        "swap":{"enforced":false,"by":"no memory.swap.max"}},
        "network":{"uplink":"pasta","reason":"a firewall drops"}}})")
        .as_object();
  };
  make(std::move(options));
  const auto answer = body_of(send("GET", kExplainPath));
  const auto limits = json::serialize(decision(answer, "limits"));
  EXPECT_NE(limits.find(R"({"name":"memory","value":"memory.max","from":"host: enforced"})"),
            std::string::npos)
      << limits;
  EXPECT_NE(limits.find(R"("value":"no memory.swap.max","from":"host: NOT enforced")"),
            std::string::npos);
  EXPECT_NE(limits.find(R"("value":"v2")"), std::string::npos);
  const auto network = json::serialize(decision(answer, "network"));
  EXPECT_NE(network.find(R"("value":"pasta")"), std::string::npos) << network;
  EXPECT_NE(network.find("a firewall drops"), std::string::npos);
}

TEST_F(ExplainEndpointTest, IsForWhoeverMayReadTheFunction) {
  EXPECT_EQ(failure(send("GET", "/proa/v1/functions/none/explain")),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:none");
  make_key(identity::Rights{identity::Right::admin});
  const auto invoker = make_key(identity::Rights{identity::Right::invoke});
  EXPECT_EQ(send_signed(*invoker, "GET", kExplainPath).status, 403);
  const auto configurer = make_key(identity::Rights{identity::Right::configure});
  EXPECT_EQ(send_signed(*configurer, "GET", kExplainPath).status, 200);
}

}  // namespace
}  // namespace proa::api
