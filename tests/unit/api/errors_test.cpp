#include "api/errors.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace proa::api {
namespace {

std::string shape(const Error& error) {
  const http::Response response = error_response(error);
  const auto body = boost::json::parse(response.body).as_object();
  std::string line = std::to_string(response.status) + " ";
  line += response.header("x-amzn-errortype").value_or("-");
  for (const auto& member : body) line += " " + std::string(member.key());
  return line;
}

TEST(Errors, EveryConditionHasItsException) {
  EXPECT_EQ(shape(Error(Errc::not_found, "m")), "404 ResourceNotFoundException Type Message");
  EXPECT_EQ(shape(Error(Errc::conflict, "m")), "409 ResourceConflictException Type message");
  EXPECT_EQ(shape(Error(Errc::precondition, "m")), "412 PreconditionFailedException Type message");
  EXPECT_EQ(shape(Error(Errc::throttled, "m")), "429 TooManyRequestsException Reason Type message");
  EXPECT_EQ(shape(Error(Errc::invalid, "m")), "400 InvalidParameterValueException Type message");
  EXPECT_EQ(shape(Error(Errc::unsupported, "m")),
            "400 InvalidParameterValueException Type message");
  EXPECT_EQ(shape(Error(Errc::denied, "m")), "403 AccessDeniedException Message");
  for (const Errc code : {Errc::cancelled, Errc::deadline, Errc::exhausted, Errc::unavailable}) {
    EXPECT_EQ(shape(Error(code, "m")), "503 ServiceException Type Message");
  }
  for (const Errc code : {Errc::os, Errc::corrupt, Errc::internal}) {
    EXPECT_EQ(shape(Error(code, "m")), "500 ServiceException Type Message");
  }
}

TEST(Errors, ConstraintTextsAreValidationExceptions) {
  EXPECT_EQ(shape(Error(Errc::invalid, "1 validation error detected: x")),
            "400 ValidationException message");
  EXPECT_EQ(shape(Error(Errc::invalid, "12 validation errors detected: x")),
            "400 ValidationException message");
  EXPECT_EQ(shape(Error(Errc::invalid, " validation error")),
            "400 InvalidParameterValueException Type message");
}

TEST(Errors, AnArchiveIsTooLargeAtTheDoorOrInside) {
  EXPECT_EQ(shape(Error(Errc::too_large, "Zipped size must be smaller than 52428800 bytes")),
            "413 RequestEntityTooLargeException message");
  EXPECT_EQ(shape(Error(Errc::too_large, "Unzipped size must be smaller than 262144000 bytes")),
            "400 InvalidParameterValueException Type message");
}

TEST(Errors, UnsupportedIsNeverSentAgainBySdks) {
  const int status = error_response(Error(Errc::unsupported, "m")).status;
  EXPECT_LT(status, 500);
  EXPECT_NE(status, 429);
}

TEST(Errors, TheJsonProtocolNamesTheExceptionInTheBody) {
  const auto refused = [](Fault fault) {
    const auto response = in_json_protocol(fault_response(fault, "why"));
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(refused(Fault::not_found),
            R"(400 {"__type":"ResourceNotFoundException","message":"why"})");
  EXPECT_EQ(refused(Fault::validation),
            R"(400 {"__type":"InvalidParameterException","message":"why"})");
  EXPECT_EQ(refused(Fault::invalid_parameter),
            R"(400 {"__type":"InvalidParameterException","message":"why"})");
  EXPECT_EQ(refused(Fault::unrecognized_client),
            R"(400 {"__type":"UnrecognizedClientException","message":"why"})");
  EXPECT_EQ(refused(Fault::throttled), R"(400 {"__type":"ThrottlingException","message":"why"})");
  EXPECT_EQ(refused(Fault::unavailable),
            R"(503 {"__type":"ServiceUnavailableException","message":"why"})");
  EXPECT_EQ(refused(Fault::service), R"(500 {"__type":"InternalFailure","message":"why"})");
  const auto fine = in_json_protocol(json_response(200, R"({"a":1})"));
  EXPECT_EQ(fine.body, R"({"a":1})");
  EXPECT_EQ(fine.header("Content-Type"), "application/x-amz-json-1.1");
}

}  // namespace
}  // namespace proa::api
