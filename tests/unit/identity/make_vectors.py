"""Prints vectors.h: requests of AWS's SigV4 test suite and more, signed by the installed botocore.

Usage: /usr/bin/python3 make_vectors.py > vectors.h; clang-format-14 -i vectors.h
"""
import datetime
from unittest import mock

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HOST = "example.amazonaws.com"
NOW = datetime.datetime(2015, 8, 30, 12, 36, 0)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ARN = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1"

# name, method, target, headers, body, session token
CASES = [
    ("get-vanilla", "GET", "/", [], "", None),
    ("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", [], "", None),
    ("get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1", [], "", None),
    ("get-vanilla-empty-query-key", "GET", "/?Param1=value1", [], "", None),
    ("get-vanilla-query-unreserved", "GET", "/?-._~0123456789ABCabc=-._~0123456789ABCabc", [], "",
     None),
    ("get-vanilla-utf8-query", "GET", "/?%E1%88%B4=bar", [], "", None),
    ("get-utf8", "GET", "/%E1%88%B4", [], "", None),
    ("get-unreserved", "GET", "/-._~0123456789ABCabc", [], "", None),
    ("get-space", "GET", "/example%20space/", [], "", None),
    ("get-slash", "GET", "//", [], "", None),
    ("get-slashes", "GET", "//example//", [], "", None),
    ("get-slash-dot-slash", "GET", "/./", [], "", None),
    ("get-relative", "GET", "/example/..", [], "", None),
    ("get-relative-relative", "GET", "/example1/example2/../..", [], "", None),
    ("get-header-value-trim", "GET", "/", [("My-Header1", " value1"),
                                           ("My-Header2", ' "a   b   c"')], "", None),
    ("post-vanilla", "POST", "/", [], "", None),
    ("post-vanilla-query", "POST", "/?Param1=value1", [], "", None),
    ("post-header-key-sort", "POST", "/", [("My-Header1", "value1")], "", None),
    ("post-x-www-form-urlencoded", "POST", "/",
     [("Content-Type", "application/x-www-form-urlencoded")], "Param1=value1", None),
    ("post-sts-header-before", "POST", "/", [], "", "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBS"),
    ("lambda-arn", "POST", f"/2015-03-31/functions/{ARN}/invocations", [], "{}", None),
    ("lambda-qualifier", "POST", "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST",
     [("X-Amz-Invocation-Type", "RequestResponse")], '{"k":"v"}', None),
    ("trailing-slash", "GET", "/2015-03-31/functions/", [], "", None),
    ("query-with-special", "GET", "/2015-03-31/functions?Marker=a%2Bb%2F%3D%3D&MaxItems=5", [], "",
     None),
    ("tags", "DELETE", f"/2017-03-31/tags/{ARN}?tagKeys=b&tagKeys=a%20c", [], "", None),
]


def signed(case, auth_class, **options):
    _, method, target, headers, body, token = case
    request = AWSRequest(method=method, url=f"http://{HOST}{target}", data=body.encode())
    for header, value in headers:
        request.headers[header] = value
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    with mock.patch("botocore.auth.datetime") as clock:
        clock.datetime.utcnow.return_value = NOW
        clock.datetime.strptime = datetime.datetime.strptime
        auth_class(credentials, "service", "us-east-1", **options).add_auth(request)
    return request


def text(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def vector(name, case, request, target):
    headers = [("Host", HOST)] + [(key, value) for key, value in request.headers.items()]
    pairs = ", ".join("{" + text(key) + ", " + text(value) + "}" for key, value in headers)
    return "{%s, %s, %s, {%s}, %s, %s}," % (text(name), text(case[1]), text(target), pairs,
                                            text(case[4]), text(case[5] or ""))


def main():
    print("// Made by make_vectors.py with botocore %s: do not edit." % botocore.__version__)
    print("#pragma once\n\n#include <string>\n#include <utility>\n#include <vector>\n")
    print("namespace proa::identity {\n\n/// A request as a client sent it.\nstruct Vector {")
    print("  std::string name;\n  std::string method;\n  std::string target;")
    print("  std::vector<std::pair<std::string, std::string>> headers;\n  std::string body;")
    print("  std::string token;\n};\n\ninline const std::vector<Vector> kVectors = {")
    for case in CASES:
        print(vector(case[0], case, signed(case, botocore.auth.SigV4Auth), case[2]))
    for case in CASES:
        if case[4] or case[0].startswith(("get-slash", "get-vanilla-query", "get-relative")):
            continue
        request = signed(case, botocore.auth.SigV4QueryAuth, expires=60)
        target = request.url[len("http://" + HOST):]
        print(vector(case[0] + "-presigned", case, request, target))
    print("};\n\n}  // namespace proa::identity")


main()
