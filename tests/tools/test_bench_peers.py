"""Unit tests of bench/e2e/npm_peers.py: what is committed, what is refused, what is left behind."""

import glob
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

E2E = Path(__file__).resolve().parents[2] / "bench/e2e"
sys.path.insert(0, str(E2E))
import npm_peers  # noqa: E402

# Starts a child of its own, says the child's id and answers every call with its body.
ECHO = """
import http.server, subprocess, sys
child = subprocess.Popen(["sleep", "600"])
open("child", "w").write(str(child.pid))
class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(%s)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""


class Scripted(npm_peers.NpmPeer):
    """A peer whose program is a Python script."""

    name, path, script = "scripted", "/", ECHO % "body"

    def words(self):
        return [sys.executable, "-B", "-c", self.script, str(self.port)]


class Locks(unittest.TestCase):
    def test_are_of_the_pinned_versions_and_name_no_registry(self):
        for name, peer in npm_peers.PEERS.items():
            with self.subTest(name):
                text = (E2E / "peers" / name / "package-lock.json").read_text("utf-8")
                lock = json.loads(text)["packages"]
                self.assertEqual(lock[f"node_modules/{name}"]["version"], peer.version())
                self.assertNotIn('"resolved"', text)
                wanted = json.loads((E2E / "peers" / name / "package.json").read_text("utf-8"))
                self.assertEqual(lock[""]["dependencies"], wanted["dependencies"])


class Install(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        for patch in (mock.patch.object(npm_peers.figures, "ROOT", self.root.name),
                      mock.patch.dict(os.environ, {"PATH": self.root.name}),
                      mock.patch("builtins.print")):
            patch.start()
            self.addCleanup(patch.stop)

    def npm(self, script):
        path = Path(self.root.name, "npm")
        path.write_text("#!/bin/sh\n" + script, "utf-8")
        path.chmod(0o755)

    def test_without_npm_names_the_peer(self):
        with self.assertRaisesRegex(npm_peers.Unavailable, "peer workerd cannot be .*npm"):
            npm_peers.install("workerd")

    def test_that_fails_says_why_and_is_done_again(self):
        self.npm("echo no such version; exit 1\n")
        for _ in range(2):
            with self.assertRaisesRegex(npm_peers.Unavailable,
                                        "(?s)peer workerd .* ended with 1:\nno such version"):
                npm_peers.install("workerd")

    def test_runs_no_script_and_happens_once(self):
        self.npm('echo "$@" >>../arguments\n')
        folder = npm_peers.install("workerd")
        self.assertEqual(npm_peers.install("workerd"), folder)
        arguments = Path(folder, "../arguments").read_text("utf-8").splitlines()
        self.assertEqual(len(arguments), 1)
        self.assertIn("--ignore-scripts", arguments[0])


class Run(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        for patch in (mock.patch.object(npm_peers, "install", return_value="/nowhere"),
                      mock.patch.object(tempfile, "tempdir", temporary.name)):
            patch.start()
            self.addCleanup(patch.stop)
        self.folder = temporary.name

    def refusal(self, script):
        with mock.patch.object(Scripted, "script", script):
            with self.assertRaises(npm_peers.Unavailable) as caught:
                Scripted()
        self.assertEqual(os.listdir(self.folder), [])
        return str(caught.exception)

    def test_answers_and_leaves_nothing(self):
        with Scripted() as peer:
            self.assertEqual(peer.call(), (200, npm_peers.EVENT))
            child = int(Path(peer.folder, "child").read_text("utf-8"))
            group = peer.process.pid
            self.assertEqual(os.getpgid(child), group)
        self.assertEqual(os.listdir(self.folder), [])
        alive = [path for path in glob.glob("/proc/[0-9]*/stat") if self.is_alive_in(path, group)]
        self.assertEqual(alive, [])

    @staticmethod
    def is_alive_in(path, group):
        try:
            fields = Path(path).read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            return False
        return int(fields[2]) == group and fields[0] not in "ZX"

    def test_that_ends_at_once_shows_what_it_said(self):
        said = self.refusal("print('no such flag'); raise SystemExit(3)")
        self.assertIn("peer scripted cannot be started: it ended with 3:\nno such flag", said)

    def test_that_answers_wrongly_is_refused(self):
        said = self.refusal(ECHO % "b'{}'")
        self.assertIn("peer scripted cannot be started: it answers (200, b'{}')", said)

    def test_that_never_listens_is_refused(self):
        with mock.patch.object(npm_peers, "START_S", 0):
            said = self.refusal("import time; print('busy', flush=True); time.sleep(600)")
        self.assertIn("peer scripted cannot be started: it does not answer after 0 s", said)

    def test_without_its_program_is_refused(self):
        with mock.patch.object(Scripted, "words", lambda _: ["/no/such/program"]):
            self.assertIn("/no/such/program", self.refusal(""))


if __name__ == "__main__":
    unittest.main()
