"""A thousand calls of fifty functions at once; afterwards nothing is left over."""
import asyncio
import collections
import glob
import json
import os
import time
import unittest
import urllib.request

from daemon import ISOLATION, ROLE, DaemonTestCase, children_of, patience, zip_of
from leftovers import wait_until_nothing_is_left

FUNCTIONS = 50
CALLS = 1000
# As many as there may be environments, and one slot more than is always ready. Of translated
# machines few start within the 60 s that a call waits, and too slowly for a burst.
ANSWERED_MIN, SPARE_MIN = (64, 5) if ISOLATION == "container" else (1, 4)

PYTHON = """
import time
def handler(event, context):
    time.sleep(0.05)
    return {"name": context.function_name, "n": event["n"]}
"""
NODE = """
exports.handler = async (event, context) => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  return {name: context.functionName, n: event.n};
};
"""


async def invoke(endpoint, name, number):
    """One call on a connection of its own: status, headers, body."""
    host, port = endpoint.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        body = json.dumps({"n": number}).encode()
        writer.write((f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: {host}\r\n"
                      f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode() + body)
        answer = await asyncio.wait_for(reader.read(), patience(80))
    finally:
        writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines[1:])}
    return int(lines[0].split()[1]), headers, content


async def invoke_all(endpoint, calls):
    return await asyncio.gather(*(invoke(endpoint, name, number) for name, number in calls))


def descriptors(pid):
    """What the process has open, by kind; but for the log files of functions, 64 at most, and the
    usage records', which stay open to be written on."""
    kinds = collections.Counter()
    for path in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            target = os.readlink(path)
            if not target.endswith(".seg"):
                kinds[target.split(":")[0]] += 1
        except FileNotFoundError:
            pass
    return kinds


class Concurrency(DaemonTestCase):
    arguments = ["--max-parked", "0"]

    def status(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            return json.load(answer)

    def settle(self):
        """Waits until every environment is gone and the launcher has cleaned up: twice in a row,
        longer apart than the daemon renews its status."""
        deadline = time.monotonic() + patience(90)
        quiet = 0
        while quiet < 2:
            time.sleep(2.5)
            status = self.status()
            slots = status["host"]["slots"]
            in_use = sum(status["environments"].values()) + slots["taken"] + slots["cleaning"]
            quiet = quiet + 1 if in_use == 0 else 0
            self.assertLess(time.monotonic(), deadline, status)
        return status

    def deploy_all(self):
        client = self.client()
        for number in range(FUNCTIONS):
            is_python = number % 2 == 0
            files = {"app.py": PYTHON} if is_python else {"app.js": NODE}
            client.create_function(
                FunctionName=f"f{number}", Runtime="python3.11" if is_python else "nodejs20.x",
                Handler="app.handler", Role=ROLE, Timeout=60, Code={"ZipFile": zip_of(files)},
                Tags={"proa:idle": "freeze=50ms remove=2s"})

    def check(self, name, number, status, headers, body):
        """True when the call was answered, False when it was refused as Lambda refuses."""
        if status == 200:
            self.assertNotIn("x-amz-function-error", headers, body)
            self.assertEqual(json.loads(body), {"name": name, "n": number})
            return True
        self.assertEqual(status, 429, body)
        self.assertEqual(headers["x-amzn-errortype"], "TooManyRequestsException")
        self.assertEqual(json.loads(body)["Reason"], "ConcurrentInvocationLimitExceeded")
        return False

    def test_a_thousand_calls_are_answered_or_refused_and_nothing_is_left(self):
        self.deploy_all()
        for name, number in (("f0", 0), ("f1", 1)):  # whatever is opened once and kept
            asyncio.run(invoke(self.daemon.endpoint, name, number))
        instance = self.settle()["host"]["instance"]
        pid = self.daemon.process.pid
        time.sleep(1)  # the connection of the last status request is closed by now
        before = descriptors(pid)
        processes = set(children_of(pid))

        calls = [(f"f{number % FUNCTIONS}", number) for number in range(CALLS)]
        answers = asyncio.run(invoke_all(self.daemon.endpoint, calls))
        answered = [self.check(*call, *answer) for call, answer in zip(calls, answers)]
        self.assertGreaterEqual(sum(answered), ANSWERED_MIN)
        for number in range(FUNCTIONS):
            name = f"f{number}"
            self.assertTrue(
                self.check(name, 7, *asyncio.run(invoke(self.daemon.endpoint, name, 7))))

        spare = self.settle()["host"]["slots"]["ready"]
        self.assertIn(spare, range(SPARE_MIN, 17))  # more are kept ready after such a burst
        self.assertEqual(set(children_of(pid)), processes)
        deadline = time.monotonic() + 20  # connections are closed a moment after their answer
        while descriptors(pid) - before and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertEqual(descriptors(pid) - before, collections.Counter())

        self.assertEqual(self.daemon.stop(), 0)
        wait_until_nothing_is_left(self, self.daemon, instance, processes)


if __name__ == "__main__":
    unittest.main()
