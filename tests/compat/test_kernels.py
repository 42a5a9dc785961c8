"""`proa kernel` with the kernel that this host's apt has."""
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import guests
from daemon import BINARY_DIR, DaemonTestCase, children_of

LOOK = """
import os, socket
def handler(event, context):
    try:
        socket.socket().close()
        made = "made"
    except OSError as failed:
        made = failed.strerror
    card = sorted(os.listdir("/proc/sys/net/ipv4/conf")) if made == "made" else []
    taken = b"x" * (100 << 20)
    return {"release": os.uname().release, "socket": made, "took": len(taken) >> 20,
            "card": [each for each in card if each not in ("all", "default")]}
"""
ENDING_INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ending_init.c")
END = """
import socket, time
def handler(event, context):
    if event:
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(event.encode(), "\\0end")
        time.sleep(600)
    return "went on"
"""


def entries_of(initrd):
    """Name to mode and bytes of a cpio archive (newc) in gzip, in its order."""
    with gzip.open(initrd) as file:
        data = file.read()
    entries, at = {}, 0
    while True:
        assert data[at:at + 6] == b"070701", data[at:at + 6]
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, uid, gid, mtime, size, name_size = (*fields[1:4], fields[5], fields[6], fields[11])
        assert (uid, gid, mtime) == (0, 0, 0)
        name = data[at + 110:at + 109 + name_size].decode()
        if name == "TRAILER!!!":
            return entries
        begin = (at + 110 + name_size + 3) & ~3
        entries[name] = (mode, data[begin:begin + size], (fields[9], fields[10]))
        at = (begin + size + 3) & ~3


