"""Traces: W3C's traceparent and X-Amzn-Trace-Id in, through chains of functions, and to events."""
import json
import time
import unittest
import urllib.error
import urllib.request

from daemon import DaemonTestCase, patience

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=1"

TELLS = """
import os
def handler(event, context):
    return os.environ["_X_AMZN_TRACE_ID"]
"""
# By hand, as a client that knows nothing of traces: what it sends is signed and nothing more.
CALLS = """
import datetime, hashlib, hmac, http.client, json, os
def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
def signed(host, path, body):
    now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
    scope = now[:8] + "/us-east-1/lambda/aws4_request"
    canonical = "\\n".join(["POST", path, "", "host:" + host, "x-amz-date:" + now, "",
                           "host;x-amz-date", hashlib.sha256(body.encode()).hexdigest()])
    text = "\\n".join(["AWS4-HMAC-SHA256", now, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = keyed(key, part)
    return {"X-Amz-Date": now, "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
            "Authorization": "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"] + "/"
            + scope + ", SignedHeaders=host;x-amz-date, Signature=" + keyed(key, text).hex()}
def call(name, headers):
    host = os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://")
    path = "/2015-03-31/functions/" + name + "/invocations"
    api = http.client.HTTPConnection(host)
    api.request("POST", path, "{}", {**signed(host, path, "{}"), **headers})
    return json.loads(api.getresponse().read())
def handler(event, context):
    return [os.environ["_X_AMZN_TRACE_ID"], call(event["name"], event.get("headers", {}))]
"""
# Keeps what it saw where the next call in the same environment finds it.
KEEPS = """
import os
seen = []
def handler(event, context):
    if event != "seen":
        seen.append(os.environ["_X_AMZN_TRACE_ID"])
    return seen
"""


class Traces(DaemonTestCase):
    def invoke(self, name, event=None, **headers):
        """The answer's payload and its X-Amzn-Trace-Id."""
        request = urllib.request.Request(
            f"{self.daemon.endpoint}/2015-03-31/functions/{name}/invocations",
            json.dumps(event or {}).encode(), headers)
        with urllib.request.urlopen(request, timeout=patience(60)) as answer:
            return json.load(answer), answer.headers["X-Amzn-Trace-Id"]

    def test_a_traceparent_reaches_the_function_and_the_answer_as_xrays_header(self):
        self.deploy("tells", TELLS)
        self.assertEqual(self.invoke("tells", traceparent=GIVEN), (XRAY, XRAY))
        own = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
        self.assertEqual(self.invoke("tells", **{"traceparent": GIVEN, "X-Amzn-Trace-Id": own}),
                         (own, own))

    def test_a_malformed_traceparent_begins_a_trace_of_its_own(self):
        self.deploy("malformed", TELLS)
        for bad in (GIVEN.upper(), GIVEN[:-1], "ff" + GIVEN[2:], f"00-{'0' * 32}-{PARENT}-01"):
            trace, _ = self.invoke("malformed", traceparent=bad)
            self.assertRegex(trace, "^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};"
                                    "Sampled=0$")
            self.assertNotIn(TRACE[8:], trace)

    def test_a_function_that_calls_another_carries_its_trace_on(self):  # BASE-31
        self.deploy("first", CALLS, Timeout=30)
        self.deploy("second", TELLS)
        (seen, there), _ = self.invoke("first", {"name": "second"}, traceparent=GIVEN)
        self.assertEqual((seen, there), (XRAY, XRAY))
        (seen, there), _ = self.invoke("first", {"name": "second"})
        self.assertEqual(there, seen)
        self.assertNotEqual(seen, XRAY)

    def test_a_trace_that_the_function_names_itself_wins(self):
        self.deploy("names", CALLS, Timeout=30)
        self.deploy("named", TELLS)
        own = "00-11111111222222223333333344444444-5555555566666666-00"
        (_, there), _ = self.invoke("names", {"name": "named", "headers": {"traceparent": own}},
                                    traceparent=GIVEN)
        self.assertEqual(there, "Root=1-11111111-222222223333333344444444;"
                                "Parent=5555555566666666;Sampled=0")

    def test_an_asynchronous_call_keeps_its_trace(self):
        # One call at a time: so all of them meet in one environment.
        self.deploy("keeps", KEEPS).put_function_concurrency(
            FunctionName="keeps", ReservedConcurrentExecutions=1)
        headers = {"traceparent": GIVEN, "X-Amz-Invocation-Type": "Event"}
        request = urllib.request.Request(
            self.daemon.endpoint + "/2015-03-31/functions/keeps/invocations", b"{}", headers)
        with urllib.request.urlopen(request, timeout=patience(60)) as answer:
            self.assertEqual((answer.status, answer.headers["X-Amzn-Trace-Id"]), (202, XRAY))
        deadline = time.monotonic() + patience(60)
        seen = []
        while not seen:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
            try:
                seen = self.invoke("keeps", "seen")[0]
            except urllib.error.HTTPError as error:  # the event runs
                with error:
                    self.assertEqual(error.code, 429)
        self.assertEqual(seen, [XRAY])


if __name__ == "__main__":
    unittest.main()
