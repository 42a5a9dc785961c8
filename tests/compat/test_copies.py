"""Machines that are copies of one that waited with its runtime: nothing that has to be its own is
another one's, and what a machine that boots can do they can do."""
import concurrent.futures
import json
import os
import time
import unittest

from daemon import DaemonTestCase, zip_of
from guests import MACHINE, add_kernel, why_not

# How many are alive at once; by hand: PROA_TEST_COPIES=100.
COPIES = int(os.environ.get("PROA_TEST_COPIES", "8"))

PYTHON = """
import hashlib, os, random, secrets, socket, ssl, time, uuid
BEGAN = time.time()
def handler(event, context):
    clock = time.time()
    time.sleep(event.get("seconds", 0))
    with open("/proc/sys/kernel/random/boot_id") as file: boot_id = file.read().strip()
    return {"clock": clock, "random": random.random(), "system": random.SystemRandom().random(),
            "urandom": os.urandom(16).hex(), "ssl": ssl.RAND_bytes(16).hex(),
            "uuid": str(uuid.uuid4()), "secret": secrets.token_hex(8), "boot_id": boot_id,
            "key": os.environ["AWS_ACCESS_KEY_ID"], "stream": context.log_stream_name,
            "request": context.aws_request_id}
"""
NODE = """
const { randomBytes, randomUUID } = require('crypto');
const vm = require('vm');
const began = Date.now();
exports.handler = async (event) => {
  const clock = Date.now() / 1000;
  const origin = (performance.timeOrigin + performance.now()) / 1000 - clock;
  await new Promise((resolve) => setTimeout(resolve, 1000 * (event.seconds ?? 0)));
  return { clock, random: Math.random(), bytes: randomBytes(16).toString('hex'),
           uuid: randomUUID(), other: vm.runInNewContext('Math.random()'), origin };
};
"""
LOOK = """
import os, subprocess
def handler(event, context):
    disk = os.statvfs("/tmp")
    with open("/tmp/mine", "w") as file: file.write("x")
    try:
        with open("/var/task/new", "w") as file: written = "written"
    except OSError as failed: written = failed.strerror
    return {"task": sorted(os.listdir("/var/task")), "opt": sorted(os.listdir("/opt")),
            "tmp": disk.f_frsize * disk.f_bavail >> 20, "written": written, "uid": os.getuid(),
            "dev": sorted(os.listdir("/dev")), "tmp_files": sorted(os.listdir("/tmp")),
            "variable": os.environ.get("COLOUR"), "mounts": len(open("/proc/mounts").readlines())}
"""
ASK = """
import urllib.request
def handler(event, context):
    try:
        return urllib.request.urlopen(event, timeout=20).read().decode()
    except OSError as failed:
        return "failed: " + str(getattr(failed, "reason", failed))
"""
FAIL = """
import os
def handler(event, context):
    if event: os._exit(3)
    return 1
"""


def head_of(answer):
    return answer["ResponseMetadata"]["HTTPHeaders"]


def start_of(answer):
    return head_of(answer)["x-proa-start"]


