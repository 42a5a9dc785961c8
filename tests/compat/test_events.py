"""Asynchronous calls: accepted with 202, run once at least, retried, given up, by the AWS tools."""
import json
import os
import subprocess
import threading
import time
import unittest
import urllib.request

from botocore.exceptions import ClientError

from daemon import BINARY_DIR, DaemonTestCase, patience

# The answer is the only thing that leaves a function without a network; a collector that always
# fails turns what it was sent into a dead letter, where a test can read it.
CODE = """
import os, time
def handler(event, context):
    do = event.get("do")
    if do == "fail":
        raise ValueError(f"no good: {event['n']}")
    if do == "exit":
        os._exit(9)
    if do == "sleep":
        time.sleep(event["s"])
    return {"n": event.get("n"), "request": context.aws_request_id}

def collector(event, context):
    raise RuntimeError("collected")
"""


class EventTestCase(DaemonTestCase):
    def letters(self, function=None):
        words = ["dead-letters", "list", "--json"] + (["--function", function] if function else [])
        status, out, error = self.proa(*words)
        self.assertEqual(status, 0, error)
        return json.loads(out)["dead_letters"]

    def letter(self, number):
        status, out, error = self.proa("dead-letters", "show", str(number))
        self.assertEqual(status, 0, error)
        return json.loads(out)

    def events(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status", timeout=30) as answer:
            return json.load(answer)["events"]

    def wait_for(self, what, condition, seconds=60):
        deadline = time.monotonic() + patience(seconds)
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}: {self.events()}")
            time.sleep(0.05)

    def send(self, client, name, event):
        answer = client.invoke(FunctionName=name, InvocationType="Event",
                               Payload=json.dumps(event).encode())
        self.assertEqual(answer["StatusCode"], 202)
        self.assertEqual(answer["Payload"].read(), b"")
        return answer["ResponseMetadata"]["RequestId"]


