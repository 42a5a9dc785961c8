"""Functions under systemd on cgroup v2 alone: every limit, every way to stop, in the kernel's own
files."""
import json
import os
import signal
import tempfile
import time
import unittest

import guest

PYTHON = """
import os, time
def handler(event, context):
    if "grab_mib" in event: return len(bytearray(event["grab_mib"] << 20))
    if "sleep" in event: time.sleep(event["sleep"])
    with open("/proc/self/cgroup") as file: group = file.read().strip()
    return {"pid": os.getpid(), "group": group, "hello": event.get("name", "")}
"""
NODE = "exports.handler = async (event) => ({hello: event.name, node: process.version});\n"


class Environments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        guest.start()
        guest.deploy("py", cls.folder, PYTHON, "--memory", "128", "--timeout", "60",
                     "--tag", "proa:idle=freeze=200ms remove=10m")

    @classmethod
    def tearDownClass(cls):
        guest.run("systemctl", "stop", "proa")  # other tests make control groups of their own

    def setUp(self):
        self.restarts = guest.restarts()
        self.main = guest.main_process()

    def tearDown(self):
        self.assertTrue(guest.is_active(), guest.journal())
        self.assertEqual((guest.restarts(), guest.main_process()), (self.restarts, self.main),
                         "the daemon was started again\n" + guest.journal())

    def status(self):
        return json.loads(guest.run("proa", "status", "--json"))

    def group_of_a_call(self):
        """The control group of the function's environment, which is idle afterwards."""
        answer, error = guest.invoke("py", {"name": "Ada"})
        self.assertIsNone(error, answer)
        self.assertEqual(answer["hello"], "Ada")
        # Parked interpreters have groups too: ours is the one that has this limit.
        limited = [path for path in guest.environment_groups()
                   if guest.text_of(path, "memory.max") == str(128 << 20)]
        self.assertTrue(limited, guest.environment_groups())
        return limited

    def test_every_limit_holds_and_environments_are_below_the_unit(self):
        host = self.status()["host"]
        self.assertEqual(host["cgroup"], "v2", host)
        for name, limit in host["limits"].items():
            if name != "cpu_quota":  # not asked for
                self.assertTrue(limit["enforced"], (name, limit))
            self.assertIn(guest.UNIT_GROUP if name != "cpu_quota" else "", limit["by"])
        self.assertNotEqual(self.group_of_a_call(), [])
        self.assertNotIn("not delegated", guest.journal())

    def test_the_daemon_and_its_launcher_are_in_a_leaf_of_the_unit(self):
        own = guest.text_of("/proc", str(self.main), "cgroup")
        guest.show("systemctl status", guest.run("systemctl", "status", "proa", "--no-pager",
                                                 "--lines=0", "--full"))
        guest.show(f"/proc/{self.main}/cgroup", own)
        guest.show("cgroup.controllers", guest.text_of(guest.UNIT_GROUP, "cgroup.controllers"))
        self.assertRegex(own, r"^0::/system\.slice/proa\.service/proa-\d+\.self$")
        self.assertEqual(guest.text_of(guest.UNIT_GROUP, "cgroup.procs"), "")

    def test_python_and_node_answer(self):
        self.group_of_a_call()
        guest.deploy("js", self.folder, NODE, "--timeout", "60", "--memory", "512",
                     runtime="nodejs18.x", file="app.js")
        answer, error = guest.invoke("js", {"name": "Ada"})
        self.assertIsNone(error, answer)
        self.assertEqual(answer["hello"], "Ada")

    def test_limits_stand_in_the_kernels_files(self):
        for group in self.group_of_a_call():
            for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.weight"):
                guest.show(group + name, guest.text_of(group, name))
            self.assertEqual(guest.text_of(group, "memory.max"), str(128 << 20))
            self.assertEqual(guest.text_of(group, "memory.swap.max"), "0")
            self.assertEqual(guest.text_of(group, "pids.max"), "1024")
            self.assertGreater(int(guest.text_of(group, "cpu.weight")), 0)

    def test_memory_beyond_the_limit_ends_the_runtime_as_on_lambda(self):
        # The instance's group counts what happened in groups below it, those that are gone too.
        events = lambda: dict(line.split() for line in guest.text_of(
            guest.instance_group(), "memory.events").splitlines())
        before = int(events()["oom_kill"])
        answer, error = guest.invoke("py", {"grab_mib": 400})
        self.assertEqual((error, answer["errorType"]), ("Unhandled", "Runtime.ExitError"))
        self.assertRegex(answer["errorMessage"],
                         r"^RequestId: \S+ Error: Runtime exited with error: signal: killed$")
        guest.show("memory.events", str(events()))
        guest.show("answer", str(answer))
        self.assertEqual(int(events()["oom_kill"]), before + 1)
        self.group_of_a_call()

    def test_an_idle_environment_is_frozen_and_thaws_for_the_next_call(self):
        groups = self.group_of_a_call()
        frozen = lambda: [path for path in groups
                          if guest.text_of(path, "cgroup.freeze") == "1"
                          and "frozen 1" in guest.text_of(path, "cgroup.events")]
        self.assertTrue(guest.waits_for(frozen), guest.journal())
        for group in frozen():
            guest.show(group + "cgroup.freeze", guest.text_of(group, "cgroup.freeze"))
            guest.show(group + "cgroup.events", guest.text_of(group, "cgroup.events"))
        answer, error = guest.invoke("py", {"name": "again"})
        self.assertIsNone(error, answer)
        self.assertEqual(answer["hello"], "again")

    def test_a_call_past_its_time_is_killed_with_all_it_started(self):
        guest.deploy("slow", self.folder, """
import subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "4321"], start_new_session=True)
    time.sleep(600)
""", "--timeout", "3")
        answer, error = guest.invoke("slow", {})
        self.assertEqual(error, "Unhandled")
        self.assertRegex(answer["errorMessage"], r"Task timed out after 3\.00 seconds")
        self.assertTrue(guest.waits_for(lambda: not guest.processes_named("sleep")))

    def test_a_removed_functions_frozen_environment_is_killed_by_its_group(self):
        guest.deploy("gone", self.folder, """
import subprocess
def handler(event, context):
    subprocess.Popen(["sleep", "1234"], start_new_session=True)
    with open("/proc/self/cgroup") as file: return file.read().strip()
""", "--memory", "192", "--tag", "proa:idle=freeze=200ms remove=10m")
        _, error = guest.invoke("gone", {})
        self.assertIsNone(error)
        (sleeping,) = guest.processes_named("sleep")
        group = "/sys/fs/cgroup" + guest.text_of("/proc", str(sleeping),
                                                 "cgroup").removeprefix("0::")
        self.assertTrue(group.startswith(guest.instance_group() + "/"), group)
        self.assertEqual(guest.text_of(group, "memory.max"), str(192 << 20))
        self.assertTrue(guest.waits_for(
            lambda: "frozen 1" in guest.text_of(group, "cgroup.events")), guest.journal())
        guest.show(group, "memory.max " + guest.text_of(group, "memory.max"),
                   "cgroup.freeze " + guest.text_of(group, "cgroup.freeze"),
                   *guest.text_of(group, "cgroup.events").splitlines(),
                   "cgroup.procs " + guest.text_of(group, "cgroup.procs").replace("\n", " "))
        killed = guest.Written(group + "/cgroup.kill")
        self.addCleanup(killed.close)
        guest.run("proa", "delete", "gone", "--yes")
        self.assertTrue(guest.waits_for(lambda: killed))
        self.assertTrue(guest.waits_for(lambda: not guest.processes_named("sleep")))
        guest.show(group, "cgroup.kill was written to; none of its processes is left")

    def test_lost_roles_come_back_below_the_unit(self):
        for name in ("proa-pool", "proa-spawn"):
            with self.subTest(name):
                before = guest.processes_named(name)
                self.assertEqual(len(before), 1)
                os.kill(before[0], signal.SIGKILL)
                self.assertTrue(guest.waits_for(
                    lambda: guest.processes_named(name) not in ([], before)))
                time.sleep(1)
                self.group_of_a_call()
        self.assertNotIn("not delegated", guest.journal())
        self.assertEqual([path for path in os.listdir("/sys/fs/cgroup")
                          if path.startswith("proa-")], [])

    def test_functions_reach_each_other_by_the_api(self):
        guest.deploy("caller", self.folder, """
import boto3, json, os
def handler(event, context):
    api = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL_LAMBDA"])
    answer = api.invoke(FunctionName="py", Payload=json.dumps({"name": "x"}))
    return json.load(answer["Payload"])
""", "--timeout", "120", "--memory", "512")
        answer, error = guest.invoke("caller", {})
        self.assertIsNone(error, answer)
        self.assertEqual(answer["hello"], "x")


if __name__ == "__main__":
    unittest.main()
