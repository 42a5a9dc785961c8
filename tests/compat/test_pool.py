"""Placement, updates under way and the host's limits, on a real daemon (BASE-13 to 16, 20, 29)."""
import json
import os
import threading
import time
import unittest
import urllib.request

from daemon import ISOLATION, NOT_AHEAD, DaemonTestCase, patience, zip_of

SLEEPER = """
import time
def handler(event, context):
    time.sleep(event.get('s', 0))
    return {which!r}
"""


TMP = """
import os
def handler(event, context):
    disk = os.statvfs('/tmp')
    return disk.f_blocks * disk.f_frsize >> 20
"""


def sleeper(which):
    return SLEEPER.format(which=which)


def answer_of(client, name, event=None):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
    return json.load(answer["Payload"]), answer["ResponseMetadata"]["HTTPHeaders"]


class Call(threading.Thread):
    """One call in a thread of its own."""

    def __init__(self, client, name, event):
        super().__init__(daemon=True)
        self.client, self.name_called, self.event = client, name, event
        self.payload = self.error = None
        self.start()

    def run(self):
        try:
            self.payload, _ = answer_of(self.client, self.name_called, self.event)
        except Exception as error:  # the test looks at it
            self.error = error

    def wait(self):
        self.join(patience(60))
        if self.error is not None:
            raise self.error
        return self.payload


class Pool(DaemonTestCase):
    arguments = ["--log-level", "debug"]

    def status(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            return json.load(answer)

    def wait_for_status(self, is_reached):
        deadline = time.monotonic() + patience(60)
        while not is_reached(self.status()["environments"]):
            self.assertLess(time.monotonic(), deadline, self.status()["environments"])
            time.sleep(0.2)

    def running(self, count):
        self.wait_for_status(lambda environments: environments["running"] >= count)

    @unittest.skipUnless(ISOLATION == "container", "no machine waits before a call of its kind")
    def test_a_first_call_takes_a_parked_interpreter_and_says_why(self):
        self.wait_for_status(lambda environments: environments["parked"] >= 1)
        client = self.deploy("first", sleeper("one"))
        _, headers = answer_of(client, "first")
        self.assertEqual(headers["x-proa-start"], "parked")
        self.assertRegex(headers["x-proa-placement"], r"^parked@\d 5(\.06)?ms; .*new@\d 100ms")
        _, headers = answer_of(client, "first")
        self.assertEqual(headers["x-proa-start"], "warm")
        # Nothing to choose from, or the way to the shard that had the parked one.
        self.assertRegex(headers.get("x-proa-placement", ""), r"^$|^idle@\d 0\.07ms; ")
        self.assertIn('"event":"placed"', self.daemon.output())

    def test_the_status_says_that_processors_are_pinned(self):
        one = len(os.sched_getaffinity(0)) == 1
        self.assertEqual(self.status()["pinning"], "off: there is one processor" if one else "on")

    def test_another_size_of_tmp_is_started_anew(self):
        client = self.deploy("large", TMP, EphemeralStorage={"Size": 600})
        tmp_mib, headers = answer_of(client, "large")
        self.assertIn(tmp_mib, range(600, 700))
        # What a machine is copied from has no disk for /tmp: any size fits.
        self.assertIn(headers["x-proa-start"], NOT_AHEAD)
        self.assertRegex(headers["x-proa-placement"], "^new@")

    def test_an_update_runs_new_calls_on_new_code_while_an_old_one_finishes(self):
        client = self.deploy("updated", sleeper("old"), Timeout=30)
        old = Call(client, "updated", {"s": patience(4)})
        self.running(1)
        client.update_function_code(FunctionName="updated",
                                    ZipFile=zip_of({"app.py": sleeper("new")}))
        self.assertEqual(answer_of(client, "updated")[0], "new")
        self.assertIsNone(old.payload)
        self.assertEqual(old.wait(), "old")
        self.assertEqual(answer_of(client, "updated")[0], "new")

    def test_a_deleted_function_finishes_what_runs_and_is_gone(self):
        client = self.deploy("deleted", sleeper("done"), Timeout=30)
        last = Call(client, "deleted", {"s": 3})
        self.running(1)
        client.delete_function(FunctionName="deleted")
        with self.assertRaises(client.exceptions.ResourceNotFoundException):
            answer_of(client, "deleted")
        self.assertEqual(last.wait(), "done")

    def test_a_change_of_settings_retires_idle_environments(self):
        client = self.deploy("settled", sleeper("done"))
        _, before = answer_of(client, "settled")
        self.assertEqual(answer_of(client, "settled")[1]["x-proa-environment"],
                         before["x-proa-environment"])
        client.update_function_configuration(FunctionName="settled", MemorySize=256)
        _, after = answer_of(client, "settled")
        self.assertNotEqual(after["x-proa-environment"], before["x-proa-environment"])
        arn = client.get_function(FunctionName="settled")["Configuration"]["FunctionArn"]
        client.tag_resource(Resource=arn, Tags={"proa:idle": "freeze=10ms remove=1s"})
        _, tagged = answer_of(client, "settled")
        self.assertNotEqual(tagged["x-proa-environment"], after["x-proa-environment"])
        self.wait_for_status(lambda environments: environments["running"] == 0)
        deadline = time.monotonic() + patience(30)
        while answer_of(client, "settled")[1]["x-proa-environment"] == tagged["x-proa-environment"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(1.5)


class Throttled(DaemonTestCase):
    """Base of the daemons that are short of one thing; their first call is refused."""

    def refused(self, event=None):
        client = self.deploy("short", sleeper("done"), Timeout=30)
        with self.assertRaises(client.exceptions.TooManyRequestsException) as caught:
            answer_of(client, "short", event)
        response = caught.exception.response
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 429)
        self.assertEqual(response["Reason"], "ConcurrentInvocationLimitExceeded")
        self.assertEqual(response["message"], "Rate Exceeded.")
        self.assertIn("retry-after", response["ResponseMetadata"]["HTTPHeaders"])
        return response["ResponseMetadata"]["HTTPHeaders"].get("x-proa-reason", "")


class ShortOfMemory(Throttled):
    arguments = ["--memory-reserve", "100000000"]

    def test_calls_are_refused_before_an_environment_is_made(self):
        self.assertIn("--memory-reserve", self.refused())
        self.assertIn('"event":"call_refused"', self.daemon.output())


class ShortOfDescriptors(Throttled):
    prefix = ["prlimit", "--nofile=300:300"]

    def test_calls_are_refused_before_an_environment_is_made(self):
        self.assertIn("descriptors", self.refused())


class AccountLimit(Throttled):
    # Of translated machines twenty do not start within the 60 s that a call waits.
    limit = 20 if ISOLATION == "container" else 4
    arguments = ["--account-concurrency", str(limit)]

    def test_calls_over_the_accounts_limit_are_refused_and_room_comes_back(self):  # BASE-29
        self.deploy("busy", sleeper("done"), Timeout=30)
        client = self.client(max_pool_connections=30)
        self.assertEqual(client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"],
                         self.limit)
        waiting = [Call(client, "busy", {"s": 8}) for _ in range(self.limit + 5)]
        refused = []
        for call in waiting:
            try:
                self.assertEqual(call.wait(), "done")
            except client.exceptions.TooManyRequestsException as error:
                refused.append(error.response["Reason"])
        self.assertEqual(refused, ["ConcurrentInvocationLimitExceeded"] * 5)
        self.assertEqual(answer_of(client, "busy")[0], "done")


if __name__ == "__main__":
    unittest.main()
