"""Functions in virtual machines: the stock kernel, this host's interpreters, code as disks. What
they share with containers is in the other tests, which run in machines too: ./dev test-microvm."""
import fcntl
import json
import os
import re
import signal
import subprocess
import threading
import time
import unittest

from daemon import DaemonTestCase, children_of
from guests import MACHINE, give_stock

LOOK = """
import os, platform, socket, subprocess, time
def handler(event, context):
    print("printed in a machine")
    with open("/tmp/kept", "a") as file: file.write("x")
    try:
        with open("/var/task/new", "w") as file: written = "written"
    except OSError as failed: written = failed.strerror
    disk = os.statvfs("/tmp")
    return {"event": event, "kernel": platform.release(), "uid": os.getuid(), "time": time.time(),
            "task": sorted(os.listdir("/var/task")), "opt": sorted(os.listdir("/opt")),
            "tmp": disk.f_frsize * disk.f_bavail, "written": written,
            "kept": os.path.getsize("/tmp/kept"), "host": socket.gethostname(),
            "sum": subprocess.check_output(["sh", "-c", "echo $((6*7))"]).decode()}
"""
NODE = """
const { execSync } = require('child_process');
exports.handler = async (event) => ({ twice: event.n * 2, kernel: execSync('uname -r').toString(),
                                      random: Math.random() });
"""
SLEEP = """
import time
def handler(event, context):
    time.sleep(event)
    return "slept"
"""
FILL = """
import os
def handler(event, context):
    try:
        with open("/tmp/large", "wb") as file:
            for _ in range(event): file.write(b"x" * (1 << 20))
            file.flush()
            os.fsync(file.fileno())
    except OSError as failed:
        return failed.strerror
    return "written"
"""


def qemu_of(daemon):
    """Process ids of the machines of a daemon."""
    found = []
    for pid in children_of(daemon.process.pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().startswith("qemu-system"):
                    found.append(pid)
        except OSError:
            pass
    return found


# What QEMU has open, by its link, and how many of each at most: what it was given
# (launcher/guest_command.h), and what it makes for itself.
GIVEN = {
    "nothing": (r"(/env)?/dev/null", 1),
    "socket": (r"socket:\[\d+\]", 3),
    "kernel": (r".*/kernels/[0-9a-f]{32}/(kernel|initrd)", 2),
    "disk": (r".*/disks/.+\.ext4", 1),
    "image": (r".*/images/[0-9a-f]{64}\.erofs", 3),
    "network": (r"/dev/net/tun", 1),
    "memory": (r"/memfd:.*", 1),
    "its own": (r"anon_inode:.*|/dev/kvm", 9),
}


def open_files(pid):
    """Of each kind above the files that a process has open, by inode, with a path to them."""
    found = {kind: {} for kind in (*GIVEN, "unknown")}
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):
        path = os.path.join(folder, number)
        link = os.readlink(path)
        kind = next((kind for kind, (what, _) in GIVEN.items() if re.fullmatch(what, link)),
                    "unknown")
        status = os.stat(path)
        found[kind][link if kind == "unknown" else (status.st_dev, status.st_ino)] = path
    return found


