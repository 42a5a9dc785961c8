"""What a function sees and reaches of its host: nothing that is not its own, by examples/probe."""
import json
import os
import socket
import unittest
import urllib.request

from daemon import ISOLATION, ROLE, containers_only, zip_of
from network_world import HOST4, HOST6, LAN4, METADATA4, SERVER4
from test_network import Uplink

SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", ".")
SECRET = "variable-of-the-daemon"


class Isolation(Uplink):
    """examples/probe beside another environment, in a world whose host has services of its own."""

    @classmethod
    def setUpClass(cls):
        os.environ["PROA_TEST_SECRET"] = SECRET
        super().setUpClass()
        folder = os.path.join(SOURCE_DIR, "examples/probe")
        files = {}
        for name in os.listdir(folder):
            if name.endswith(".py"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    files[name] = file.read()
        case = cls("probe")
        client = case.client()
        for name in ("probe", "neighbour"):
            client.create_function(FunctionName=name, Runtime="python3.11", Role=ROLE, Timeout=60,
                                   Handler="probe.handler", Code={"ZipFile": zip_of(files)},
                                   MemorySize=512)
        case.ask(client, "neighbour", sections=["ids"])  # stays there, idle
        targets = [f"{HOST4}:8081", f"{HOST4}:8082", "127.0.0.1:8082", f"[{HOST6}]:8083",
                   f"{METADATA4}:80", f"{METADATA4}:8080", f"{LAN4}:8080", "169.254.100.1:8081",
                   *cls.neighbours()]
        cls.seen_inside = case.ask(client, "probe", connect=targets)
        cls.reached = case.ask(client, "probe", sections=["connect"], connect=[f"{SERVER4}:8080"])
        case.doCleanups()

    @classmethod
    def neighbours(cls):
        """Outside addresses of the first environments, and of the host's end of the link."""
        with urllib.request.urlopen(cls.daemon.endpoint + "/proa/v1/status") as answer:
            second = 64 + json.load(answer)["host"]["instance"]
        return [f"100.{second}.{end}" for end in
                ("0.1:8081", "0.2:53", *(f"1.{index}:9001" for index in range(6)))]

    def probe(self):
        """Name of the case that setUpClass makes only to have its methods."""

    def section(self, name):
        return self.seen_inside[name]

    @containers_only
    def test_only_its_own_processes(self):
        names = [process["name"] for process in self.section("processes")]
        self.assertEqual(names, ["proa-init", "python3.11"])

    def test_nothing_of_the_host_answers_and_the_internet_does(self):
        self.assertEqual(self.reached["connect"], {f"{SERVER4}:8080": "connected"})
        answers = self.section("connect")
        self.assertNotIn("connected", answers.values(), answers)
        self.assertEqual(sum(self.from_functions, []), [])

    def test_its_network_is_the_same_two_devices_as_everywhere(self):
        network = self.section("network")
        self.assertEqual({name: device["addresses"] for name, device in
                          network["interfaces"].items()},
                         {"lo": ["127.0.0.1", "::1/128"],
                          "eth0": ["169.254.100.2", "fd70:726f:61ff::2/128"]})
        listening = {entry["local"] for entry in network["sockets"]["tcp"]}
        self.assertEqual(listening, {"127.0.0.1:9001", "127.0.0.1:9002"})
        self.assertEqual(network["sockets"]["udp"] + network["unix_sockets"], [])

    @containers_only
    def test_no_capability_no_new_privileges_and_filters(self):
        privileges = self.section("privileges")
        self.assertEqual([held for held in privileges["capabilities"].values() if held], [])
        self.assertEqual((privileges["NoNewPrivs"], privileges["Seccomp"]), ("1", "2"))
        # Files of the host's /usr may have the bit, but no mount honours it.
        for mount in self.section("mounts"):
            self.assertIn("nosuid", mount["options"].split(","), mount)

    @unittest.skipUnless(ISOLATION == "microvm", "it is about machines")
    def test_in_a_machine_it_has_no_rights_and_no_way_to_some(self):
        privileges = self.section("privileges")
        self.assertEqual([held for held in privileges["capabilities"].values() if held], [])
        self.assertEqual(privileges["NoNewPrivs"], "1")
        for mount in self.section("mounts"):
            self.assertIn("nosuid", mount["options"].split(","), mount)
        ids = self.section("ids")
        self.assertEqual((ids["uid"], ids["gid"], ids["groups"]), ([993] * 3, [990] * 3, []))
        self.assertEqual(ids["hostname"], "sandbox")
        names = [process["name"] for process in self.section("processes")]
        self.assertIn("python3.11", names)
        self.assertNotIn("proa", names)

    def test_everything_but_tmp_is_read_only(self):
        writable = [mount["point"] for mount in self.section("mounts")
                    if "rw" in mount["options"].split(",")]
        self.assertEqual([point for point in writable if not point.startswith("/proc")], ["/tmp"])
        self.assertEqual(self.section("writable")["files"], [])
        kernel = self.section("writable")["kernel"]
        # /dev/null lies on kallsyms: writing there changes nothing.
        own = ("/proc/self/oom_score_adj", "/proc/kallsyms")
        self.assertEqual([path for path, access in kernel.items()
                          if "write" in access and path not in own], [])

    def test_devices_are_the_harmless_five(self):
        self.assertEqual({device["path"] for device in self.section("devices")},
                         {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})

    @containers_only
    def test_control_groups_look_like_roots_and_cannot_be_changed(self):
        cgroups = self.section("cgroups")
        self.assertEqual({line.split(":", 2)[2] for line in cgroups["self"]}, {"/"})
        self.assertFalse(cgroups["writable"])

    @containers_only
    def test_ids_are_of_a_user_of_its_own_and_namespaces_not_the_hosts(self):
        ids = self.section("ids")
        self.assertEqual((ids["uid"], ids["gid"], ids["groups"]), ([993] * 3, [990] * 3, []))
        for name, space in ids["namespaces"].items():
            if not name.startswith("time"):
                self.assertNotEqual(space, os.readlink("/proc/self/ns/" + name), name)
        self.assertNotEqual(ids["hostname"], socket.gethostname())

    def test_variables_and_descriptors_are_lambdas(self):
        self.assertNotIn(SECRET, json.dumps(self.section("environment")))
        allowed = ("AWS_", "LAMBDA_", "_", "LANG", "LC_", "PATH", "LD_LIBRARY_PATH", "TZ", "PYTHON")
        self.assertEqual([name for name in self.section("environment")
                          if not name.startswith(allowed)], [])
        self.assertEqual(set(self.section("descriptors")), {"0", "1", "2", "3", "4"})
        self.assertEqual(self.section("descriptors")["0"], "/dev/null")

    @containers_only
    def test_no_keys(self):
        self.assertEqual(self.section("keys"),
                         {"keys": [], "users": [], "session_keyring": {"error": "EPERM"}})


if __name__ == "__main__":
    unittest.main()
