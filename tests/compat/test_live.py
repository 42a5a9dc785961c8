"""`proa top` and `proa explain`: what is shown is what is, and what the next call then does."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest
import urllib.error
import urllib.request

from daemon import BINARY_DIR, DaemonTestCase

SLEEPS = """
import time
def handler(event, context):
    time.sleep(event.get('s', 0))
    return 'slept'
"""
SLOW_INIT = """
import time
time.sleep(4)
def handler(event, context):
    return 'at last'
"""


class Call(threading.Thread):
    """One call in a thread of its own."""

    def __init__(self, client, name, event):
        super().__init__(daemon=True)
        self.client, self.called, self.event = client, name, event
        self.answer = None
        self.start()

    def run(self):
        self.answer = self.client.invoke(FunctionName=self.called,
                                         Payload=json.dumps(self.event).encode())

    def request_id(self):
        self.join(60)
        return self.answer["ResponseMetadata"]["RequestId"]


class Screen:
    """`proa top` on a terminal of 120 columns and 40 rows."""

    def __init__(self, endpoint, *words):
        self.main, self.terminal = pty.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.before = termios.tcgetattr(self.terminal)
        environment = dict(os.environ, PROA_ENDPOINT=endpoint, TERM="xterm",
                           ASAN_OPTIONS="detect_leaks=0")
        self.process = subprocess.Popen(
            [os.path.join(BINARY_DIR, "proa"), "top", *words], stdin=self.terminal,
            stdout=self.terminal, stderr=subprocess.PIPE, env=environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.text = ""

    def read_until(self, wanted, seconds=30):
        """All that came until `wanted` did."""
        deadline = time.monotonic() + seconds
        begin = len(self.text)
        while wanted not in self.text[begin:]:
            if time.monotonic() > deadline:
                raise AssertionError(f"no {wanted!r} in {self.text[begin:]!r}")
            if select.select([self.main], [], [], 0.2)[0]:
                self.text += os.read(self.main, 65536).decode(errors="replace")
        return self.text[begin:]

    def type(self, keys):
        os.write(self.main, keys.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def is_as_before(self):
        return termios.tcgetattr(self.terminal) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.main)
        os.close(self.terminal)


class Live(DaemonTestCase):
    def ask(self, path):
        with urllib.request.urlopen(self.daemon.endpoint + path) as answer:
            return json.load(answer)

    def live(self):
        return self.ask("/proa/v1/environments")

    def wait_for(self, is_it, seconds=60):
        """The first environment that is so, and all that was told with it."""
        deadline = time.monotonic() + seconds
        while True:
            told = self.live()
            for one in told["environments"]:
                if is_it(one):
                    return one, told
            self.assertLess(time.monotonic(), deadline, told)
            time.sleep(0.05)

    def test_a_call_that_is_stuck_is_seen_with_its_request_id(self):
        client = self.deploy("stuck", SLEEPS, Timeout=30, MemorySize=256)
        call = Call(client, "stuck", {"s": 3})
        busy, told = self.wait_for(lambda one: one["function"] == "stuck" and
                                   one["state"] == "busy" and one["in_state_ms"] > 1000)
        self.assertEqual(told["environments"][0]["id"], busy["id"], "the longest stands first")
        self.assertEqual(busy["timeout_ms"], 30000)
        self.assertEqual(busy["memory_limit_bytes"], 256 << 20)
        self.assertEqual(busy["version"], "$LATEST")
        self.assertIn(busy["start"], ("parked", "cold"))
        if busy["memory_bytes"] is not None:  # control groups that count it
            self.assertGreater(busy["memory_bytes"], 1 << 20)
            self.assertLess(busy["memory_bytes"], 256 << 20)
            self.assertGreater(busy["cpu_ms"], 0)
        row = next(one for one in told["functions"] if one["function"] == "stuck")
        self.assertEqual((row["running"], row["calls"]), (1, 0))
        code, text, errors = self.proa("top", "--once")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(text, r"stuck +busy +\d")
        self.assertIn(busy["request_id"], text)
        self.assertEqual(busy["request_id"], call.request_id())
        after, told = self.wait_for(lambda one: one["id"] == busy["id"] and one["calls"] == 1)
        self.assertEqual(after["request_id"], "")
        row = next(one for one in told["functions"] if one["function"] == "stuck")
        self.assertEqual((row["running"], row["calls"], row["failures"]), (0, 1, 0))

    def test_states_go_from_init_over_idle_to_frozen_and_parked_ones_belong_to_nobody(self):
        parked, told = self.wait_for(lambda one: one["state"] == "parked")
        self.assertEqual((parked["function"], parked["account_id"]), ("", ""))
        self.assertRegex(parked["runtime"], r"^(python|nodejs|node)")
        self.assertGreaterEqual(told["host"]["environments"], 1)
        self.assertEqual(told["host"]["environments_max"], 64)
        client = self.deploy("slowinit", SLOW_INIT, Timeout=20)
        call = Call(client, "slowinit", {})
        init, _ = self.wait_for(lambda one: one["function"] == "slowinit" and
                                one["state"] == "init" and one["in_state_ms"] > 200)
        self.assertEqual(init["request_id"], call.request_id())
        can_freeze = self.ask("/proa/v1/status")["host"]["cgroup"] != "none"
        last = "frozen" if can_freeze else "idle"
        self.wait_for(lambda one: one["id"] == init["id"] and one["state"] == last)

    def test_a_limit_says_that_there_is_more(self):
        self.wait_for(lambda one: one["state"] == "parked")
        self.deploy("more", SLEEPS).invoke(FunctionName="more", Payload=b"{}")
        told = self.ask("/proa/v1/environments?limit=1")
        self.assertEqual(len(told["environments"]), 1)
        self.assertTrue(told["is_truncated"])
        self.assertGreater(told["environments_in_all"], 1)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.ask("/proa/v1/environments?limit=none")
        self.assertEqual(refused.exception.code, 400)
        refused.exception.close()

    def test_json_is_the_daemons_answer(self):
        code, text, _ = self.proa("top", "--json")
        self.assertEqual(code, 0)
        self.assertEqual(sorted(json.loads(text)), sorted(self.live()))

    # ---- on a terminal

    def screen(self, *words):
        screen = Screen(self.daemon.endpoint, *words)
        self.addCleanup(screen.close)
        screen.read_until("\x1b[?1049h")
        return screen

    def test_q_gives_the_terminal_back(self):
        screen = self.screen("-n", "0.5")
        screen.read_until("STATE")
        self.assertFalse(screen.is_as_before())
        screen.type("m")
        screen.resize(10, 40)
        deadline = time.monotonic() + 30
        # What was drawn before the resize may still come.
        while "REQUEST" in screen.read_until("q quit").split("\x1b[H")[-1]:
            self.assertLess(time.monotonic(), deadline, "it does not fit 40 columns")
        screen.type("q")
        screen.read_until("\x1b[?1049l")
        self.assertEqual(screen.process.wait(timeout=30), 0)
        self.assertTrue(screen.is_as_before())

    def test_so_do_ctrl_c_and_sigterm(self):
        screen = self.screen()
        screen.read_until("STATE")
        screen.type("\x03")
        screen.read_until("\x1b[?1049l")
        self.assertEqual(screen.process.wait(timeout=30), -signal.SIGINT)
        self.assertTrue(screen.is_as_before())
        screen = self.screen()
        screen.read_until("STATE")
        screen.process.send_signal(signal.SIGTERM)
        screen.read_until("\x1b[?1049l")
        self.assertEqual(screen.process.wait(timeout=30), -signal.SIGTERM)
        self.assertTrue(screen.is_as_before())

    def test_a_wide_screen_shows_calls_and_their_rate(self):
        client = self.deploy("rate", SLEEPS)
        screen = self.screen("-n", "0.3")
        stop = time.monotonic() + 3
        while time.monotonic() < stop:
            client.invoke(FunctionName="rate", Payload=b"{}")
        self.assertIn("CALLS/s", screen.read_until("rate"))
        screen.type("q")
        self.assertEqual(screen.process.wait(timeout=30), 0)


class Explain(DaemonTestCase):
    arguments = ["--max-parked", "4", "--account-concurrency", "500"]

    def explain(self, name):
        code, text, errors = self.proa("explain", name, "--json")
        self.assertEqual(code, 0, errors)
        return {one["decision"]: one for one in json.loads(text)["decisions"]}

    @staticmethod
    def inputs(decision):
        return {one["name"]: (one["value"], one["from"]) for one in decision["inputs"]}

    def call(self, client, name):
        answer = client.invoke(FunctionName=name, Payload=b"{}")
        return answer["ResponseMetadata"]["HTTPHeaders"]

    def wait_for_parked(self):
        deadline = time.monotonic() + 60
        while True:
            with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
                if json.load(answer)["environments"]["parked"]:
                    return
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_the_next_call_starts_as_it_says(self):
        self.wait_for_parked()
        client = self.deploy("next", SLEEPS)
        for _ in range(2):
            said = self.explain("next")["environment"]
            headers = self.call(client, "next")
            self.assertEqual(said["outcome"], "X-Proa-Start: " + headers["x-proa-start"])
        self.assertEqual(headers["x-proa-start"], "warm")
        idle = next(one for one in said["candidates"] if one["name"] == said["chosen"])
        if idle["detail"]:  # on the shard that was asked
            self.assertTrue(idle["detail"].startswith(headers["x-proa-environment"]), idle)
        self.assertEqual(self.explain("next")["room"]["chosen"], "there is room")

    def test_a_throttle_is_foretold_by_the_limit_that_throttles(self):
        client = self.deploy("none", SLEEPS)
        self.assertEqual(self.explain("none")["admission"]["chosen"], "admit")
        inputs = self.inputs(self.explain("none")["admission"])
        self.assertEqual(inputs["concurrency of the account"],
                         ("500", "flag --account-concurrency"))
        client.put_function_concurrency(FunctionName="none", ReservedConcurrentExecutions=0)
        said = self.explain("none")["admission"]
        self.assertEqual(said["chosen"], "throttle")
        with self.assertRaises(client.exceptions.TooManyRequestsException) as refused:
            client.invoke(FunctionName="none", Payload=b"{}")
        self.assertIn(refused.exception.response["Reason"], said["outcome"])

    def test_settings_limits_and_log_say_where_they_come_from(self):
        client = self.deploy("settings", SLEEPS, MemorySize=192, Tags={"proa:network": "none"},
                             Environment={"Variables": {"PYTHONHASHSEED": "1"}})
        said = self.explain("settings")
        self.assertEqual(said["network"]["chosen"], "none")
        self.assertEqual(self.inputs(said["network"])["network"], ("none", "tag proa:network"))
        self.assertEqual(self.inputs(said["idle"])["freeze"], ("50 ms", "default"))
        self.assertEqual(self.inputs(said["limits"])["MemorySize"],
                         ("192 MiB", "function configuration: MemorySize"))
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            host = json.load(answer)["host"]
        self.assertEqual(self.inputs(said["limits"])["memory"][0], host["limits"]["memory"]["by"])
        self.assertEqual(said["process"]["chosen"], "started for the function")
        self.assertEqual(self.inputs(said["log"])["LogGroup"], ("/aws/lambda/settings", "default"))
        self.assertTrue(said["runtime"]["chosen"].startswith("python3."))
        self.assertEqual(self.call(client, "settings")["x-proa-start"],
                         said["environment"]["outcome"].removeprefix("X-Proa-Start: "))

    def test_people_read_it_too(self):
        self.deploy("people", SLEEPS)
        code, text, errors = self.proa("explain", "people")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(text, r"(?m)^admission +admit$")
        self.assertRegex(text, r"(?m)^ +Runtime = python3.11 \(function configuration\)$")
        code, _, errors = self.proa("explain", "nobody")
        self.assertNotEqual(code, 0)
        self.assertIn("Function not found", errors)


class Restart(DaemonTestCase):
    """`proa top` outlives the daemon that it watches."""

    def test_a_restart_is_said_and_the_table_goes_on(self):
        self.daemon.listen = self.daemon.endpoint.removeprefix("http://")
        screen = Screen(self.daemon.endpoint, "-n", "0.3")
        self.addCleanup(screen.close)
        screen.read_until("STATE")
        self.assertEqual(self.daemon.stop(), 0)
        screen.read_until("trying again")
        self.daemon.start()
        screen.read_until("started anew")
        screen.type("q")
        self.assertEqual(screen.process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()
