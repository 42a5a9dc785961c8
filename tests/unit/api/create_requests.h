// Requests to create a function, for the tests of what stands in them.
#pragma once

#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

#include <boost/json/serialize.hpp>

namespace proa::api {

namespace json = boost::json;

class CreateFunctionTest : public ApiTest {
 protected:
  CreateFunctionTest() {
    body_ = json::parse(R"({"FunctionName": "f", "Runtime": "python3.12", "Handler": "app.handler",
                            "Role": "arn:aws:iam::000000000000:role/r"})")
                .as_object();
    json::object code;
    code["ZipFile"] = to_base64("zip bytes");
    body_["Code"] = std::move(code);
  }
  http::Response create() { return send("POST", "/2015-03-31/functions", json::serialize(body_)); }
  /// The failure when `member` has `value` (JSON).
  std::string with(const char* member, const char* value) {
    const json::object before = body_;
    body_[member] = json::parse(value);
    const std::string line = failure(create());
    body_ = before;
    return line;
  }
  std::string without(const char* member) { return with(member, "null"); }
  json::object body_;
};

}  // namespace proa::api
