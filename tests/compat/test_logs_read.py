"""Reading logs by AWS's clients and by `proa logs`, from functions that really print."""
import json
import os
import re
import select
import signal
import subprocess
import threading
import time
import unittest

from daemon import BINARY_DIR, DaemonTestCase

PRINTS = """
import json
def handler(event, context):
    for line in event.get("lines", []):
        print(line if isinstance(line, str) else json.dumps(line))
    for number in range(event.get("count", 0)):
        print("line", number)
    return context.log_stream_name
"""


class LogsTestCase(DaemonTestCase):
    def call(self, name, lines=(), count=0):
        """The request id and the stream of a call that prints."""
        event = json.dumps({"lines": list(lines), "count": count})
        answer = self.client().invoke(FunctionName=name, Payload=event.encode())
        self.assertNotIn("FunctionError", answer)
        request_id = answer["ResponseMetadata"]["RequestId"]
        return request_id, json.load(answer["Payload"])

    def events(self, group, **more):
        """All events of a group that fit, page by page."""
        pages = self.client(service="logs").get_paginator("filter_log_events").paginate(
            logGroupName=group, **more)
        return [event for page in pages for event in page["events"]]

    def wait_for(self, group, text):
        """Until an event with `text` is there."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if any(text in event["message"] for event in self.events(group)):
                    return
            except self.client(service="logs").exceptions.ResourceNotFoundException:
                pass
            time.sleep(0.02)
        self.fail(f"{text!r} never came to {group}")

    def start(self, words, **environment):
        """A program whose output is read while it runs."""
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any",
                     AWS_DEFAULT_REGION="us-east-1", PROA_ENDPOINT=self.daemon.endpoint,
                     ASAN_OPTIONS="detect_leaks=0", PYTHONUNBUFFERED="1", **environment))
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def read_until(self, process, text, patience=60):
        """Output up to a line with `text`; the time when that line came."""
        seen = b""
        deadline = time.monotonic() + patience
        while text.encode() not in seen:
            left = deadline - time.monotonic()
            self.assertGreater(left, 0, seen.decode() + f" has no {text!r}")
            if select.select([process.stdout], [], [], left)[0]:
                chunk = os.read(process.stdout.fileno(), 65536)
                self.assertTrue(chunk, seen.decode() + f" ended without {text!r}")
                seen += chunk
        return seen.decode(), time.monotonic()

    def latencies(self, process, name, count=10):
        """Milliseconds from a function's print to the reader's line, as the function's clock and
        ours tell; the machine is shared, so they are printed and only loosely held."""
        took = []
        for number in range(count):
            sent = time.monotonic()
            self.call(name, [f"mark {number} {os.getpid()}"])
            _, came = self.read_until(process, f"mark {number} {os.getpid()}")
            took.append((came - sent) * 1000)
        return sorted(took)


class Reading(LogsTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name = "talker"
        cls.group = "/aws/lambda/talker"

    def setUp(self):
        self.logs = self.client(service="logs")
        if not hasattr(Reading, "is_deployed"):
            self.deploy(self.name, PRINTS, Timeout=60)
            Reading.is_deployed = True

    def test_filter_finds_what_was_printed(self):
        lines = ["hello ERROR", {"level": "ERROR", "n": 5}, "bye"]
        request_id, stream = self.call(self.name, lines)
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        events = self.events(self.group, filterPattern=f'"{request_id}"')
        self.assertEqual([event["message"].split()[0] for event in events],
                         ["START", "END", "REPORT"])
        self.assertEqual({event["logStreamName"] for event in events}, {stream})
        since = events[0]["timestamp"]
        found = self.events(self.group, filterPattern='{ $.level = "ERROR" && $.n > 4 }',
                            startTime=since)
        self.assertEqual([json.loads(event["message"]) for event in found],
                         [{"level": "ERROR", "n": 5}])
        found = self.events(self.group, filterPattern="ERROR -level", startTime=since)
        self.assertEqual([event["message"] for event in found], ["hello ERROR\n"])
        self.assertEqual(self.events(self.group, startTime=since,
                                     logStreamNames=["2000/01/01/[$LATEST]none"]), [])
        self.assertLessEqual(abs(since / 1000 - time.time()), 60)

    def test_thousands_of_events_page_by_page(self):
        request_id, stream = self.call(self.name, [f"flood {os.getpid()}"], count=5000)
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        start = self.events(self.group, filterPattern=f'"{request_id}"')[0]["timestamp"]
        events = self.events(self.group, filterPattern="%^line [0-9]+$%", startTime=start,
                             logStreamNames=[stream], PaginationConfig={"PageSize": 700})
        self.assertEqual([event["message"] for event in events],
                         [f"line {number}\n" for number in range(5000)])
        ids = [event["eventId"] for event in events]
        self.assertEqual(ids, sorted(set(ids)))
        times = [event["timestamp"] for event in events]
        self.assertEqual(times, sorted(times))

    def walk(self, token, **more):
        """All messages of a stream in one direction, until the token stays."""
        messages = []
        for _ in range(1000):
            page = self.logs.get_log_events(logGroupName=self.group, limit=400, **more)
            part = [event["message"] for event in page["events"]]
            messages = messages + part if token == "nextForwardToken" else part + messages
            if page[token] == more.get("nextToken"):
                return messages
            more["nextToken"] = page[token]
        return self.fail("the token never stays")

    def test_get_log_events_goes_both_ways(self):
        request_id, stream = self.call(self.name, [f"walk {os.getpid()}"], count=1500)
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        forward = self.walk("nextForwardToken", logStreamName=stream, startFromHead=True)
        backward = self.walk("nextBackwardToken", logStreamName=stream)
        self.assertEqual(forward, backward)
        self.assertGreaterEqual(len(forward), 1500)
        self.assertIn("line 1499\n", forward)
        last = self.logs.get_log_events(logGroupName=self.group, logStreamName=stream, limit=1)
        self.assertTrue(last["events"][0]["message"].startswith("REPORT"))

    def test_groups_and_streams_are_described(self):
        request_id, stream = self.call(self.name, ["here"])
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        groups = self.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/talk")["logGroups"]
        self.assertEqual([group["logGroupName"] for group in groups], [self.group])
        self.assertEqual(groups[0]["arn"],
                         f"arn:aws:logs:us-east-1:000000000000:log-group:{self.group}:*")
        self.assertGreater(groups[0]["storedBytes"], 0)
        streams = self.logs.describe_log_streams(logGroupName=self.group, orderBy="LastEventTime",
                                                 descending=True)["logStreams"]
        self.assertIn(stream, [one["logStreamName"] for one in streams])
        for one in streams:
            self.assertLessEqual(one["firstEventTimestamp"], one["lastEventTimestamp"])

    def test_errors_are_those_of_aws(self):
        with self.assertRaises(self.logs.exceptions.ResourceNotFoundException) as raised:
            self.logs.filter_log_events(logGroupName="/aws/lambda/nobody")
        error = raised.exception.response
        self.assertEqual(error["Error"]["Message"], "The specified log group does not exist.")
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertTrue(error["ResponseMetadata"]["RequestId"])
        for pattern, text in (("{ $.a = 1", "must end with '}'"), ("a:b", "Invalid character"),
                              ("%(a)%", "'(' is not supported"), ("[a, ..., b, ...]", "a second")):
            with self.assertRaises(self.logs.exceptions.InvalidParameterException) as raised:
                self.logs.filter_log_events(logGroupName=self.group, filterPattern=pattern)
            self.assertIn(text, str(raised.exception))
        request_id, _ = self.call(self.name, ["here"])
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        with self.assertRaisesRegex(self.logs.exceptions.ResourceNotFoundException,
                                    "The specified log stream does not exist."):
            self.logs.get_log_events(logGroupName=self.group, logStreamName="none")

    def test_tail_without_follow_ends(self):
        request_id, stream = self.call(self.name, [f"tail {os.getpid()}"])
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        out = self.aws("logs", "tail", self.group, "--since", "5m")
        self.assertRegex(out, rf"(?m)^\S+ {re.escape(stream)} tail {os.getpid()}$")
        out = self.aws("logs", "tail", self.group, "--format", "short", "--filter-pattern",
                       f'"tail {os.getpid()}"')
        self.assertEqual(len(out.splitlines()), 1)

    def test_tail_follows_within_a_moment(self):
        request_id, _ = self.call(self.name, ["first"])
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        process = self.start(["/usr/bin/aws", "--endpoint-url", self.daemon.endpoint, "logs",
                              "tail", self.group, "--follow", "--since", "1m"])
        self.read_until(process, "first")
        time.sleep(5.5)  # the CLI's own pause behind the first page
        took = self.latencies(process, self.name)
        print(f"\naws logs tail --follow: call to line in ms: {[round(ms) for ms in took]}")
        self.assertLess(took[len(took) // 2], 3000)  # on its own the CLI looks every 5 s
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)

    def test_a_held_tail_holds_no_stop_up(self):
        request_id, _ = self.call(self.name, ["stop"])
        self.wait_for(self.group, f"REPORT RequestId: {request_id}")
        process = self.start([os.path.join(BINARY_DIR, "proa"), "logs", self.name, "-f"])
        self.read_until(process, "stop")
        time.sleep(0.5)
        began = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 15)  # the hold alone would take 20 s
        process.wait(timeout=30)
        self.assertIn(b"Is proa serve running?", process.stderr.read())
        self.daemon.start()
        self.wait_for(self.group, "stop")  # and the log is still there


class ProaLogs(LogsTestCase):
    def setUp(self):
        if not hasattr(ProaLogs, "is_deployed"):
            self.deploy("chatty", PRINTS)
            ProaLogs.is_deployed = True

    def proa_lines(self, *words):
        status, out, error = self.proa("logs", "chatty", *words)
        self.assertEqual(status, 0, error)
        return out.splitlines()

    def test_the_verb_shows_calls(self):
        request_id, stream = self.call("chatty", ["one", "two ERROR"])
        self.wait_for("/aws/lambda/chatty", f"REPORT RequestId: {request_id}")
        lines = self.proa_lines("--request-id", request_id)
        self.assertEqual([line.split()[1] for line in lines],
                         ["START", "one", "two", "END", "REPORT"])
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z START RequestId: ")
        self.assertEqual(len(self.proa_lines("-n", "1")), 1)
        shown = [json.loads(line) for line in self.proa_lines("--filter", "ERROR", "--json",
                                                              "--since", "5m")]
        self.assertEqual(shown[-1]["message"], "two ERROR")
        self.assertEqual(shown[-1]["request_id"], request_id)
        self.assertEqual(shown[-1]["stream"], stream)

    def test_a_function_that_never_logged_is_said_so(self):
        self.deploy("quiet", PRINTS)
        said = "quiet has not logged anything yet.\n"
        self.assertEqual(self.proa("logs", "quiet"), (0, "", said))
        status, out, error = self.proa("logs", "nobody")
        self.assertEqual((status, out), (4, ""))
        self.assertIn("Function not found", error)
        status, _, error = self.proa("logs", "chatty", "--since", "yesterday")
        self.assertEqual(status, 1)
        self.assertIn("since: 'yesterday' is neither an age", error)

    def test_following_shows_lines_as_they_are_printed(self):
        process = self.start([os.path.join(BINARY_DIR, "proa"), "logs", "chatty", "-f"])
        self.call("chatty", ["warm"])
        self.read_until(process, "warm")
        took = self.latencies(process, "chatty")
        print(f"\nproa logs -f: call to line in ms: {[round(ms) for ms in took]}")
        self.assertLess(took[len(took) // 2], 3000)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=30), -signal.SIGINT)
        self.assertEqual(process.stderr.read(), b"")

    def test_following_a_function_before_its_first_call(self):
        self.deploy("later", PRINTS)
        process = self.start([os.path.join(BINARY_DIR, "proa"), "logs", "later", "--follow"])
        time.sleep(0.5)
        self.call("later", ["at last"])
        self.read_until(process, "at last")

    def test_a_reader_that_stalls_costs_nobody_anything(self):
        process = self.start([os.path.join(BINARY_DIR, "proa"), "logs", "chatty", "-f"])
        stop = threading.Event()
        self.addCleanup(stop.set)
        for _ in range(4):  # far more than a pipe holds, and nobody reads it
            self.call("chatty", count=5000)
        began = time.monotonic()
        self.call("chatty", ["still here"])
        self.assertLess(time.monotonic() - began, 10)
        self.read_until(process, "still here", patience=120)  # and nothing was lost meanwhile

    def test_a_closed_pipe_ends_it_quietly(self):
        request_id, _ = self.call("chatty", ["x"])
        self.wait_for("/aws/lambda/chatty", f"REPORT RequestId: {request_id}")
        done = subprocess.run(
            ["bash", "-c", '"$0" logs chatty -f --json | head -n 1',
             os.path.join(BINARY_DIR, "proa")], timeout=60, check=False, capture_output=True,
            env=dict(os.environ, PROA_ENDPOINT=self.daemon.endpoint, ASAN_OPTIONS="detect_leaks=0"))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(len(done.stdout.splitlines()), 1)


class WithKeys(LogsTestCase):
    def test_logs_need_their_right_and_their_account(self):
        self.deploy("secret", PRINTS)
        request_id, _ = self.call("secret", ["for my eyes"])
        self.wait_for("/aws/lambda/secret", f"REPORT RequestId: {request_id}")
        admin = tuple(re.findall(r"export AWS_\w+=(\S+)", self.proa("key", "create")[1]))
        keys = {}
        for right in ("invoke", "logs"):
            made = json.loads(self.proa("key", "create", "--right", right, "--json", key=admin)[1])
            keys[right] = (made["access_key_id"], made["secret_access_key"])
        reader = self.client(keys["logs"], service="logs")
        events = reader.filter_log_events(logGroupName="/aws/lambda/secret")["events"]
        self.assertIn("for my eyes\n", [event["message"] for event in events])
        self.assertIn("for my eyes", self.aws("logs", "tail", "/aws/lambda/secret",
                                              key=keys["logs"]))
        self.assertEqual(self.proa("logs", "secret", key=keys["logs"])[0], 0)
        caller = self.client(keys["invoke"], service="logs")
        with self.assertRaises(Exception) as raised:
            caller.filter_log_events(logGroupName="/aws/lambda/secret")
        error = raised.exception.response
        self.assertEqual(error["Error"]["Code"], "AccessDeniedException")
        self.assertIn("is not authorized to perform: logs:FilterLogEvents on resource: "
                      "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/secret",
                      error["Error"]["Message"])
        self.assertEqual(self.proa("logs", "secret", key=keys["invoke"])[0], 5)
        with self.assertRaises(Exception) as raised:
            self.client(("AKIANOBODY", "x"), service="logs").describe_log_groups()
        self.assertEqual(raised.exception.response["Error"]["Code"], "UnrecognizedClientException")


if __name__ == "__main__":
    unittest.main()
