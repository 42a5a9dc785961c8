#include "unit/api/exchanges.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

constexpr const char* kBadJson =
    "400 InvalidRequestContentException User message=Could not parse request body into json: Could "
    "not parse payload into json: ";

class InvokeTest : public ApiTest {
 protected:
  InvokeTest() {
    catalog_.put("f");
    dispatcher_.result.payload = R"({"ok":true})";
    dispatcher_.result.executed_version = "$LATEST";
    dispatcher_.result.environment_id = "env-1";
    dispatcher_.result.runtime_identity = "python3.11.2";
    dispatcher_.result.start = model::Start::cold;
  }
};

TEST_F(InvokeTest, RunsTheFunctionAndAnswersWithLambdasHeaders) {
  const auto response = send("POST", kInvokePath, R"({"a":1})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"ok":true})");
  EXPECT_EQ(response.header("Content-Type"), "application/json");
  EXPECT_EQ(response.header("X-Amz-Executed-Version"), "$LATEST");
  EXPECT_EQ(response.header("X-Proa-Environment"), "env-1");
  EXPECT_EQ(response.header("X-Proa-Start"), "cold");
  EXPECT_EQ(response.header("X-Proa-Runtime"), "python3.11.2");
  EXPECT_EQ(response.header("X-Proa-Isolation"), "container");
  EXPECT_FALSE(response.header("X-Amz-Function-Error"));
  EXPECT_FALSE(response.header("X-Amz-Log-Result"));
  EXPECT_EQ(dispatcher_.invocation->payload, R"({"a":1})");
  EXPECT_EQ(dispatcher_.invocation->request_id, response.header("x-amzn-requestid"));
  EXPECT_EQ(dispatcher_.invocation->invoked_arn,
            "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_FALSE(dispatcher_.invocation->wants_log_tail);
}

TEST_F(InvokeTest, TakesEveryFormOfTheName) {
  send("POST",
       "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af%3Alive/"
       "invocations");
  EXPECT_EQ(dispatcher_.ref->name, "f");
  EXPECT_EQ(dispatcher_.ref->qualifier, "live");
  send("POST", "/2015-03-31/functions/f/invocations/?Qualifier=7");
  EXPECT_EQ(dispatcher_.ref->qualifier, "7");
  EXPECT_EQ(dispatcher_.invocation->invoked_arn,
            "arn:aws:lambda:us-east-1:000000000000:function:f:7");
}

TEST_F(InvokeTest, RefusesBadNamesAndQualifiers) {
  EXPECT_EQ(
      failure(send("POST", "/2015-03-31/functions/f%3A1/invocations?Qualifier=2")),
      "400 InvalidParameterValueException User message=The derived qualifier from the function "
      "name does not match the specified qualifier.");
  EXPECT_TRUE(failure(send("POST", "/2015-03-31/functions/a%20b/invocations"))
                  .starts_with("400 ValidationException message=1 validation error detected: Value "
                               "'a b' at 'functionName' failed to satisfy constraint: Member must "
                               "satisfy regular expression pattern: "));
  EXPECT_EQ(
      failure(send("POST", "/2015-03-31/functions/eu-west-1%3Af/invocations")),
      "404 ResourceNotFoundException User Message=Functions from 'eu-west-1' are not reachable "
      "in this region ('us-east-1')");
  EXPECT_TRUE(failure(send("POST", "/2015-03-31/functions/123456789012%3Af/invocations"))
                  .starts_with("403 AccessDeniedException Message=Account 000000000000 may not"));
}

TEST_F(InvokeTest, AnEmptyBodyIsAnEmptyObject) {
  EXPECT_EQ(send("POST", kInvokePath, "").status, 200);
  EXPECT_EQ(dispatcher_.invocation->payload, "{}");
}

TEST_F(InvokeTest, PassesAnyJsonValueUnchanged) {
  for (const std::string payload : {"null", "\"text\"", " [1, 2.5e3, -0] \n", "true", "1e400"}) {
    EXPECT_EQ(send("POST", kInvokePath, payload).status, 200) << payload;
    EXPECT_EQ(dispatcher_.invocation->payload, payload);
  }
}

TEST_F(InvokeTest, RefusesWhatIsNotJson) {
  for (const std::string payload :
       {"x", "{", "{\"a\":}", "[1,]", "{} {}", "'a'", "\"\xff\"", "\"\x01\"", " ", "nul"}) {
    EXPECT_TRUE(failure(send("POST", kInvokePath, payload)).starts_with(kBadJson)) << payload;
  }
  EXPECT_FALSE(dispatcher_.invocation);
}

TEST_F(InvokeTest, TakesDeepJsonAndRefusesBottomlessJson) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(send("POST", kInvokePath, nested(900)).status, 200);
  EXPECT_TRUE(failure(send("POST", kInvokePath, nested(100'000))).starts_with(kBadJson));
}

TEST_F(InvokeTest, RefusesAnEventThatIsTooLarge) {
  http::Request request;
  request.method = "POST";
  request.target = kInvokePath;
  request.is_body_too_large = true;
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 6291456U);
  EXPECT_EQ(failure(serve(request)),
            "413 RequestEntityTooLargeException message=Request must be smaller than 6291456 bytes "
            "for the InvokeFunction operation");
}

TEST_F(InvokeTest, AFunctionErrorIsA200WithAHeader) {
  dispatcher_.result.function_error = "Unhandled";
  dispatcher_.result.payload = R"({"errorMessage":"no"})";
  const auto response = send("POST", kInvokePath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(response.body, R"({"errorMessage":"no"})");
}

TEST_F(InvokeTest, GivesTheTailOfTheLogInBase64) {
  dispatcher_.result.log_tail = "START RequestId: 1\n";
  const auto response = send("POST", kInvokePath, "", {{"x-amz-log-type", "Tail"}});
  EXPECT_TRUE(dispatcher_.invocation->wants_log_tail);
  EXPECT_EQ(from_base64(*response.header("X-Amz-Log-Result")), "START RequestId: 1\n");
}

TEST_F(InvokeTest, DryRunAsksOnlyWhetherTheFunctionExists) {
  const auto response = send("POST", kInvokePath, "", {{"X-Amz-Invocation-Type", "DryRun"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(response.body.empty());
  EXPECT_FALSE(dispatcher_.invocation);
  EXPECT_EQ(failure(send("POST", "/2015-03-31/functions/none/invocations", "",
                         {{"X-Amz-Invocation-Type", "DryRun"}})),
            "404 ResourceNotFoundException User Message=Function not found: "
            "arn:aws:lambda:us-east-1:000000000000:function:none");
}

TEST_F(InvokeTest, AnEventIsAcceptedOnceItIsInTheQueue) {
  const auto response =
      send("POST", kInvokePath, R"({"a":1})", {{"X-Amz-Invocation-Type", "Event"}});
  EXPECT_EQ(response.status, 202);
  EXPECT_TRUE(response.body.empty());
  EXPECT_FALSE(dispatcher_.invocation);
  EXPECT_EQ(events_.ref->name, "f");
  EXPECT_EQ(events_.invocation->payload, R"({"a":1})");
  EXPECT_EQ(events_.invocation->request_id, response.header("x-amzn-requestid"));
  EXPECT_EQ(events_.invocation->trace_id, response.header("X-Amzn-Trace-Id"));
}

TEST_F(InvokeTest, AnEventThatTheQueueDoesNotTakeIsRefused) {
  events_.error = Error(Errc::exhausted, "No new events: the disk is full");
  EXPECT_EQ(failure(send("POST", kInvokePath, "", {{"X-Amz-Invocation-Type", "Event"}})),
            "503 ServiceException Server Message=No new events: the disk is full");
}

TEST_F(InvokeTest, AnEventOfMoreThanAMebibyteIsTooLargeToWait) {
  const std::string fits = "\"" + std::string(1024 * 1024 - 2, 'a') + "\"";
  EXPECT_EQ(send("POST", kInvokePath, fits, {{"X-Amz-Invocation-Type", "Event"}}).status, 202);
  EXPECT_EQ(failure(send("POST", kInvokePath, fits + " ", {{"X-Amz-Invocation-Type", "Event"}})),
            "413 RequestEntityTooLargeException message=1048577 byte payload is too large for the "
            "Event invocation type (limit 1048576 bytes)");
}

TEST_F(InvokeTest, TheOldWayToSendAnEventWorksToo) {
  const auto response = send("POST", "/2014-11-13/functions/f/invoke-async/", R"({"a":1})");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, R"({"Status":202})");
  EXPECT_EQ(events_.invocation->payload, R"({"a":1})");
  EXPECT_TRUE(failure(send("POST", "/2014-11-13/functions/f/invoke-async/", "{"))
                  .starts_with("400 InvalidRequestContentException"));
}

TEST_F(InvokeTest, RefusesWhatIsNotSupportedYetByName) {
  EXPECT_EQ(failure(send("POST", kInvokePath, "", {{"X-Proa-Sidecars", "profiler"}})),
            "400 InvalidParameterValueException User message=The request header X-Proa-Sidecars is "
            "not supported by Proa yet");
  EXPECT_EQ(failure(send("POST", kInvokePath, "", {{"x-proa-hardware", "avx2"}})),
            "400 InvalidParameterValueException User message=The request header x-proa-hardware is "
            "not supported by Proa yet");
  EXPECT_EQ(failure(send("POST", kInvokePath, "", {{"X-Amz-Tenant-Id", "t"}})),
            "400 InvalidParameterValueException User message=The request header X-Amz-Tenant-Id is "
            "not supported by Proa yet");
}

TEST_F(InvokeTest, ReportsAllWrongHeadersAtOnce) {
  EXPECT_EQ(failure(send("POST", kInvokePath, "",
                         {{"X-Amz-Invocation-Type", "Later"}, {"X-Amz-Log-Type", "Head"}})),
            "400 ValidationException message=2 validation errors detected: Value 'Later' at "
            "'invocationType' failed to satisfy constraint: Member must satisfy enum value set: "
            "[Event, RequestResponse, DryRun]; Value 'Head' at 'logType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [None, Tail]");
}

TEST_F(InvokeTest, DecodesTheClientContext) {
  send("POST", kInvokePath, "", {{"X-Amz-Client-Context", to_base64(R"({"custom":{"k":"v"}})")}});
  EXPECT_EQ(dispatcher_.invocation->client_context, R"({"custom":{"k":"v"}})");
}

TEST_F(InvokeTest, RefusesABadClientContext) {
  for (const std::string& bad :
       {std::string("%%%"), to_base64("not json"), to_base64("[1]"), to_base64(" ")}) {
    EXPECT_EQ(failure(send("POST", kInvokePath, "", {{"X-Amz-Client-Context", bad}})),
              "400 InvalidRequestContentException User message=Client context must be a valid "
              "Base64-encoded JSON object.");
  }
  EXPECT_TRUE(
      failure(send("POST", kInvokePath, "", {{"X-Amz-Client-Context", std::string(3584, 'a')}}))
          .find("no more than 3583 bytes") != std::string::npos);
}

TEST_F(InvokeTest, PassesTheCallersTraceOnOrMakesOne) {
  auto response = send("POST", kInvokePath, "", {{"X-Amzn-Trace-Id", "Root=1-a-b;Sampled=1"}});
  EXPECT_EQ(response.header("X-Amzn-Trace-Id"), "Root=1-a-b;Sampled=1");
  EXPECT_EQ(dispatcher_.invocation->trace_id, "Root=1-a-b;Sampled=1");
  response = send("POST", kInvokePath);
  const std::string made(*response.header("X-Amzn-Trace-Id"));
  EXPECT_TRUE(made.starts_with("Root=1-677485")) << made;  // the fixed clock, in hexadecimal
  EXPECT_EQ(
      made.size(),
      std::string("Root=1-12345678-123456789012345678901234;Parent=1234567890123456;Sampled=0")
          .size());
  EXPECT_EQ(dispatcher_.invocation->trace_id, made);
  response = send("POST", kInvokePath, "", {{"X-Amzn-Trace-Id", std::string(300, 'x')}});
  EXPECT_TRUE(response.header("X-Amzn-Trace-Id")->starts_with("Root=1-"));
}

TEST_F(InvokeTest, TakesATraceparentWhereThereIsNoXRayHeader) {
  const std::string given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string same =
      "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1";
  EXPECT_EQ(send("POST", kInvokePath, "", {{"traceparent", given}}).header("X-Amzn-Trace-Id"),
            same);
  EXPECT_EQ(dispatcher_.invocation->trace_id, same);
  send("POST", kInvokePath, "", {{"Traceparent", given}, {"X-Amzn-Trace-Id", "Root=1-a-b"}});
  EXPECT_EQ(dispatcher_.invocation->trace_id, "Root=1-a-b");
  send("POST", kInvokePath, "", {{"TRACEPARENT", given}, {"X-Amz-Invocation-Type", "Event"}});
  EXPECT_EQ(events_.invocation->trace_id, same);
}

TEST_F(InvokeTest, ACallThatBeginsARecordedTraceHasNoParent) {
  ApiOptions options;
  options.trace_sample_share = 1;
  make(std::move(options));
  send("POST", kInvokePath);
  const std::string made = dispatcher_.invocation->trace_id;
  EXPECT_EQ(made.size(), std::string("Root=1-12345678-123456789012345678901234;Sampled=1").size());
  EXPECT_TRUE(made.ends_with(";Sampled=1")) << made;
  send("POST", kInvokePath, "", {{"X-Amzn-Trace-Id", "Root=1-a-b"}});
  EXPECT_EQ(dispatcher_.invocation->trace_id, "Root=1-a-b") << "that is for dispatch to decide";
}

TEST_F(InvokeTest, IgnoresATraceparentThatIsMalformedOrNotAlone) {
  const std::string given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const HeaderList& headers :
       {HeaderList{{"traceparent", given + "0"}}, HeaderList{{"traceparent", ""}},
        HeaderList{{"traceparent", given}, {"traceparent", given}}}) {
    EXPECT_EQ(send("POST", kInvokePath, "", headers).status, 200);
    EXPECT_EQ(dispatcher_.invocation->trace_id.find("0af76519"), std::string::npos);
    EXPECT_TRUE(dispatcher_.invocation->trace_id.ends_with(";Sampled=0"));
  }
}

TEST_F(InvokeTest, TellsAThrottledCallerWhyAndWhen) {
  dispatcher_.error = Error(Errc::throttled, "ReservedFunctionConcurrentInvocationLimitExceeded");
  const auto response = send("POST", kInvokePath);
  EXPECT_EQ(failure(response), "429 TooManyRequestsException User message=Rate Exceeded.");
  EXPECT_EQ(text(body_of(response), "Reason"), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_EQ(response.header("Retry-After"), "1");
}

TEST_F(InvokeTest, MapsFailuresOfOursToServiceException) {
  dispatcher_.error = Error(Errc::exhausted, "no environment can be made: disk full");
  EXPECT_EQ(failure(send("POST", kInvokePath)),
            "503 ServiceException Server Message=no environment can be made: disk full");
  dispatcher_.error = Error(Errc::unavailable, "the launcher is gone");
  EXPECT_EQ(failure(send("POST", kInvokePath)),
            "503 ServiceException Server Message=the launcher is gone");
  dispatcher_.error = Error(Errc::internal, "a bug");
  EXPECT_EQ(failure(send("POST", kInvokePath)), "500 ServiceException Server Message=a bug");
  dispatcher_.error = Error(Errc::not_found, "Function not found: arn");
  EXPECT_EQ(failure(send("POST", kInvokePath)),
            "404 ResourceNotFoundException User Message=Function not found: arn");
}

TEST_F(InvokeTest, TakesTheRegionFromTheCredentialScope) {
  const std::string scope = "/20250101/eu-central-1/lambda/aws4_request";
  send("POST", kInvokePath, "",
       {{"Authorization",
         "AWS4-HMAC-SHA256 Credential=AKID" + scope + ", SignedHeaders=host, Signature=0"}});
  EXPECT_EQ(dispatcher_.ref->region, "eu-central-1");
  send("POST", std::string(kInvokePath) + "?X-Amz-Credential=AKID" + http::percent_encode(scope));
  EXPECT_EQ(dispatcher_.ref->region, "eu-central-1");
  for (const std::string odd :
       {"Bearer x", "AWS4-HMAC-SHA256 Credential=A", "AWS4-HMAC-SHA256 Credential=A/b/C D/x"}) {
    send("POST", kInvokePath, "", {{"Authorization", odd}});
    EXPECT_EQ(dispatcher_.ref->region, "us-east-1") << odd;
  }
}

}  // namespace
}  // namespace proa::api
