// Made by make_vectors.py with botocore 1.29.27: do not edit.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace proa::identity {

/// A request as a client sent it.
struct Vector {
  std::string name;
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string token;
};

inline const std::vector<Vector> kVectors = {
    {"get-vanilla",
     "GET",
     "/",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}},
     "",
     ""},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"}},
     "",
     ""},
    {"get-vanilla-query-order-value",
     "GET",
     "/?Param1=value2&Param1=value1",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"}},
     "",
     ""},
    {"get-vanilla-empty-query-key",
     "GET",
     "/?Param1=value1",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"}},
     "",
     ""},
    {"get-vanilla-query-unreserved",
     "GET",
     "/?-._~0123456789ABCabc=-._~0123456789ABCabc",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=60ce399f1004a641aa0ce91d23b896932c0c29ce41c3da35b8add9a1b20be6f8"}},
     "",
     ""},
    {"get-vanilla-utf8-query",
     "GET",
     "/?%E1%88%B4=bar",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"}},
     "",
     ""},
    {"get-utf8",
     "GET",
     "/%E1%88%B4",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d"}},
     "",
     ""},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCabc",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=c716e1f85ee061afb9918ebd51e04714a1832c1831519c355b74cb049720505e"}},
     "",
     ""},
    {"get-space",
     "GET",
     "/example%20space/",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=446b817944c553435b35e813c261ff4e161fff982d1bacdef1c87f6785dd1662"}},
     "",
     ""},
    {"get-slash",
     "GET",
     "//",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}},
     "",
     ""},
    {"get-slashes",
     "GET",
     "//example//",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"}},
     "",
     ""},
    {"get-slash-dot-slash",
     "GET",
     "/./",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}},
     "",
     ""},
    {"get-relative",
     "GET",
     "/example/..",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}},
     "",
     ""},
    {"get-relative-relative",
     "GET",
     "/example1/example2/../..",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"}},
     "",
     ""},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"Host", "example.amazonaws.com"},
      {"My-Header1", " value1"},
      {"My-Header2", " \"a   b   c\""},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;my-header1;my-header2;x-amz-date, "
       "Signature=acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"}},
     "",
     ""},
    {"post-vanilla",
     "POST",
     "/",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"}},
     "",
     ""},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"}},
     "",
     ""},
    {"post-header-key-sort",
     "POST",
     "/",
     {{"Host", "example.amazonaws.com"},
      {"My-Header1", "value1"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;my-header1;x-amz-date, "
       "Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"}},
     "",
     ""},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{"Host", "example.amazonaws.com"},
      {"Content-Type", "application/x-www-form-urlencoded"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=content-type;host;x-amz-date, "
       "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"}},
     "Param1=value1",
     ""},
    {"post-sts-header-before",
     "POST",
     "/",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"X-Amz-Security-Token", "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBS"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date;x-amz-security-token, "
       "Signature=a89948b327563a7057bc1c092e75d0f5842e767e29ba583bf6177481c506e796"}},
     "",
     "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBS"},
    {"lambda-arn",
     "POST",
     "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1/"
     "invocations",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=2a5938d17fa80a098ae5ea832353b41a00d33fff906d26c6200908068862073f"}},
     "{}",
     ""},
    {"lambda-qualifier",
     "POST",
     "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Invocation-Type", "RequestResponse"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date;x-amz-invocation-type, "
       "Signature=e31bfd316b548b5f81f6ea544f2e3db5da82997dd938da2d15290c188d83d58b"}},
     "{\"k\":\"v\"}",
     ""},
    {"trailing-slash",
     "GET",
     "/2015-03-31/functions/",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=a4158b1829d37baa78fa9d6c29dc8da42830028f04aff57e2869a0fd2b11622f"}},
     "",
     ""},
    {"query-with-special",
     "GET",
     "/2015-03-31/functions?Marker=a%2Bb%2F%3D%3D&MaxItems=5",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=4c69d02869ca3be8c9c4f3a9c5c7923ff42defb303806e7ea40129c8c9464b31"}},
     "",
     ""},
    {"tags",
     "DELETE",
     "/2017-03-31/tags/"
     "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1?tagKeys=b&tagKeys=a%20c",
     {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=91b5ab788d2798576bed70d69e0dcfd0280433f5ce32252a4447f57cf03bf3f2"}},
     "",
     ""},
    {"get-vanilla-presigned",
     "GET",
     "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host&X-Amz-Signature=ff4f668def1029a233d80421e3457840cfcd816fcbefa7af042f2ca8f117547c",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"get-vanilla-empty-query-key-presigned",
     "GET",
     "/?Param1=value1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%"
     "2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-"
     "SignedHeaders=host&X-Amz-Signature="
     "f45a9473dbea5361291c050d989b43620560929aba5680b0067dc3ca4e0b51ce",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"get-vanilla-utf8-query-presigned",
     "GET",
     "/?%E1%88%B4=bar&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%"
     "2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-"
     "SignedHeaders=host&X-Amz-Signature="
     "a2e3b5fa42962b7f9fe61fdbdaff550af0f7cfc543feddf15969563620ad94f4",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"get-utf8-presigned",
     "GET",
     "/%E1%88%B4?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-"
     "east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-"
     "SignedHeaders=host&X-Amz-Signature="
     "cdae2ad8381c7e2d51668335088210dac278b29a887271dc146cd4085a6cce56",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"get-unreserved-presigned",
     "GET",
     "/-._~0123456789ABCabc?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%"
     "2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&"
     "X-Amz-SignedHeaders=host&X-Amz-Signature="
     "6f733f04d2cd4ca5580450c5ec78b1457c3a43bca887e0e89dafd99105d89713",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"get-space-presigned",
     "GET",
     "/example%20space/"
     "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host&X-Amz-Signature=d4a52c32e1a8af770db296a1ba11413c0fecf75fab9eb46f61de2561ff7a9448",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"get-header-value-trim-presigned",
     "GET",
     "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host%3Bmy-header1%3Bmy-header2&X-Amz-Signature="
     "9309f73b6c51d1dc9271d71e7662b9562e3b436946f6a2c893d11272504ae202",
     {{"Host", "example.amazonaws.com"},
      {"My-Header1", " value1"},
      {"My-Header2", " \"a   b   c\""}},
     "",
     ""},
    {"post-vanilla-presigned",
     "POST",
     "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host&X-Amz-Signature=a809379500523bfadfa59568f4e435d5d2dbe23aaa6277986891eaae448a501e",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"post-vanilla-query-presigned",
     "POST",
     "/?Param1=value1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%"
     "2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-"
     "SignedHeaders=host&X-Amz-Signature="
     "234cb0c45c3311a96de0ec4fa66d66808c9f081b3549a7423dd3d49844923fb7",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"post-header-key-sort-presigned",
     "POST",
     "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host%3Bmy-header1&X-Amz-Signature="
     "b49ca760415ec6f387e9a6bc0b71d5023923019df7ea3f8153e77600e6009a19",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", "value1"}},
     "",
     ""},
    {"post-sts-header-before-presigned",
     "POST",
     "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host&X-Amz-Security-Token=AQoDYXdzEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEXAMPLEtc764bNrC9SAPBS&X-"
     "Amz-Signature=09c545c87fc6351fc453c0ebdd892c4ac5bf905cff5aece3bbf007232ac3dbd0",
     {{"Host", "example.amazonaws.com"}},
     "",
     "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBS"},
    {"trailing-slash-presigned",
     "GET",
     "/2015-03-31/functions/"
     "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%"
     "2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders="
     "host&X-Amz-Signature=efe29282cdae8a7058a8b1fcac6cfed01bde3ceb3aeb22defb9d181bf448de25",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"query-with-special-presigned",
     "GET",
     "/2015-03-31/"
     "functions?Marker=a%2Bb%2F%3D%3D&MaxItems=5&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
     "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-"
     "Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature="
     "cfb18f55c56edf1639e867a8daaa21e36f09d5247f8c047b737146eec558af3f",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
    {"tags-presigned",
     "DELETE",
     "/2017-03-31/tags/"
     "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1?tagKeys=b&X-Amz-Algorithm="
     "AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_"
     "request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-"
     "Signature=91f79aefcf7d777bf8dd6b07e37546a8aae6c3821d70b1c3748be077dd1a7e1b",
     {{"Host", "example.amazonaws.com"}},
     "",
     ""},
};

}  // namespace proa::identity
