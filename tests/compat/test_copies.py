"""Machines that are copies of one that waited with its runtime: nothing that has to be its own is
another one's, and what a machine that boots can do they can do."""
import concurrent.futures
import itertools
import json
import os
import time
import unittest

from daemon import ROLE, DaemonTestCase, zip_of
from guests import MACHINE, give_stock

# By hand: PROA_TEST_COPIES=60, as many as the daemon of these tests has environments.
COPIES = int(os.environ.get("PROA_TEST_COPIES", "8"))

PYTHON = """
import hashlib, os, random, secrets, socket, ssl, time, uuid
BEGAN = time.time()
def handler(event, context):
    clock = time.time()
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
    numbers = itertools.count()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        give_stock(cls.daemon)

    def machine(self, name, code, **more):
        return self.deploy(name, code, **{"Timeout": 60, "Tags": MACHINE, **more})

    start = "restored"  # what a copy's first call says
    pause_s = 1

    def call_copy(self, code, payload=b"{}", **more):
        """The answer of the first function with this code that comes to a copy: the first machine
        of its kind boots, and it takes a while until there is a template, or a copy that waits."""
        end = time.monotonic() + 180
        for _ in range(100):
            name = f"copied-{next(self.numbers)}"
            client = self.machine(name, code, **more)
            answer = client.invoke(FunctionName=name, Payload=payload)
            if start_of(answer) == self.start:
                return name, answer
            self.assertLess(time.monotonic(), end, "no copy came")
            time.sleep(self.pause_s)

    def call_copies(self, code, count=COPIES, **more):
        """What as many functions say, each of which has a machine of its own; a few at once."""
        self.call_copy(code, **more)
        def call(_):
            _, answer = self.call_copy(code, **more)
            return json.load(answer["Payload"]), time.time()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(call, range(count)))

    def guests(self):
        status, out, error = self.proa("status", "--json")
        self.assertEqual(status, 0, error)
        return json.loads(out)["guests"]

    def assert_all_different(self, told, members):
        for member in members:
            values = [one[member] for one in told]
            self.assertEqual(len(set(values)), len(values), f"{member} comes twice")


class AnyCopy:
    """What copies do however they came to be; beside a TemplateTestCase."""

    def test_a_copy_reaches_no_more_than_its_function_may(self):
        _, answer = self.call_copy(ASK, json.dumps(self.daemon.endpoint).encode(),
                                   Tags={**MACHINE, "proa:network": "none"})
        self.assertIn("failed", json.load(answer["Payload"]))

    def test_a_copy_dies_and_is_reset_like_any_machine(self):
        name, failed = self.call_copy(FAIL, b"1")
        self.assertEqual(failed["FunctionError"], "Unhandled")
        again = self.client().invoke(FunctionName=name, Payload=b"0")
        self.assertEqual(json.load(again["Payload"]), 1)


class Copies(AnyCopy, TemplateTestCase):
    """Those that are made for their function."""
    arguments = ("--max-parked", "0")

    def test_python_copies_have_nothing_of_their_own_in_common(self):
        answers = self.call_copies(PYTHON)
        self.assert_all_different([told for told, _ in answers], (
            "random", "system", "urandom", "ssl", "uuid", "secret", "boot_id", "key", "stream",
            "request"))
        for told, now in answers:
            self.assertLess(told["clock"], now)
            self.assertGreater(told["clock"], now - 60)

    def test_node_copies_have_nothing_of_their_own_in_common(self):
        kind = {"runtime": "nodejs20.x", "handler": "index.handler", "file": "index.js",
                "MemorySize": 256}
        told = [one for one, _ in self.call_copies(NODE, 4, **kind)]
        self.assert_all_different(told, ("random", "bytes", "uuid", "other"))
        for one in told:
            self.assertLess(abs(one["origin"]), 1, "timeOrigin is the template's")

    def test_a_copy_sees_what_a_machine_sees_that_boots(self):
        client = self.machine("boots", LOOK, MemorySize=192, Environment={
            "Variables": {"COLOUR": "red"}})
        first = client.invoke(FunctionName="boots", Payload=b"{}")
        self.assertEqual(start_of(first), "cold")
        layer = client.publish_layer_version(
            LayerName="layer", Content={"ZipFile": zip_of({"lib/mark": "x"})})["LayerVersionArn"]
        booted = json.load(first["Payload"])
        # Another function of that size: with a larger /tmp, and a layer.
        _, answer = self.call_copy(LOOK, MemorySize=192, Layers=[layer],
                                   EphemeralStorage={"Size": 700},
                                   Environment={"Variables": {"COLOUR": "blue"}})
        copied = json.load(answer["Payload"])
        self.assertEqual(copied.pop("opt"), ["lib"])
        self.assertEqual(copied.pop("tmp"), 700)
        self.assertEqual(copied.pop("variable"), "blue")
        self.assertEqual(copied.pop("mounts"), booted.pop("mounts") + 1, "that of the layer")
        for member in ("opt", "tmp", "variable"):
            booted.pop(member)
        self.assertEqual(copied, booted)

    def test_the_status_tells_of_templates(self):
        self.call_copy(FAIL)
        guests = self.guests()
        self.assertGreater(guests["templates"], 0)
        self.assertGreater(guests["template_bytes"], 10 << 20)
        self.assertGreater(guests["template_bytes_most"], guests["template_bytes"])


class Waiting(AnyCopy, TemplateTestCase):
    """Copies that are there before their function."""
    start = "parked"
    pause_s = 3

    def test_python_copies_that_waited_have_nothing_of_their_own_in_common(self):
        self.call_copy(PYTHON)
        told = [json.load(self.call_copy(PYTHON)[1]["Payload"]) for _ in range(3)]
        self.assert_all_different(told, (
            "random", "system", "urandom", "ssl", "uuid", "secret", "boot_id", "key", "stream",
            "request"))
        self.assertLess(abs(told[-1]["clock"] - time.time()), 60)

    def test_node_copies_that_waited_have_nothing_of_their_own_in_common(self):
        kind = {"runtime": "nodejs20.x", "handler": "index.handler", "file": "index.js",
                "MemorySize": 256}
        told = [json.load(self.call_copy(NODE, **kind)[1]["Payload"]) for _ in range(2)]
        self.assert_all_different(told, ("random", "bytes", "uuid", "other"))
        for one in told:
            self.assertLess(abs(one["origin"]), 1, "timeOrigin is the template's")

    def test_one_that_waited_sees_what_a_machine_sees_that_boots(self):
        client = self.machine("boots", LOOK, MemorySize=192, Environment={
            "Variables": {"COLOUR": "red"}})
        booted = json.load(client.invoke(FunctionName="boots", Payload=b"{}")["Payload"])
        layer = client.publish_layer_version(
            LayerName="layer", Content={"ZipFile": zip_of({"lib/mark": "x"})})["LayerVersionArn"]
        _, answer = self.call_copy(LOOK, MemorySize=192, Layers=[layer],
                                   Environment={"Variables": {"COLOUR": "blue"}})
        waited = json.load(answer["Payload"])
        self.assertEqual(waited.pop("opt"), ["lib"])
        self.assertEqual(waited.pop("variable"), "blue")
        self.assertEqual(waited.pop("mounts"), booted.pop("mounts") + 1, "that of the layer")
        for member in ("opt", "variable"):
            booted.pop(member)
        self.assertEqual(waited, booted)


class Strict(TemplateTestCase):
    """A daemon whose templates are one account's: the accounts of two keys."""
    arguments = ("--templates", "strict")

    def first_call(self, client, name):
        client.create_function(FunctionName=name, Runtime="python3.11", Handler="app.handler",
                               Role=ROLE, Timeout=60, Tags=MACHINE,
                               Code={"ZipFile": zip_of({"app.py": FAIL})})
        return start_of(client.invoke(FunctionName=name, Payload=b"0"))

    def test_no_machine_comes_from_another_accounts_template(self):
        admin = self.make_key()
        status, _, error = self.proa("account", "create", "other", "--id", "111111111111",
                                     key=admin)
        self.assertEqual(status, 0, error)
        other = self.client(self.make_key("--account", "111111111111", key=admin))
        own = self.client(admin)
        ends = time.monotonic() + 180
        starts = [self.first_call(own, "first")]
        while starts[-1] != "parked":
            self.assertLess(time.monotonic(), ends, f"no copy waited: {starts}")
            time.sleep(3)
            starts.append(self.first_call(own, f"next-{len(starts)}"))
        self.assertEqual(starts[0], "cold")
        # A copy waits, or will in a moment, and it is the admin's.
        self.assertEqual(self.first_call(other, "first"), "cold")
        while (start := self.first_call(other, f"next-{next(self.numbers)}")) == "cold":
            self.assertLess(time.monotonic(), ends + 180, "the other account got no copy")
            time.sleep(3)
        self.assertIn(start, ("restored", "parked"))


class Off(TemplateTestCase):
    arguments = ("--templates", "off")

    def test_without_templates_every_machine_boots(self):
        for number in range(2):
            client = self.machine(f"boots-{number}", "def handler(e, c): return 1\n")
            self.assertEqual(start_of(client.invoke(FunctionName=f"boots-{number}")), "cold")
        self.assertEqual(self.guests()["templates"], 0)


class TooLarge(TemplateTestCase):
    arguments = ("--template-mib", "64")

    def events(self, name):
        return self.daemon.output().count(f'"event":"{name}"')

    def test_a_template_that_has_no_room_is_made_once_and_machines_boot(self):
        code = "def handler(e, c): return 1\n"
        self.machine("first", code).invoke(FunctionName="first")
        deadline = time.monotonic() + 180
        while not self.events("template_too_large"):
            self.assertLess(time.monotonic(), deadline, self.daemon.output())
            time.sleep(0.2)
        for name in ("second", "third"):
            answer = self.machine(name, code).invoke(FunctionName=name)
            self.assertEqual(start_of(answer), "cold")
        self.assertEqual((self.events("template_made"), self.events("template_too_large")), (1, 1))
        self.assertEqual(self.guests()["templates"], 0)


if __name__ == "__main__":
    unittest.main()