def entry_of(name, mode, data):
    """A file as entries_of() reads it."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = "070701" + "".join(f"{field:08x}" for field in fields)
    out = head.encode() + name.encode() + b"\0"
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)


class KernelsTestCase(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if reason := guests.why_no_kernel():
            raise unittest.SkipTest(reason)

    def folder(self):
        return os.path.join(self.daemon.folder, "data", "kernels")

    def get(self, path):
        with urllib.request.urlopen(self.daemon.endpoint + path, timeout=60) as answer:
            return answer.read().decode()

    def kernel(self, *words):
        """Status, standard output and standard error."""
        environment = dict(os.environ, PROA_ENDPOINT=self.daemon.endpoint,
                           ASAN_OPTIONS="detect_leaks=0")
        done = subprocess.run([os.path.join(BINARY_DIR, "proa"), "kernel", *words],
                              env=environment, capture_output=True, timeout=900, check=False,
                              text=True)
        return done.returncode, done.stdout, done.stderr

    def given(self):
        """As added(): with what was measured of it before."""
        guests.give_stock(self.daemon)
        return json.loads(self.kernel("show", "stock", "--json")[1])

    def added(self):
        status, out, error = self.kernel("add", "stock", "--json")
        self.assertEqual(status, 0, error)
        return json.loads(out)

    def with_initrd(self, kernel_id, initrd):
        """Stores the kernel with another initrd, as the daemon would have but for the signature;
        its id."""
        old = os.path.join(self.folder(), kernel_id)
        with open(os.path.join(old, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        manifest["initrd"] = {"bytes": len(initrd), "sha256": hashlib.sha256(initrd).hexdigest()}
        what = {"format": manifest["format"], "architecture": manifest["architecture"],
                "kernel": manifest["kernel"]["sha256"], "initrd": manifest["initrd"]["sha256"],
                "needs_acpi": manifest["needs_acpi"],
                "may_use_noapictimer": manifest["may_use_noapictimer"],
                "modules": manifest["modules"]}
        text = json.dumps(what, separators=(",", ":"))
        other = hashlib.sha256(text.encode()).hexdigest()[:32]
        new = os.path.join(self.folder(), other)
        shutil.copytree(old, new)
        with open(os.path.join(new, "initrd"), "wb") as file:
            file.write(initrd)
        with open(os.path.join(new, "manifest.json"), "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        owner = os.stat(old)
        for path in (new, *(os.path.join(new, name) for name in os.listdir(new))):
            os.chown(path, owner.st_uid, owner.st_gid)
        return other


class Kernels(KernelsTestCase):
    def begin_add(self):
        """Begins to add one, and comes back when the daemon does it."""
        result = []
        adder = threading.Thread(target=lambda: result.append(self.kernel("add", "stock")))
        adder.start()
        deadline = time.monotonic() + 60
        while "adding" not in json.loads(self.get("/proa/v1/kernels")):
            self.assertLess(time.monotonic(), deadline)
            self.assertTrue(adder.is_alive(), result)
            time.sleep(0.02)
        return adder, result

    def test_the_stock_kernel_is_stored_verified_healed_and_removed(self):
        told = self.added()
        folder = os.path.join(self.folder(), told["id"])
        self.assertEqual(sorted(os.listdir(folder)),
                         ["initrd", "kernel", "manifest.json", "signature"])
        for name in ("kernel", "initrd"):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            self.assertEqual(told[name], {"bytes": len(data),
                                          "sha256": hashlib.sha256(data).hexdigest()})
        self.check_initrd(os.path.join(folder, "initrd"), told["modules"])

        status, out, _ = self.kernel("add", "stock")
        self.assertEqual((status, "was there already.\n" in out), (0, True), out)
        self.assertIn(told["id"], self.kernel("list")[1])
        self.assertIn(told["package"], self.kernel("show", told["id"][:6])[1])
        self.assertRegex(self.get("/metrics"), r'proa_disk_bytes\{kind="kernels"\} \d')

        self.assertEqual(self.kernel("verify", "stock")[0], 0)
        with open(os.path.join(folder, "kernel"), "r+b") as file:
            file.seek(1000)
            byte = file.read(1)
            file.seek(1000)
            file.write(bytes([byte[0] ^ 1]))
        status, out, _ = self.kernel("verify", "stock")
        self.assertEqual(status, 1)
        self.assertIn("kernel has the SHA-256", out)
        os.truncate(os.path.join(folder, "kernel"), 1000)
        self.assertIn("Broken: " + told["id"] + ": kernel has 1000 bytes", self.kernel("list")[1])
        self.assertTrue(self.added()["is_new"])
        self.assertEqual(self.kernel("verify", told["id"])[0], 0)

        self.assertEqual(self.kernel("remove", "stock")[0], 0)
        self.assertEqual(os.listdir(self.folder()), [])
        self.assertEqual(self.kernel("show", "stock")[0], 4)

    def test_a_guest_starts_with_it_and_one_that_is_broken_is_told_with_its_console(self):
        if not os.access("/usr/bin/qemu-system-x86_64", os.X_OK):
            self.skipTest("qemu-system-x86_64 is not installed")
        told = self.added()
        self.addCleanup(self.kernel, "remove", told["id"])
        self.assertIn("measured", told, told.get("not_measured"))
        self.assertLess(told["measured"]["memory_kept_mib"], 80)
        self.assertLess(told["measured"]["memory_min_mib"], 128)
        self.assertIn(f"keeps:        {told['measured']['memory_kept_mib']} MiB",
                      self.kernel("show", "stock")[1])
        status, out, error = self.kernel("verify", "stock", "--boot")
        self.assertEqual(status, 0, out + error)
        self.assertRegex(out, r"and boots in \d+ ms by (kvm|tcg) \(")
        status = json.loads(self.get("/proa/v1/status"))["guests"]
        self.assertIn(f"by {status['accelerator']} ({status['reason']})", out)
        self.assertEqual(self.qemus(), [])

        other = self.with_initrd(told["id"], gzip.compress(b"nothing to boot from" * 100))
        self.addCleanup(self.kernel, "remove", other)
        status, out, error = self.kernel("verify", other, "--boot")
        self.assertEqual(status, 1, out + error)
        self.assertIn("its signature is not of this manifest by this host's key", out)
        self.assertIn(f"Broken: {other}: its signature", self.kernel("list")[1])
        self.assertEqual(self.kernel("sign", other)[0], 0)
        status, out, error = self.kernel("verify", other, "--boot")
        self.assertEqual(status, 1, out + error)
        self.assertIn("does not boot here: the guest ended before it answered", out, error)
        self.assertIn("Kernel panic", out)
        self.assertEqual(self.qemus(), [])

    def test_the_launcher_boots_nothing_that_has_changed_since_it_was_signed(self):
        told = self.given()
        self.addCleanup(self.kernel, "remove", told["id"])
        key = os.path.join(self.daemon.folder, "data", "catalog", "kernels.key")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        kernel = os.path.join(self.folder(), told["id"], "kernel")
        with open(kernel, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            byte = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([byte[0] ^ 1]))
        # Nobody but the launcher reads all of it for that.
        status, out, error = self.kernel("measure", told["id"])
        self.assertNotEqual(status, 0, out)
        self.assertIn(f"guest kernel {told['id']} is not what this host has signed", error)
        self.assertEqual(self.qemus(), [])
        with open(kernel, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(byte)
        self.assertEqual(self.kernel("verify", told["id"], "--boot")[0], 0)

    def test_kernels_of_before_there_were_keys_are_signed_once(self):
        told = self.given()
        self.addCleanup(self.kernel, "remove", told["id"])
        signature = os.path.join(self.folder(), told["id"], "signature")
        key = os.path.join(self.daemon.folder, "data", "catalog", "kernels.key")
        self.assertEqual(self.daemon.stop(), 0)
        os.remove(signature)
        os.remove(key)
        self.daemon.start()
        self.assertEqual(self.kernel("verify", "stock")[0], 0)
        self.assertEqual(self.daemon.stop(), 0)
        os.remove(signature)
        self.daemon.start()
        self.assertIn(f"Broken: {told['id']}: this host has not signed it",
                      self.kernel("list")[1])

    def test_a_kernel_that_a_machine_runs_is_not_removed(self):
        told = self.given()
        self.addCleanup(self.kernel, "remove", told["id"])
        client = self.deploy("stays", "def handler(event, context): return event", Timeout=60,
                             Tags=guests.MACHINE)
        self.addCleanup(client.delete_function, FunctionName="stays")
        answer = client.invoke(FunctionName="stays", Payload=b"1")
        self.assertNotIn("FunctionError", answer, answer["Payload"].read())
        status, _, error = self.kernel("remove", "stock")
        self.assertNotEqual(status, 0)
        self.assertIn(f"Kernel {told['id']} is in use by 1 machine", error)
        self.assertRegex(self.kernel("show", "stock")[1], r"machines: +1\n")
        client.update_function_configuration(FunctionName="stays", MemorySize=256)
        deadline = time.monotonic() + 60
        while self.kernel("remove", "stock")[0] != 0:
            self.assertLess(time.monotonic(), deadline, self.kernel("show", "stock")[1])
            time.sleep(0.2)
        self.assertEqual(os.listdir(self.folder()), [])

    def test_a_function_without_a_network_card_has_no_network_and_asks_for_none(self):
        client = self.client()
        tags = dict(guests.MACHINE, **{"proa:kernel": "nonet", "proa:network": "internet"})
        with self.assertRaises(client.exceptions.InvalidParameterValueException) as refused:
            self.deploy("alone", "def handler(event, context): pass", Tags=tags)
        self.assertIn("the kernel 'nonet' of the tag 'proa:kernel' has no network card",
                      str(refused.exception))

    def test_functions_run_in_each_kernel_that_was_built_and_find_what_it_has(self):
        if reason := guests.why_not():
            self.skipTest(reason)
        if not guests.give_kernels(self.daemon):
            self.skipTest("./dev kernels has built none")
        stored = json.loads(self.get("/proa/v1/kernels"))["kernels"]
        for kernel in stored:
            self.addCleanup(self.kernel, "remove", kernel["id"])
        for name in sorted({kernel["name"] for kernel in stored}):
            with self.subTest(kernel=name):
                client = self.deploy(f"in-{name}", LOOK, Timeout=60, MemorySize=128,
                                     Tags=dict(guests.MACHINE, **{"proa:kernel": name}))
                answer = client.invoke(FunctionName=f"in-{name}", Payload=b"{}")
                told = json.load(answer["Payload"])
                client.delete_function(FunctionName=f"in-{name}")
                self.assertNotIn("FunctionError", answer, told)
                self.assertRegex(told["release"], rf"-proa-{name}$")
                self.assertEqual((told["socket"], told["card"]), {
                    "nonet": ("Function not implemented", []), "local": ("made", ["lo"]),
                }.get(name, ("made", ["eth0", "lo"])), told)
                self.assertEqual(told["took"], 100, "it has the memory of its MemorySize")

    def qemus(self):
        return [pid for pid in children_of(self.daemon.process.pid)
                if "qemu" in os.path.basename(os.readlink(f"/proc/{pid}/exe"))]

    def check_initrd(self, file, modules):
        entries = entries_of(file)
        self.assertEqual(list(entries), sorted(entries))
        self.assertEqual(entries["dev/console"][0], 0o020600)
        self.assertEqual(entries["dev/console"][2], (5, 1))
        for name in ("dev", "proc", "sys", "newroot"):
            self.assertEqual(entries[name][0], 0o040755)
        with open(os.path.join(BINARY_DIR, "proa-init"), "rb") as program:
            self.assertEqual(entries["init"][:2], (0o100755, program.read()))
        paths = entries["modules/list"][1].decode().split()
        self.assertEqual([path.split("-", 1)[1] for path in paths],
                         [name + ".ko" for name in modules])
        for path in paths:
            self.assertEqual(entries[path[1:]][1][:4], b"\x7fELF")
        for first, second in (("virtio", "virtio_mmio"), ("virtio_ring", "virtio_blk")):
            if first in modules and second in modules:
                self.assertLess(modules.index(first), modules.index(second))

    def test_one_is_added_at_a_time_and_the_daemon_need_not_wait_for_it(self):
        adder, result = self.begin_add()
        request = urllib.request.Request(self.daemon.endpoint + "/proa/v1/kernels", method="POST",
                                         data=b'{"source":"stock"}')
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        with refused.exception as answer:
            self.assertEqual(answer.code, 409)
            self.assertIn(b"is being added already", answer.read())
        begun = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - begun, 30)
        adder.join(60)
        self.assertNotEqual(result[0][0], 0)
        self.assertEqual(os.listdir(self.folder()), [])
        self.daemon.start()

    @unittest.skipUnless(os.environ.get("PROA_TEST_KERNEL_BUILD") == "1",
                         "building takes minutes: PROA_TEST_KERNEL_BUILD=1 asks for it")
    def test_a_kernel_of_our_own_is_built_once_and_boots(self):
        status, out, error = self.kernel("build", "nonet", "--json")
        self.assertEqual(status, 0, error)
        told = json.loads(out)
        self.addCleanup(self.kernel, "remove", told["id"])
        folder = os.path.join(self.folder(), told["id"])
        self.assertEqual(sorted(os.listdir(folder)),
                         ["config", "initrd", "kernel", "manifest.json", "signature"])
        self.assertRegex(told["build"]["release"], r"^6\.1\.\d+-proa-nonet$")
        self.assertIn("socket", told["build"]["lacks"]["CONFIG_NET"])
        self.assertEqual(told["modules"], [])
        self.check_initrd(os.path.join(folder, "initrd"), [])
        with open(os.path.join(folder, "config"), encoding="utf-8") as file:
            lines = file.read().split("\n")
        for option in told["build"]["options"]:
            if not option.endswith("=n"):
                self.assertIn(option, lines)

        begun = time.monotonic()
        status, out, _ = self.kernel("build", "nonet")
        self.assertEqual((status, "was there already.\n" in out), (0, True), out)
        self.assertLess(time.monotonic() - begun, 60, "nothing is built again")
        status, out, error = self.kernel("verify", "nonet", "--boot")
        self.assertEqual(status, 0, out + error)

    def test_an_unknown_variant_is_refused_and_a_build_can_be_interrupted(self):
        status, _, error = self.kernel("build", "huge")
        self.assertEqual(status, 4, error)
        self.assertIn("these can be built: nonet, local, net, full", error)
        if missing := [name for name in ("gcc", "make", "flex", "bison", "bc", "xz")
                       if shutil.which(name) is None]:
            self.skipTest("not installed: " + " ".join(missing))
        result = []
        builder = threading.Thread(target=lambda: result.append(self.kernel("build", "nonet")))
        builder.start()
        deadline = time.monotonic() + 300
        while json.loads(self.get("/proa/v1/kernels")).get("adding") != "building nonet":
            self.assertLess(time.monotonic(), deadline)
            self.assertTrue(builder.is_alive(), result)
            time.sleep(0.1)
        begun = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - begun, 30)
        builder.join(60)
        self.assertNotEqual(result[0][0], 0)
        self.assertEqual(os.listdir(self.folder()), [])
        self.daemon.start()

    def test_what_a_killed_daemon_left_goes_at_the_next_start(self):
        adder, _ = self.begin_add()
        self.daemon.process.kill()
        self.daemon.process.wait()
        adder.join(60)
        left = os.listdir(self.folder())
        self.assertEqual([name[:5] for name in left], [".new-"])
        self.daemon.start()
        self.assertEqual(json.loads(self.get("/proa/v1/kernels")), {"kernels": [], "broken": []})
        self.assertEqual(os.listdir(self.folder()), [])


class GuestsThatEnd(KernelsTestCase):
    """Kernels whose /init ends them when a function asks for it: what a function could make its
    machine do that has found a way to become root in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if reason := guests.why_not():
            raise unittest.SkipTest(reason)
        cls.compiler = shutil.which("musl-gcc") or shutil.which("cc")
        if not cls.compiler:
            raise unittest.SkipTest("no compiler for another /init")
        cls("use_the_kernel_that_ends").use_the_kernel_that_ends()

    def use_the_kernel_that_ends(self):
        told = self.given()
        with open(os.path.join(self.folder(), told["id"], "initrd"), "rb") as file:
            initrd = file.read()
        with open(os.path.join(BINARY_DIR, "proa-init"), "rb") as file:
            init = file.read()
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "init")
            subprocess.run([self.compiler, "-static", "-Os", "-o", program, ENDING_INIT],
                           check=True)
            with open(program, "rb") as file:
                ending = file.read()
        # What comes later in an initrd replaces what came before.
        more = (entry_of("init", 0o100755, ending) + entry_of("proa-init", 0o100755, init) +
                entry_of("TRAILER!!!", 0, b""))
        other = self.with_initrd(told["id"], initrd + gzip.compress(more))
        self.assertEqual(self.kernel("sign", other)[0], 0)
        self.assertEqual(self.kernel("remove", told["id"])[0], 0)

    def call_that_ends(self, name, how, **more):
        """The answer of a call in which the machine ends, and of the next one."""
        client = self.deploy(name, END, Tags=guests.MACHINE, **more)
        first = client.invoke(FunctionName=name, Payload=b'""')
        self.assertEqual(json.load(first["Payload"]), "went on")
        answer = client.invoke(FunctionName=name, Payload=json.dumps(how).encode())
        again = client.invoke(FunctionName=name, Payload=b'""')
        self.assertEqual(json.load(again["Payload"]), "went on")
        environments = [each["ResponseMetadata"]["HTTPHeaders"]["x-proa-environment"]
                        for each in (first, answer, again)]
        self.assertEqual(environments[0], environments[1])
        self.assertNotEqual(environments[1], environments[2])
        return json.load(answer["Payload"])

    def test_a_reboot_ends_the_call_at_once(self):
        told = self.call_that_ends("reboots", "reboot", Timeout=600)
        self.assertEqual(told["errorType"], "Runtime.ExitError")

    def test_a_halt_ends_the_call_with_its_time(self):
        told = self.call_that_ends("halts", "halt", Timeout=20)
        self.assertIn("Task timed out after 20.00 seconds", told["errorMessage"])


if __name__ == "__main__":
    unittest.main()
