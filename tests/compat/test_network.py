"""What functions can reach, with a real daemon in a network of its own."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

from daemon import Daemon, DaemonTestCase, children_of
from network_world import (HOST4, HOST6, LAN4, METADATA4, PORT, RESOLVER, SERVER4, SERVER6,
                           World)

CODE = """
import socket
def resolve(name):
    try:
        return sorted({a[4][0] for a in socket.getaddrinfo(name, None, socket.AF_INET)})
    except socket.gaierror as error:
        return socket.gaierror.__name__ + " %d" % error.errno
def connect(target):
    host, port = target
    try:
        with socket.create_connection((host, port), timeout=3) as s:
            return s.recv(100).decode()
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    if "file" in event: return open(event["file"]).read()
    if "names" in event: return [resolve(name) for name in event["names"]]
    return [connect(target) for target in event["targets"]]
"""


class WorldTestCase(DaemonTestCase):
    """One world and one daemon in it, for all tests of a class."""

    IS_FORWARDING = True
    ARGUMENTS = ()
    RESOLV_CONF = f"nameserver {RESOLVER}\nsearch corp.test\n"

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root for network namespaces")
        cls.world = World(cls.IS_FORWARDING)
        cls.addClassCleanup(cls.world.close)
        cls.prepare_world()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        # A folder of its own is mounted, so that the file can be replaced as resolvers do it.
        cls.resolv_conf = os.path.join(folder.name, "resolv.conf")
        cls.write_resolv_conf(cls.RESOLV_CONF)
        cls.daemon = Daemon(cls.ARGUMENTS, prefix=[
            "unshare", "--mount", "--propagation", "private", "sh", "-c",
            'mount --bind "$0" /etc/resolv.conf && exec "$@"', cls.resolv_conf])
        cls.addClassCleanup(cls.daemon.close)

    @classmethod
    def prepare_world(cls):
        cls.seen = cls.world.serve(cls.world.internet, SERVER4)
        cls.names = {"server.test": SERVER4, "short.corp.test": "192.0.2.7"}
        cls.asked = cls.world.resolve(cls.names)

    @classmethod
    def write_resolv_conf(cls, text):
        with open(cls.resolv_conf, "w", encoding="ascii") as file:
            file.write(text)

    def ask(self, client, name, **event):
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        self.assertNotIn("FunctionError", answer)
        return json.load(answer["Payload"])


class Names(WorldTestCase):
    def test_a_function_resolves_by_the_hosts_resolver_and_search_domain(self):
        client = self.deploy("names", CODE)
        self.assertEqual(self.ask(client, "names", file="/etc/resolv.conf"),
                         "nameserver 169.254.100.1\nsearch corp.test\noptions edns0\n")
        self.assertEqual(self.ask(client, "names", names=["server.test", "short", "no.such.test"]),
                         [[SERVER4], ["192.0.2.7"], "gaierror -2"])
        self.assertEqual(self.ask(client, "names", targets=[["server.test", PORT]]),
                         ["you are " + HOST4])

    def test_policy_none_gets_no_names_and_asks_nobody(self):
        client = self.deploy("mute", CODE, Tags={"proa:network": "none"})
        before = len(self.asked)
        begin = time.monotonic()
        self.assertRegex(self.ask(client, "mute", names=["secret.test"])[0], "gaierror")
        self.assertLess(time.monotonic() - begin, 10, "refused at once, not after time-outs")
        self.assertEqual(self.asked[before:], [])

    def test_another_resolver_in_the_hosts_file_is_used_without_a_restart(self):
        client = self.deploy("moves", CODE)
        self.assertEqual(self.ask(client, "moves", names=["moved.test"]), ["gaierror -2"])
        self.world.resolve({"moved.test": "192.0.2.9"}, "127.0.0.54")
        self.write_resolv_conf("nameserver 127.0.0.54\n# moved\n")
        try:
            self.assertEqual(self.ask(client, "moves", names=["moved.test"]), [["192.0.2.9"]])
        finally:
            self.write_resolv_conf(self.RESOLV_CONF)

    def test_names_survive_a_restart_of_the_roles(self):
        client = self.deploy("again", CODE)
        self.assertEqual(self.ask(client, "again", names=["server.test"]), [[SERVER4]])
        killed = role_of(self.daemon, "proa-pool")
        os.kill(killed, signal.SIGKILL)
        until_answered(lambda: self.assertNotEqual(role_of(self.daemon, "proa-pool"), killed))
        answer = until_answered(lambda: self.ask(client, "again", names=["server.test"]))
        self.assertEqual(answer, [[SERVER4]])


class Uplink(WorldTestCase):
    """The kernel's way, on a host that forwards."""

    def start_line(self):
        return [line for line in self.daemon.output().splitlines() if "proa serves" in line][-1]

    def status(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status", timeout=30) as answer:
            return json.load(answer)["host"]["network"]

    @classmethod
    def prepare_world(cls):
        super().prepare_world()
        cls.world.serve(cls.world.internet, LAN4)
        cls.world.serve(cls.world.internet, METADATA4)
        cls.world.serve(cls.world.internet, SERVER6)
        cls.from_functions = [cls.world.serve(cls.world.host, "0.0.0.0", 8081),
                              cls.world.serve(cls.world.host, "127.0.0.1", 8082),
                              cls.world.serve(cls.world.host, "::", 8083)]

    def check_reach(self):
        client = self.deploy("reach" + type(self).__name__, CODE)
        answers = self.ask(client, "reach" + type(self).__name__, targets=[
            ["server.test", PORT], [SERVER6, PORT], [LAN4, PORT], [METADATA4, PORT], [HOST4, 8081],
            ["127.0.0.1", 8082], [HOST6, 8083], ["100.64.0.1", 8081], ["169.254.100.1", 8081]])
        self.assertEqual(answers[:2], ["you are " + HOST4, "you are " + HOST6])
        self.assertNotIn("you are", " ".join(answers[2:]))
        self.assertEqual(sum(self.from_functions, []), [], "a service of the host was reached")


class KernelUplink(Uplink):
    def test_the_host_forwards_and_the_start_line_says_so(self):
        self.assertTrue(self.start_line().endswith("; network: kernel"), self.start_line())
        self.assertEqual(self.status(), {"uplink": "kernel", "ipv6": True})
        self.check_reach()


class PastaUplink(Uplink):
    IS_FORWARDING = False

    def test_a_host_that_does_not_forward_has_pasta_instead(self):
        self.assertRegex(self.start_line(), r"network: pasta \(.*net.ipv4.ip_forward is 0")
        self.assertEqual(self.status()["uplink"], "pasta")
        self.check_reach()

    def test_pasta_is_nobody_on_the_host_and_starts_again(self):
        client = self.deploy("again", CODE)
        pasta = role_of(self.daemon, "passt")
        with open(f"/proc/{pasta}/status", encoding="ascii") as file:
            uids = re.search(r"^Uid:\s+(.*)$", file.read(), re.M).group(1).split()
        self.assertEqual(len(set(uids)), 1)
        self.assertIn(int(uids[0]), range(0x70100000, 0x70100000 + 64), "an id of its own")
        os.kill(pasta, signal.SIGKILL)
        answer = ["you are " + HOST4]
        until_answered(lambda: self.assertEqual(
            self.ask(client, "again", targets=[[SERVER4, PORT]]), answer))
        self.assertNotEqual(role_of(self.daemon, "passt"), pasta)
        self.assertIn("the uplink was lost and is started again: pasta ended",
                      self.daemon.output())

    def test_zz_nothing_of_it_is_left(self):
        inside = children_of(self.daemon.process.pid)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual([pid for pid in inside if os.path.exists(f"/proc/{pid}")], [])
        tables = subprocess.run(["nft", "list", "tables"], capture_output=True, check=True)
        self.assertEqual(tables.stdout, b"")


class ForeignFirewall(Uplink):
    @classmethod
    def prepare_world(cls):
        super().prepare_world()
        cls.world.nft("table ip filter { chain DOCKER-USER {}; chain FORWARD { "
                      "type filter hook forward priority 0; policy drop; }; }")

    def test_a_firewall_that_drops_is_named_with_its_remedy_and_pasta_used(self):
        self.assertRegex(
            self.start_line(), r"network: pasta \(the host's firewall drops the IPv4 .*"
            r"chain FORWARD of table ip filter .*DOCKER-USER -i proa\d+")
        self.assertIn("iptables -I DOCKER-USER -i proa", self.status()["firewall"][0])
        self.check_reach()


class NoUplink(Uplink):
    ARGUMENTS = ("--uplink", "none")

    def test_none_is_loopback_only(self):
        self.assertTrue(self.start_line().endswith("network: none (switched off by --uplink none)"))
        client = self.deploy("alone", CODE)
        self.assertEqual(self.ask(client, "alone", targets=[[SERVER4, PORT]]), ["OSError"])


def role_of(daemon, name):
    """Process id of the launcher's role `name`."""
    for pid in children_of(daemon.process.pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if file.read().strip().split(".")[0] == name:  # pasta is "passt.avx2"
                    return pid
        except OSError:
            pass
    raise AssertionError(f"no process {name} below the daemon")


def until_answered(call, seconds=30):
    """What `call` returns, tried again while environments cannot be made."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except Exception as error:  # the client's 5xx, or a call that ended with its environment
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    unittest.main()
