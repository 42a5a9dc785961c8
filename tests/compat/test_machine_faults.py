"""Machines that wait for a function and then are not what they were, and daemons that end while
there are machines."""
import json
import os
import signal
import time
import unittest
import urllib.request

from leftovers import wait_until_nothing_is_left
from test_copies import TemplateTestCase, start_of
from test_microvm import qemu_of

ONE = "def handler(event, context): return 1\n"
SLEEP = """
import time
def handler(event, context):
    time.sleep(event)
    return "slept"
"""


class MachineFaults(TemplateTestCase):
    start = "parked"
    pause_s = 2

    def get(self, path):
        with urllib.request.urlopen(self.daemon.endpoint + path, timeout=60) as answer:
            return json.load(answer)

    def wait_for_one_that_waits(self):
        self.call_copy(ONE)
        deadline = time.monotonic() + 120
        while not any(one["state"] == "parked" and one["isolation"] == "microvm"
                      for one in self.get("/proa/v1/environments")["environments"]):
            self.assertLess(time.monotonic(), deadline, "no machine waits")
            time.sleep(0.1)

    def answer(self, name):
        begin = time.monotonic()
        answer = self.machine(name, ONE).invoke(FunctionName=name, Payload=b"{}")
        self.assertNotIn("FunctionError", answer)
        self.assertEqual(json.load(answer["Payload"]), 1)
        return start_of(answer), time.monotonic() - begin

    def test_1_a_call_is_answered_though_the_machine_that_waited_for_it_was_killed(self):
        self.wait_for_one_that_waits()
        for machine in qemu_of(self.daemon):
            os.kill(machine, signal.SIGKILL)
        self.assertNotEqual(self.answer("after-kill")[0], "warm")

    def test_2_a_call_is_answered_though_the_machine_that_waited_for_it_stands_still(self):
        self.wait_for_one_that_waits()
        for machine in qemu_of(self.daemon):
            os.kill(machine, signal.SIGSTOP)
        start, took_s = self.answer("after-stop")
        self.assertIn(start, ("cold", "restored"))
        self.assertLess(took_s, 55, "it was waited for as long as for a boot")

    def test_3_a_daemon_ends_though_its_machines_stand_still(self):
        self.wait_for_one_that_waits()
        instance = self.get("/proa/v1/status")["host"]["instance"]
        machines = qemu_of(self.daemon)
        for machine in machines:
            os.kill(machine, signal.SIGSTOP)
        self.assertEqual(self.daemon.stop(), 0)
        wait_until_nothing_is_left(self, self.daemon, instance, machines)
        self.daemon.start()
        self.answer("after-end")

    def test_4_nothing_is_left_of_machines_after_kill_9(self):
        self.wait_for_one_that_waits()
        client = self.machine("sleeps", SLEEP)
        client.invoke(FunctionName="sleeps", Payload=b"0", InvocationType="Event")
        instance = self.get("/proa/v1/status")["host"]["instance"]
        machines = qemu_of(self.daemon)
        self.assertGreater(len(machines), 1)
        self.daemon.process.kill()
        self.daemon.process.wait()
        wait_until_nothing_is_left(self, self.daemon, instance, machines)
        self.daemon.start()
        self.answer("after-kill-9")


if __name__ == "__main__":
    unittest.main()