class Events(EventTestCase):
    arguments = ("--event-retry-delay", "1")

    def forget_all(self):
        self.proa("dead-letters", "delete", "--all")

    def setUp(self):
        self.addCleanup(self.forget_all)

    def collect(self, client, name, success=None, failure=None, **more):
        """Sends what becomes of the events of `name` to a collector."""
        target = "arn:aws:lambda:us-east-1:000000000000:function:collector-" + name
        self.deploy("collector-" + name, CODE, handler="app.collector")
        client.put_function_event_invoke_config(
            FunctionName="collector-" + name, MaximumRetryAttempts=0)
        ends = {}
        if success:
            ends["OnSuccess"] = {"Destination": target}
        if failure:
            ends["OnFailure"] = {"Destination": target}
        client.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig=ends, **more)

    def collected(self, name):
        return [self.letter(each["id"])["payload"] for each in self.letters("collector-" + name)]

    def test_an_event_runs_and_its_answer_reaches_the_destination(self):
        client = self.deploy("good", CODE)
        self.collect(client, "good", success=True)
        request = self.send(client, "good", {"n": 1})
        self.wait_for("the record", lambda: self.letters("collector-good"))
        record, = self.collected("good")
        self.assertEqual(record["version"], "1.0")
        self.assertEqual(record["requestContext"], {
            "requestId": request, "condition": "Success", "approximateInvokeCount": 1,
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:good:$LATEST"})
        self.assertEqual(record["requestPayload"], {"n": 1})
        self.assertEqual(record["responsePayload"], {"n": 1, "request": request})
        self.assertEqual(record["responseContext"],
                         {"statusCode": 200, "executedVersion": "$LATEST"})

    def test_a_failing_event_is_retried_twice_and_can_be_run_again(self):  # BASE-11
        client = self.deploy("bad", CODE)
        begin = time.monotonic()
        request = self.send(client, "bad", {"do": "fail", "n": 2})
        self.wait_for("the dead letter", lambda: self.letters("bad"))
        self.assertGreaterEqual(time.monotonic() - begin, 3)  # 1 s and 2 s, as it was asked for
        letter = self.letter(self.letters("bad")[0]["id"])
        self.assertEqual(letter["condition"], "RetriesExhausted")
        self.assertEqual(letter["attempts"], 3)
        self.assertEqual(letter["request_id"], request)
        self.assertEqual(letter["payload"], {"do": "fail", "n": 2})
        self.assertEqual(letter["response"]["errorMessage"], "no good: 2")
        client.update_function_configuration(FunctionName="bad", Handler="app.collector")
        succeeded = self.events()["failed"]
        status, out, error = self.proa("dead-letters", "rerun", str(letter["id"]))
        self.assertEqual((status, out), (0, "1 dead letter(s) run again.\n"), error)
        self.wait_for("its second end", lambda: self.events()["failed"] > succeeded)
        again = self.letter(self.letters("bad")[0]["id"])
        self.assertEqual(again["response"]["errorMessage"], "collected")
        self.assertEqual(again["request_id"], request)
        self.assertEqual(self.proa("dead-letters", "delete", str(again["id"]))[0], 0)
        self.assertEqual(self.letters("bad"), [])
        status, _, error = self.proa("dead-letters", "show", str(again["id"]))
        self.assertNotEqual(status, 0)
        self.assertIn(f"There is no dead letter {again['id']}.", error)

    def test_a_failing_event_reaches_its_destination(self):
        client = self.deploy("exits", CODE)
        self.collect(client, "exits", failure=True, MaximumRetryAttempts=0)
        self.send(client, "exits", {"do": "exit"})
        self.wait_for("the record", lambda: self.letters("collector-exits"))
        record, = self.collected("exits")
        self.assertEqual(record["requestContext"]["condition"], "RetriesExhausted")
        self.assertEqual(record["requestContext"]["approximateInvokeCount"], 1)
        self.assertEqual(record["responseContext"]["functionError"], "Unhandled")
        self.assertEqual(record["responsePayload"]["errorType"], "Runtime.ExitError")
        self.assertEqual(self.letters("exits"), [])

    def test_events_of_a_function_at_its_limit_wait(self):  # BASE-9
        client = self.deploy("limited", CODE, Timeout=60)
        client.put_function_concurrency(FunctionName="limited", ReservedConcurrentExecutions=1)
        self.collect(client, "limited", success=True)
        holder = threading.Thread(target=self.hold, args=(client, "limited"))
        holder.start()
        self.wait_for("the call that takes all there is", lambda: self.is_throttled("limited"))
        for number in range(5):
            self.send(client, "limited", {"n": number})
        time.sleep(1)
        self.assertEqual(self.letters("collector-limited"), [])
        self.assertEqual(self.letters("limited"), [])
        holder.join(patience(60))
        self.wait_for("all five", lambda: len(self.letters("collector-limited")) == 5)
        self.assertEqual(sorted(each["requestPayload"]["n"]
                                for each in self.collected("limited")), [0, 1, 2, 3, 4])

    @staticmethod
    def hold(client, name):
        """One call that takes 4 s. `is_throttled` calls too: this one may have to ask again."""
        while True:
            try:
                return client.invoke(FunctionName=name, Payload=b'{"do": "sleep", "s": 4}')
            except client.exceptions.TooManyRequestsException:
                pass

    def is_throttled(self, name):
        """Whether a caller who waits for the answer is told to come back later."""
        try:
            self.client().invoke(FunctionName=name, Payload=b"{}")
        except ClientError as error:
            self.assertEqual(error.response["Error"]["Code"], "TooManyRequestsException")
            return True
        return False

    def test_events_of_a_function_that_may_not_run_are_given_up(self):
        client = self.deploy("paused", CODE)
        client.put_function_concurrency(FunctionName="paused", ReservedConcurrentExecutions=0)
        self.send(client, "paused", {"n": 1})
        self.wait_for("the dead letter", lambda: self.letters("paused"))
        letter, = self.letters("paused")
        self.assertEqual((letter["condition"], letter["attempts"]), ("ZeroReservedConcurrency", 0))
        client.delete_function_concurrency(FunctionName="paused")
        succeeded = self.events()["succeeded"]
        self.assertEqual(self.proa("dead-letters", "rerun", "--all", "--function", "paused")[0], 0)
        self.wait_for("its run", lambda: self.events()["succeeded"] > succeeded)

    def test_a_function_that_is_deleted_leaves_its_events_as_dead_letters(self):
        client = self.deploy("leaves", CODE)
        retried = self.events()["retried"]
        self.send(client, "leaves", {"do": "fail", "n": 1})
        self.wait_for("the first error", lambda: self.events()["retried"] > retried)
        client.delete_function(FunctionName="leaves")  # within the second before the retry
        self.wait_for("the dead letter", lambda: self.letters("leaves"))
        self.assertEqual(self.letters("leaves")[0]["condition"], "FunctionNotFound")

    def test_what_cannot_wait_is_refused(self):
        client = self.deploy("refuses", CODE)
        cases = ((dict(FunctionName="nobody", Payload=b"{}"), "ResourceNotFoundException"),
                 (dict(FunctionName="refuses", Payload=b"{"), "InvalidRequestContentException"),
                 (dict(FunctionName="refuses", Payload=b'"' + b"x" * (1 << 20) + b'"'),
                  "RequestEntityTooLargeException"))
        for arguments, code in cases:
            with self.assertRaises(ClientError) as refused:
                client.invoke(InvocationType="Event", **arguments)
            self.assertEqual(refused.exception.response["Error"]["Code"], code)

    def test_the_aws_cli_and_functions_themselves_send_events(self):
        client = self.deploy("by-cli", CODE)
        self.collect(client, "by-cli", success=True)
        out = self.aws("lambda", "invoke", "--function-name", "by-cli", "--invocation-type",
                       "Event", "--payload", '{"n": 3}', "--cli-binary-format", "raw-in-base64-out",
                       "/dev/null")
        self.assertEqual(json.loads(out)["StatusCode"], 202)
        out = self.aws("lambda", "invoke-async", "--function-name", "by-cli", "--invoke-args",
                       self.file_of('{"n": 4}'))
        self.assertEqual(json.loads(out)["Status"], 202)
        caller = self.deploy("calls", """
import boto3, os
def handler(event, context):
    client = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL_LAMBDA"])
    answer = client.invoke(
        FunctionName="by-cli", InvocationType="Event", Payload=b'{"n": 5}')
    return answer["StatusCode"]
""", Timeout=60)
        answer = caller.invoke(FunctionName="calls", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"]), 202)
        self.wait_for("all three", lambda: len(self.letters("collector-by-cli")) == 3)
        self.assertEqual(sorted(each["requestPayload"]["n"] for each in self.collected("by-cli")),
                         [3, 4, 5])

    def test_status_counts_them(self):
        status, out, error = self.proa("status")
        self.assertEqual(status, 0, error)
        self.assertRegex(out, r"(?m)^events +waiting \d+, running \d+, dead letters \d+, ")
        self.assertRegex(out, r"(?m)^limit memory +(enforced by /|NOT enforced: )")
        self.assertRegex(out, r"(?m)^network +\w")

    def file_of(self, text):
        path = os.path.join(self.daemon.folder, "arguments.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class EventsOverARestart(EventTestCase):
    arguments = ("--event-retry-delay", "1", "--stop-timeout", "1")

    def test_what_waits_or_is_cut_off_runs_after_the_next_start(self):
        client = self.deploy("slow", CODE, Timeout=60)
        client.put_function_event_invoke_config(FunctionName="slow", MaximumRetryAttempts=0)
        for number in range(3):
            self.send(client, "slow", {"do": "sleep", "s": 8, "n": number})
        self.wait_for("its start", lambda: self.events()["running"] == 3)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.wait_for("all three", lambda: self.events()["succeeded"] == 3)
        self.assertEqual(self.events()["waiting"], 0)
        self.assertEqual(self.letters(), [])

    def test_a_damaged_queue_is_named_and_the_rest_is_served(self):
        client = self.deploy("serves", CODE)
        self.assertEqual(self.daemon.stop(), 0)
        file = os.path.join(self.daemon.folder, "data", "queue", "events.db")
        kept = file + ".kept"
        os.rename(file, kept)
        with open(file, "w", encoding="utf-8") as broken:
            broken.write("this is no database")
        try:
            self.daemon.start()
            client = self.client()
            answer = client.invoke(FunctionName="serves", Payload=b'{"n": 1}')
            self.assertEqual(json.load(answer["Payload"])["n"], 1)
            with self.assertRaises(ClientError) as refused:
                client.invoke(FunctionName="serves", InvocationType="Event", Payload=b"{}")
            self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 503)
            self.assertIn("events.db", str(refused.exception))
            self.assertIn("events.db", self.events()["unavailable"])
        finally:
            self.daemon.stop()
            os.rename(kept, file)
            self.daemon.start()


if __name__ == "__main__":
    unittest.main()
