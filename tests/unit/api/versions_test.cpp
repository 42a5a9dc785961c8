#include "unit/api/fakes.h"

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr const char* kVersions = "/2015-03-31/functions/f/versions";

class VersionsTest : public ApiTest {
 protected:
  VersionsTest() { catalog_.put("f"); }
  /// Versions over all pages.
  std::string listed(const std::string& size) {
    std::string seen;
    std::string marker;
    do {
      const json::object page = body_of(send("GET", std::string(kVersions) + "?MaxItems=" + size +
                                                        "&Marker=" + http::percent_encode(marker)));
      for (const json::value& one : page.at("Versions").as_array()) {
        seen += text(one.as_object(), "Version") + " ";
        EXPECT_FALSE(one.as_object().contains("State"));
      }
      marker = page.contains("NextMarker") ? text(page, "NextMarker") : "";
    } while (!marker.empty());
    return seen;
  }
};

TEST_F(VersionsTest, APublishedOneIsAnsweredWithItsArn) {
  const auto response = send(
      "POST", kVersions, R"({"Description": "first", "CodeSha256": "c2hh", "RevisionId": "r"})");
  EXPECT_EQ(response.status, 201);
  const json::object body = body_of(response);
  EXPECT_EQ(text(body, "Version"), "1");
  EXPECT_EQ(text(body, "Description"), "first");
  EXPECT_EQ(text(body, "State"), "Active");
  EXPECT_EQ(text(body, "FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:f:1");
  EXPECT_EQ(catalog_.version_request->code_sha256, "c2hh");
  EXPECT_EQ(catalog_.version_request->revision_id, "r");
}

TEST_F(VersionsTest, ABodyIsNotNeeded) {
  EXPECT_EQ(send("POST", kVersions).status, 201);
  EXPECT_FALSE(catalog_.version_request->description);
}

TEST_F(VersionsTest, RefusesWhatItCannotDo) {
  EXPECT_EQ(failure(send("POST", "/2015-03-31/functions/none/versions")),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:none");
  EXPECT_EQ(failure(send("POST", kVersions, R"({"PublishTo": "LATEST_PUBLISHED"})")),
            "400 InvalidParameterValueException User message=PublishTo is not supported by Proa "
            "yet");
  EXPECT_EQ(send("POST", kVersions, R"({"Description": ")" + std::string(257, 'x') + "\"}").status,
            400);
  EXPECT_TRUE(failure(send("POST", kVersions, R"({"Description": 1})"))
                  .starts_with("400 SerializationException"));
}

TEST_F(VersionsTest, AreListedBehindLatestOverAllPages) {
  EXPECT_EQ(listed("50"), "$LATEST ");
  for (int i = 0; i < 11; ++i) send("POST", kVersions);
  for (const std::string size : {"1", "2", "5", "12", "50"}) {
    EXPECT_EQ(listed(size), "$LATEST 1 2 3 4 5 6 7 8 9 10 11 ") << size;
  }
  EXPECT_EQ(send("GET", "/2015-03-31/functions/none/versions").status, 404);
}

TEST_F(VersionsTest, AreFoundByTheirQualifier) {
  send("POST", kVersions, R"({"Description": "first"})");
  send("POST", "/2015-03-31/functions/f/aliases", R"({"Name": "prod", "FunctionVersion": "1"})");
  for (const std::string qualifier : {"1", "prod"}) {
    const json::object body =
        body_of(send("GET", "/2015-03-31/functions/f/configuration?Qualifier=" + qualifier));
    EXPECT_EQ(text(body, "Version"), "1");
    EXPECT_EQ(text(body, "FunctionArn"),
              "arn:aws:lambda:us-east-1:000000000000:function:f:" + qualifier);
    const json::object whole = body_of(send("GET", "/2015-03-31/functions/f%3A" + qualifier));
    EXPECT_EQ(text(whole.at("Configuration").as_object(), "Description"), "first");
  }
}

}  // namespace
}  // namespace proa::api