def is_sealed(path):
    with open(path, "rb") as file:
        return bool(fcntl.fcntl(file, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE)


def head_of(answer):
    return answer["ResponseMetadata"]["HTTPHeaders"]


class Microvms(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        give_stock(cls.daemon)

    def machine(self, name, code, **more):
        more.setdefault("Timeout", 60)
        return self.deploy(name, code, Tags=MACHINE, **more)

    def test_a_python_function_runs_in_a_machine_and_stays_warm(self):
        client = self.machine("look", LOOK)
        first = client.invoke(FunctionName="look", Payload=b'{"n": 1}', LogType="Tail")
        told = json.load(first["Payload"])
        now = time.time()
        self.assertEqual((told["event"], told["uid"], told["host"], told["sum"]),
                         ({"n": 1}, 993, "sandbox", "42\n"))
        self.assertEqual((told["task"], told["opt"], told["kept"]), (["app.py"], [], 1))
        self.assertEqual(told["written"], "Read-only file system")
        self.assertEqual(told["tmp"], 512 << 20)
        self.assertRegex(told["kernel"], "^6.*-cloud-")
        self.assertLess(abs(told["time"] - now), 2)
        head = head_of(first)
        self.assertEqual((head["x-proa-isolation"], head["x-proa-kernel"], head["x-proa-start"]),
                         ("microvm", "stock", "cold"))
        self.assertEqual(head["x-proa-runtime"], "python3.11.2")
        second = client.invoke(FunctionName="look", Payload=b"2")
        self.assertEqual(json.load(second["Payload"])["kept"], 2)
        self.assertEqual(head_of(second)["x-proa-start"], "warm")
        self.assertEqual(head_of(second)["x-proa-environment"], head["x-proa-environment"])

    def test_a_node_function_runs_in_a_machine(self):
        client = self.machine("node", NODE, runtime="nodejs20.x", handler="index.handler",
                              file="index.js", MemorySize=256)
        answer = client.invoke(FunctionName="node", Payload=b'{"n": 21}')
        told = json.load(answer["Payload"])
        self.assertEqual(told["twice"], 42)
        self.assertIn("-cloud-", told["kernel"])

    def test_a_machine_that_dies_fails_its_call_and_the_next_one_gets_another(self):
        client = self.machine("dies", SLEEP)
        self.assertEqual(json.load(client.invoke(FunctionName="dies", Payload=b"0")["Payload"]),
                         "slept")
        other = self.deploy("beside", SLEEP)
        answers = []
        call = threading.Thread(target=lambda: answers.append(
            self.client().invoke(FunctionName="dies", Payload=b"30")))
        call.start()
        time.sleep(1)
        machines = qemu_of(self.daemon)
        for machine in machines:
            os.kill(machine, signal.SIGKILL)
        call.join(timeout=20)
        self.assertEqual(len(answers), 1, "the call is told at once")
        self.assertEqual(answers[0]["FunctionError"], "Unhandled")
        self.assertEqual(json.load(answers[0]["Payload"])["errorType"], "Runtime.ExitError")
        self.assertEqual(json.load(other.invoke(FunctionName="beside", Payload=b"0")["Payload"]),
                         "slept")
        again = client.invoke(FunctionName="dies", Payload=b"0")
        self.assertEqual(json.load(again["Payload"]), "slept")
        self.assertIn(head_of(again)["x-proa-start"], ("cold", "restored"))

    def test_a_machine_that_hangs_ends_with_its_calls_time(self):
        client = self.machine("hangs", SLEEP, Timeout=5)
        client.invoke(FunctionName="hangs", Payload=b"0")
        before = set(qemu_of(self.daemon))
        answers = []
        call = threading.Thread(target=lambda: answers.append(
            self.client().invoke(FunctionName="hangs", Payload=b"1")))
        for machine in before:
            os.kill(machine, signal.SIGSTOP)
        call.start()
        call.join(timeout=40)
        self.assertEqual(len(answers), 1)
        self.assertIn("Task timed out after 5.00 seconds",
                      json.load(answers[0]["Payload"])["errorMessage"])
        again = client.invoke(FunctionName="hangs", Payload=b"0")
        self.assertEqual(json.load(again["Payload"]), "slept")

    def test_the_status_names_the_processor_and_the_images(self):
        client = self.machine("status", SLEEP)
        client.invoke(FunctionName="status", Payload=b"0")
        status, out, error = self.proa("status", "--json")
        self.assertEqual(status, 0, error)
        guests = json.loads(out)["guests"]
        self.assertIn(guests["accelerator"], ("kvm", "tcg"))
        self.assertGreater(guests["images"], 1)
        self.assertGreater(guests["image_bytes"], 50 << 20)

    def test_idle_machines_are_frozen_and_go_on(self):
        client = self.machine("frozen", LOOK)
        client.invoke(FunctionName="frozen", Payload=b"1")
        time.sleep(5)
        told = json.load(client.invoke(FunctionName="frozen", Payload=b"2")["Payload"])
        self.assertEqual(told["kept"], 2)
        self.assertLess(abs(told["time"] - time.time()), 2, "its clock did not stand still")


class OneEnvironment(DaemonTestCase):
    """What makes images, boots on trial and becomes a template is no environment."""
    arguments = ("--max-environments", "1", "--isolation", "microvm")

    def test_the_only_environment_has_its_images_made_and_runs(self):
        give_stock(self.daemon)
        client = self.deploy("only", SLEEP, Timeout=60)
        answer = client.invoke(FunctionName="only", Payload=b"0")
        self.assertEqual(json.load(answer["Payload"]), "slept")
        self.assertEqual(head_of(answer)["x-proa-isolation"], "microvm")


class Refusals(DaemonTestCase):
    def test_without_a_kernel_the_call_says_what_to_do(self):
        client = self.deploy("bare", SLEEP, Tags=MACHINE)
        with self.assertRaises(client.exceptions.ClientError) as refused:
            client.invoke(FunctionName="bare", Payload=b"0")
        self.assertIn("proa kernel add stock", str(refused.exception))
        self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)


class Faults(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        give_stock(cls.daemon)

    def test_a_daemon_that_has_a_kernel_knows_its_accelerator_before_any_call(self):
        self.daemon.stop()
        self.daemon.start()
        deadline = time.monotonic() + 30
        while json.loads(self.proa("status", "--json")[1])["guests"]["accelerator"] is None:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        self.assertRegex(self.proa("status")[1], r"(?m)^guests +(kvm|tcg) \(.+\)$")

    def test_an_image_that_breaks_ends_one_boot_and_is_made_anew_by_the_next(self):
        client = self.deploy("broken", SLEEP, Tags=MACHINE, Timeout=60)
        client.invoke(FunctionName="broken", Payload=b"0")
        folder = os.path.join(self.daemon.folder, "data", "images")
        for name in os.listdir(folder):
            if not name.endswith(".erofs"):
                continue
            with open(os.path.join(folder, name), "r+b") as file:
                file.seek(1024)  # erofs's superblock
                file.write(b"\0" * 128)
        client.update_function_configuration(FunctionName="broken", MemorySize=256)
        client.get_waiter("function_updated_v2").wait(FunctionName="broken")
        with self.assertRaises(client.exceptions.ClientError) as refused:
            client.invoke(FunctionName="broken", Payload=b"0")
        self.assertRegex(str(refused.exception), "the guest ended before it answered")
        answer = client.invoke(FunctionName="broken", Payload=b"0")
        self.assertEqual(json.load(answer["Payload"]), "slept")


class Confinement(DaemonTestCase):
    """What is left of the host to a machine's QEMU, should its guest break out into it."""
    arguments = ("--max-parked", "0")  # or machines come while the test looks at them

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        give_stock(cls.daemon)
        case = cls("call_until_there_is_a_copy")
        case.call_until_there_is_a_copy()
        case.doCleanups()
        cls.machines = qemu_of(cls.daemon)

    def call_until_there_is_a_copy(self):
        for number in range(30):
            name = f"function-{number}"
            client = self.deploy(name, SLEEP, Tags=MACHINE, Timeout=60)
            answer = client.invoke(FunctionName=name, Payload=b"0")
            if head_of(answer)["x-proa-start"] == "restored":
                return
            time.sleep(1)
        raise AssertionError("no copy came")

    def test_each_has_a_user_of_its_own_without_rights_and_a_filter(self):
        users = []
        for pid in self.machines:
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                told = dict(re.split(r":\s*", line.strip(), maxsplit=1) for line in file)
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(told[name], 16), 0, name)
            self.assertEqual((told["NoNewPrivs"], told["Seccomp"]), ("1", "2"))
            self.assertEqual(told["Groups"], "")
            self.assertEqual(len(set(told["Uid"].split() + told["Gid"].split())), 1)
            users.append(int(told["Uid"].split()[0]))
        self.assertGreater(len(users), 1)
        self.assertGreater(min(users), 65535, "a user that the host may have")
        self.assertEqual(len(set(users)), len(users), "two machines have the same user")

    def test_none_sees_a_file_of_a_user_or_of_the_daemon(self):
        for pid in self.machines:
            root = f"/proc/{pid}/root"
            self.assertTrue(os.path.exists(root + "/usr/bin/qemu-system-x86_64"))
            for path in ("/home", "/root", "/var", self.daemon.folder):
                self.assertTrue(os.path.exists(path))
                self.assertFalse(os.path.exists(root + path), path)

    def test_each_has_open_what_it_was_given_and_nothing_of_another_one(self):
        disks, memories, templates = [], [], []
        for pid in self.machines:
            found = open_files(pid)
            self.assertEqual(found.pop("unknown"), {})
            for kind, files in found.items():
                self.assertLessEqual(len(files), GIVEN[kind][1], kind)
            self.assertEqual(len(found["disk"]), 1)
            disks += found["disk"]
            for memory, path in found["memory"].items():
                (templates if is_sealed(path) else memories).append(memory)
        self.assertEqual(len(set(disks)), len(disks), "two machines have the same /tmp")
        self.assertEqual(memories, [], "memory that can be written through a file")
        self.assertEqual(len(templates), 1, "the one copy's")


class FullDisk(DaemonTestCase):
    """Where the machines' /tmp lies, there is room for 64 MiB."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        give_stock(cls.daemon)
        cls.daemon.stop()
        disks = os.path.join(cls.daemon.folder, "data", "disks")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", disks],
                       check=True)
        cls.addClassCleanup(subprocess.run, ["umount", "--lazy", disks], check=True)
        cls.daemon.start()

    def test_a_write_to_tmp_fails_when_the_hosts_disk_is_full(self):
        client = self.deploy("fills", FILL, Tags=MACHINE, Timeout=60, MemorySize=512)
        self.assertEqual(json.load(client.invoke(FunctionName="fills", Payload=b"1")["Payload"]),
                         "written")
        answer = client.invoke(FunctionName="fills", Payload=b"96")
        self.assertEqual(json.load(answer["Payload"]), "Input/output error")


if __name__ == "__main__":
    unittest.main()
