#include "cli/endpoint.h"

#include <gtest/gtest.h>

namespace proa::cli {
namespace {

TEST(Endpoint, TakesHostsAndPorts) {
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:9600").value().port, 9600);
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:9600/").value().host, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("http://proa.example").value().port, 80);
  EXPECT_EQ(parse_endpoint("http://[::1]:7").value().host, "::1");
  EXPECT_EQ(parse_endpoint("http://[::1]:7").value().port, 7);
  EXPECT_EQ(parse_endpoint("http://[::1]").value().host, "::1");
  EXPECT_FALSE(parse_endpoint("http://h").value().is_tls);
  EXPECT_TRUE(parse_endpoint("https://h").value().is_tls);
  EXPECT_EQ(parse_endpoint("https://h").value().port, 443);
  EXPECT_EQ(parse_endpoint("https://[::1]:7/").value().port, 7);
}

TEST(Endpoint, RefusesOtherForms) {
  for (const char* url :
       {"", "localhost", "http://", "http://:1", "http://h:x", "http://h:0", "http://h:70000",
        "http://h/path", "http://[::1", "http://[::1]x", "https://", "https://h/path"}) {
    const auto refused = parse_endpoint(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_TRUE(refused.error().message().ends_with(
        "is not of the form http://HOST:PORT or https://HOST:PORT"));
  }
}

std::string said(int status, const std::string& exception, const std::string& body,
                 bool is_signed) {
  http::Response response(status);
  if (!exception.empty()) response.headers.add("x-amzn-errortype", exception);
  response.body = body;
  return error_of(response, is_signed).message();
}

TEST(Endpoint, ErrorsSayWhatToDo) {
  EXPECT_EQ(said(409, "ResourceConflictException", R"({"message":"exists"})", true), "exists");
  EXPECT_EQ(said(404, "", R"({"Message":"none"})", true), "none");
  EXPECT_EQ(said(502, "", "<html>", true), "the daemon answered with status 502");
  EXPECT_EQ(said(403, "MissingAuthenticationTokenException",
                 R"({"message":"Missing Authentication Token"})", false),
            "Missing Authentication Token\nThis daemon wants signed requests: set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to one of its keys.");
  EXPECT_TRUE(said(403, "UnrecognizedClientException", "{}", true)
                  .ends_with("is not a key of this daemon; one with the right admin can make one "
                             "(proa key create)."));
  EXPECT_TRUE(said(403, "InvalidSignatureException", "{}", true).ends_with("and the clock right?"));
}

TEST(Endpoint, ADaemonThatIsNotThereIsNamed) {
  Surroundings around;
  around.endpoint = "http://127.0.0.1:1";
  const auto answer = ask(around, "GET", "/proa/v1/keys");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message().find("Is proa serve running? The endpoint is "
                                          "http://127.0.0.1:1 (PROA_ENDPOINT changes it)."),
            std::string::npos);
}

TEST(Endpoint, AFileOfAuthoritiesIsNamedByTheVariableThatNamedIt) {
  Surroundings around;
  around.endpoint = "https://127.0.0.1:1";
  around.ca_file = "/none/ca.pem";
  around.ca_variable = "AWS_CA_BUNDLE";
  const auto none = ask(around, "GET", "/proa/v1/keys");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::invalid);
  EXPECT_NE(none.error().message().find("AWS_CA_BUNDLE: open /none/ca.pem: No such file"),
            std::string::npos)
      << none.error().message();
  around.ca_file = "/etc/hostname";
  around.ca_variable = "PROA_CA_FILE";
  EXPECT_EQ(ask(around, "GET", "/proa/v1/keys").error().message(),
            "PROA_CA_FILE /etc/hostname: is not a PEM file");
}

TEST(Endpoint, WhatIsSaidInPlainTextIsTheMessage) {
  http::Response response(400);
  response.headers.add("Content-Type", "text/plain");
  response.body = "This address speaks TLS: use https:// in place of http://.\n";
  EXPECT_EQ(error_of(response, false).message(),
            "This address speaks TLS: use https:// in place of http://.");
}

}  // namespace
}  // namespace proa::cli
