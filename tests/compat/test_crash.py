"""kill -9 of every process of ours at random moments under load: no call hangs, nothing is left."""
import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest
import urllib.request

from botocore.exceptions import ClientError, ConnectionError as NoConnection, HTTPClientError

from daemon import children_of
from leftovers import wait_until_nothing_is_left
from test_network import Uplink, role_of, until_answered

SEED = int(os.environ.get("PROA_CRASH_SEED", "20251125"))
CALLERS = 4
CALL_S = 30  # far above what a call takes, far below a hang
CODE = """
import time
def handler(event, context):
    time.sleep(event["s"])
    return "done"
"""


class Load:
    """Threads that call until told to stop; `outcomes` counts how calls ended, `slowest` in s."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.outcomes, self.slowest, self.unexpected = {}, 0, []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        random_s = random.Random(SEED + number)
        while not self.stopped.is_set():
            event = json.dumps({"s": random_s.choice((0, 0.05, 0.5))}).encode()
            begin = time.monotonic()
            outcome = self.call(event)
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
            if outcome not in ("done", "Runtime.ExitError", "5xx"):
                time.sleep(0.05)

    def call(self, event):
        try:
            answer = self.client.invoke(FunctionName=self.name, Payload=event)
            payload = json.load(answer["Payload"])
            if "FunctionError" not in answer:
                return "done"
            if payload["errorType"] != "Runtime.ExitError":
                self.unexpected.append(payload)
            return payload["errorType"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                self.unexpected.append(error)
            return "5xx"
        except (NoConnection, HTTPClientError):
            return "no connection"  # the daemon itself was killed

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(2 * CALL_S)
        return not any(thread.is_alive() for thread in self.threads)


class Crash(Uplink):
    def setUp(self):
        self.random = random.Random(SEED)
        if self.daemon.process.poll() is not None:
            self.daemon.start()
        self.instance = self.instance_number()

    def instance_number(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status", timeout=30) as answer:
            return json.load(answer)["host"]["instance"]

    def deploy_and_load(self, name):
        client = self.deploy(name, CODE, Timeout=20, MemorySize=128)
        until_answered(lambda: client.invoke(FunctionName=name, Payload=b'{"s": 0}'))
        return Load(client, name)

    def end(self, load, is_daemon_killed=False):
        self.assertTrue(load.stop(), "a call hangs")
        self.assertLess(load.slowest, CALL_S)
        self.assertEqual(load.unexpected, [])
        self.assertGreater(load.outcomes.get("done", 0), 0)
        if not is_daemon_killed:
            self.assertNotIn("no connection", load.outcomes)

    def kill_roles(self, name, rounds=3):
        load = self.deploy_and_load("load" + name.replace("-", ""))
        daemon = self.daemon.process.pid
        for _ in range(rounds):
            time.sleep(self.random.uniform(0.05, 0.8))
            pid = role_of(self.daemon, name)
            os.kill(pid, signal.SIGKILL)
            until_answered(lambda: self.assertNotEqual(role_of(self.daemon, name), pid))
            before = load.outcomes.get("done", 0)
            until_answered(lambda: self.assertGreater(load.outcomes.get("done", 0), before + 2))
        self.assertEqual(self.daemon.process.pid, daemon)
        self.assertIsNone(self.daemon.process.poll(), "the daemon ended")
        self.end(load)

    def test_1_the_spawn_role(self):
        self.kill_roles("proa-spawn")

    def test_2_the_pool_role(self):
        self.kill_roles("proa-pool")

    def test_3_the_supervisor_takes_the_daemon_with_it_and_all_is_removed(self):
        load = self.deploy_and_load("loadsupervisor")
        inside = children_of(self.daemon.process.pid)
        time.sleep(self.random.uniform(0.1, 0.5))
        os.kill(role_of(self.daemon, "proa-launcher"), signal.SIGKILL)
        self.assertEqual(self.daemon.process.wait(timeout=60), 1)
        self.assertIn("the launcher is gone: stopping", self.daemon.output())
        self.end(load, is_daemon_killed=True)
        self.assert_nothing_left(inside)

    def test_4_the_daemon_and_all_is_removed(self):
        load = self.deploy_and_load("loaddaemon")
        for _ in range(2):
            inside = children_of(self.daemon.process.pid)
            time.sleep(self.random.uniform(0.1, 0.5))
            self.daemon.process.kill()
            self.daemon.process.wait()
            self.assert_nothing_left(inside)
            self.daemon.start()
        self.end(load, is_daemon_killed=True)

    def test_5_all_at_once_and_the_next_start_removes_it(self):
        load = self.deploy_and_load("loadall")
        inside = children_of(self.daemon.process.pid)
        launcher = [role_of(self.daemon, name) for name in
                    ("proa-launcher", "proa-pool", "proa-spawn")]
        time.sleep(self.random.uniform(0.1, 0.5))
        for pid in (self.daemon.process.pid, *launcher):
            os.kill(pid, signal.SIGKILL)
        self.daemon.process.wait()
        self.end(load, is_daemon_killed=True)
        self.daemon.start()
        self.deploy("loadafter", CODE).invoke(FunctionName="loadafter", Payload=b'{"s": 0}')
        inside += children_of(self.daemon.process.pid)
        self.assertEqual(self.daemon.stop(), 0)
        self.assert_nothing_left(inside)

    def assert_nothing_left(self, processes):
        wait_until_nothing_is_left(self, self.daemon, self.instance, processes,
                                   self.left_of_the_network)

    def left_of_the_network(self):
        """Of the host's: it is the test's own, so everything that is there would be ours."""
        run = lambda *words: subprocess.run(words, capture_output=True, text=True, check=True,
                                            timeout=20).stdout
        left = run("nft", "list", "tables").splitlines()
        left += [line for line in run("ip", "-o", "link").splitlines()
                 if ": lo:" not in line and ": ext0@" not in line]
        return left


if __name__ == "__main__":
    unittest.main()