class TemplateTestCase(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        if reason := why_not():
            raise unittest.SkipTest(reason)
        super().setUpClass()
        add_kernel(cls.daemon.endpoint)

    def machine(self, name, code, **more):
        more.setdefault("Timeout", 60)
        return self.deploy(name, code, Tags=MACHINE, **more)

    def guests(self):
        status, out, error = self.proa("status", "--json")
        self.assertEqual(status, 0, error)
        return json.loads(out)["guests"]

    def await_templates(self, count):
        end = time.monotonic() + 120
        while self.guests()["templates"] < count:
            self.assertLess(time.monotonic(), end, "no template came")
            time.sleep(0.2)

    def boot_one(self, name, code, templates, payload=b"{}", **more):
        """The first machine of its kind, after which there is a template."""
        client = self.machine(name, code, **more)
        answer = client.invoke(FunctionName=name, Payload=payload)
        self.assertNotIn("FunctionError", answer, answer["Payload"].read())
        self.await_templates(templates)
        return client

    def call_copies(self, name, count=COPIES):
        """What as many calls at once say, of those that came to a copy: on a busy host some wait
        for a machine that is there."""
        payload = json.dumps({"seconds": 5 + count}).encode()
        def call(_):
            answer = self.client().invoke(FunctionName=name, Payload=payload)
            return start_of(answer), json.load(answer["Payload"]), time.time()
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            copies = [one for one in pool.map(call, range(count)) if one[0] == "restored"]
        self.assertGreaterEqual(len(copies), count / 2)
        return copies

    def assert_all_different(self, told, members):
        for member in members:
            values = [one[member] for one in told]
            self.assertEqual(len(set(values)), len(values), f"{member} comes twice")


class Copies(TemplateTestCase):
    def test_python_copies_have_nothing_of_their_own_in_common(self):
        self.boot_one("python", PYTHON, 1)
        answers = self.call_copies("python")
        self.assert_all_different([told for _, told, _ in answers], (
            "random", "system", "urandom", "ssl", "uuid", "secret", "boot_id", "key", "stream",
            "request"))
        for _, told, now in answers:
            self.assertLess(told["clock"], now)
            self.assertGreater(told["clock"], now - 60)

    def test_node_copies_have_nothing_of_their_own_in_common(self):
        before = self.guests()["templates"]
        self.boot_one("node", NODE, before + 1, runtime="nodejs20.x", handler="index.handler",
                      file="index.js", MemorySize=256)
        told = [one for _, one, _ in self.call_copies("node", 4)]
        self.assert_all_different(told, ("random", "bytes", "uuid", "other"))
        for one in told:
            self.assertLess(abs(one["origin"]), 1, "timeOrigin is the template's")

    def test_a_copy_sees_what_a_machine_sees_that_boots(self):
        client = self.machine("boots", LOOK, MemorySize=192, Environment={
            "Variables": {"COLOUR": "red"}})
        first = client.invoke(FunctionName="boots", Payload=b"{}")
        self.assertEqual(start_of(first), "cold")
        before = self.guests()["templates"]
        self.await_templates(max(before, 1))
        layer = client.publish_layer_version(
            LayerName="layer", Content={"ZipFile": zip_of({"lib/mark": "x"})})["LayerVersionArn"]
        booted = json.load(first["Payload"])
        # Another function of that size: with more code, a larger /tmp, and a layer.
        end = time.monotonic() + 120
        for number in range(100):
            name = f"copied-{number}"
            self.machine(name, LOOK, MemorySize=192, Layers=[layer], EphemeralStorage={"Size": 700},
                         Environment={"Variables": {"COLOUR": "blue"}})
            answer = client.invoke(FunctionName=name, Payload=b"{}")
            if start_of(answer) == "restored":
                break
            self.assertLess(time.monotonic(), end, "no copy came")
            time.sleep(1)
        copied = json.load(answer["Payload"])
        self.assertEqual(copied.pop("opt"), ["lib"])
        self.assertEqual(copied.pop("tmp"), 700)
        self.assertEqual(copied.pop("variable"), "blue")
        self.assertEqual(copied.pop("mounts"), booted.pop("mounts") + 1, "that of the layer")
        for member in ("opt", "tmp", "variable"):
            booted.pop(member)
        self.assertEqual(copied, booted)

    def test_a_copy_reaches_what_its_function_may(self):
        before = self.guests()["templates"]
        endpoint = self.daemon.endpoint
        self.boot_one("asks", ASK, before + 1, json.dumps(endpoint).encode(), MemorySize=320)
        client = self.client()
        tags = {**MACHINE, "proa:network": "none"}
        self.deploy("asks-nobody", ASK, Tags=tags, MemorySize=320, Timeout=60)
        answer = client.invoke(FunctionName="asks-nobody", Payload=json.dumps(endpoint).encode())
        self.assertEqual(start_of(answer), "restored")
        self.assertIn("failed", json.load(answer["Payload"]))

    def test_a_copy_dies_and_is_reset_like_any_machine(self):
        before = self.guests()["templates"]
        self.boot_one("fails", FAIL, before + 1, MemorySize=224)
        client = self.machine("fails-too", FAIL, MemorySize=224)
        failed = client.invoke(FunctionName="fails-too", Payload=b"1")
        self.assertEqual((start_of(failed), failed["FunctionError"]), ("restored", "Unhandled"))
        again = client.invoke(FunctionName="fails-too", Payload=b"0")
        self.assertEqual(json.load(again["Payload"]), 1)


class Off(TemplateTestCase):
    arguments = ("--templates", "off")

    def test_without_templates_every_machine_boots(self):
        for number in range(2):
            client = self.machine(f"boots-{number}", "def handler(e, c): return 1\n")
            self.assertEqual(start_of(client.invoke(FunctionName=f"boots-{number}")), "cold")
        self.assertEqual(self.guests()["templates"], 0)


if __name__ == "__main__":
    unittest.main()
