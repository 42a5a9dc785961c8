#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

using identity::Right;
using identity::Rights;

constexpr const char* kEnvironmentsPath = "/proa/v1/environments";

model::LiveView one_of_each() {
  model::LiveView view;
  view.now = kNow;
  view.began = kNow;
  view.host.environments = 2;
  view.host.environments_max = 64;
  view.host.memory_available = Bytes(5);
  model::EnvironmentView busy;
  busy.id = "0011";
  busy.account_id = "000000000000";
  busy.region = "us-east-1";
  busy.function = "f";
  busy.version = "$LATEST";
  busy.runtime = "python3.11.2";
  busy.isolation = model::Isolation::microvm;
  busy.kernel = "net";
  busy.shard = 1;
  busy.phase = model::Phase::busy;
  busy.start = model::Start::parked;
  busy.age = std::chrono::milliseconds(2500);
  busy.in_phase = std::chrono::microseconds(1500);
  busy.calls = 7;
  busy.request_id = "00000000-0000-4000-8000-000000000001";
  busy.timeout = std::chrono::seconds(3);
  busy.memory_limit = Bytes::mib(128);
  busy.memory = Bytes(1024);
  view.environments = {busy};
  model::FunctionView function;
  function.name = "f";
  function.running = 1;
  function.throttled = 4;
  view.functions = {function};
  view.functions_in_all = 1;
  view.environments_in_all = 2;
  return view;
}

class EnvironmentsEndpointTest : public ApiTest {
 protected:
  EnvironmentsEndpointTest() {
    ApiOptions options;
    options.live = [this](model::LiveQuery query) -> boost::asio::awaitable<model::LiveView> {
      query_ = std::move(query);
      co_return one_of_each();
    };
    make(std::move(options));
  }
  std::string refused(const std::string& query) {
    return failure(send("GET", std::string(kEnvironmentsPath) + query));
  }
  model::LiveQuery query_;
};

TEST_F(EnvironmentsEndpointTest, AnEnvironmentInItsUnits) {
  const auto answer = body_of(send("GET", kEnvironmentsPath));
  EXPECT_EQ(boost::json::serialize(answer.at("environments").as_array().at(0)),
            R"({"id":"0011","account_id":"000000000000","region":"us-east-1","function":"f",)"
            R"("version":"$LATEST","runtime":"python3.11.2","isolation":"microvm",)"
            R"("kernel":"net","shard":1,"state":"busy",)"
            R"("start":"parked","age_ms":2.5E3,"in_state_ms":1.5E0,"calls":7,)"
            R"("request_id":"00000000-0000-4000-8000-000000000001","timeout_ms":3000,)"
            R"("memory_limit_bytes":134217728,"memory_bytes":1024,"memory_peak_bytes":null,)"
            R"("cpu_ms":null})");
  EXPECT_EQ(answer.at("functions").as_array().at(0).at("throttled"), 4);
  EXPECT_EQ(answer.at("host").at("environments_max"), 64);
  EXPECT_TRUE(answer.at("host").at("memory_total_bytes").is_null()) << "could not be read";
  EXPECT_EQ(answer.at("is_truncated"), true) << "there are two environments";
  EXPECT_EQ(answer.at("environments_in_all"), 2);
}

TEST_F(EnvironmentsEndpointTest, TheLimitIsANumberInItsRange) {
  ASSERT_EQ(send("GET", std::string(kEnvironmentsPath) + "?limit=10").status, 200);
  EXPECT_EQ(query_.limit, 10U);
  for (const char* wrong : {"?limit=0", "?limit=10001", "?limit=1x", "?limit="}) {
    EXPECT_EQ(refused(wrong),
              "400 InvalidParameterValueException User message=limit is a number from 1 to 10000")
        << wrong;
  }
  EXPECT_TRUE(refused("?after=1").ends_with("There is no parameter 'after' of environments"));
}

TEST_F(EnvironmentsEndpointTest, OnlyAnAdminSeesOtherAccounts) {
  ASSERT_EQ(send("GET", kEnvironmentsPath).status, 200);
  EXPECT_FALSE(query_.account_id) << "without keys there is nobody else";
  const auto admin = make_key(Rights{Right::admin});
  make_account("other", "111122223333");
  const auto reader = make_key(Rights{Right::logs}, "111122223333");
  const auto deployer = make_key(Rights{Right::deploy, Right::configure, Right::invoke});
  ASSERT_EQ(send_signed(*admin, "GET", kEnvironmentsPath).status, 200);
  EXPECT_FALSE(query_.account_id);
  ASSERT_EQ(send_signed(*reader, "GET", kEnvironmentsPath).status, 200);
  EXPECT_EQ(query_.account_id, "111122223333");
  EXPECT_TRUE(failure(send_signed(*deployer, "GET", kEnvironmentsPath))
                  .ends_with("because the key has not got the right logs or admin"));
}

TEST_F(EnvironmentsEndpointTest, AProgramWithoutThemSaysSo) {
  make({});
  EXPECT_EQ(send("GET", kEnvironmentsPath).status, 400);
}

}  // namespace
}  // namespace proa::api
