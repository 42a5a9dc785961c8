// What several tests send, and what several expect.
#pragma once

#include "http/http.h"
#include "model/function_ref.h"

#include <string>

namespace proa::api {

inline const model::Scope kScope{"000000000000", "us-east-1"};

inline constexpr const char* kFunctionPath = "/2015-03-31/functions/f";
inline constexpr const char* kInvokePath = "/2015-03-31/functions/f/invocations";
inline const std::string kTagsPath =
    "/2017-03-31/tags/" + http::percent_encode("arn:aws:lambda:us-east-1:000000000000:function:f");

/// Failures as ApiTest::failure() writes them.
inline constexpr const char* kNoSuchFunction =
    "404 ResourceNotFoundException User Message=Function not found: "
    "arn:aws:lambda:us-east-1:000000000000:function:none";
inline std::string validation(const std::string& text) {
  return "400 ValidationException message=1 validation error detected: " + text;
}
inline std::string invalid(const std::string& text) {
  return "400 InvalidParameterValueException User message=" + text;
}

}  // namespace proa::api
