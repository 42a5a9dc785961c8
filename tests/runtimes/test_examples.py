"""The functions in examples/ on the real bootstraps; the custom runtime on a Runtime API stub."""
import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from frames import ENVIRONMENT, REQUEST_ID, ROOT, RuntimeTest  # noqa: E402

PYTHON = ["/usr/bin/python3", "-B", os.path.join(ROOT, "runtimes", "python", "bootstrap.py")]
NODE = ["/usr/bin/node", os.path.join(ROOT, "runtimes", "node", "bootstrap.cjs")]


class Example(RuntimeTest):
    def bootstrap(self):
        return self.command

    def run_example(self, name, command, handler, **variables):
        self.command = command
        runtime = self.start()
        folder = os.path.join(ROOT, "examples", name)
        config = {**self.config(handler, **variables), "task_root": folder, "cwd": folder}
        self.assertEqual(runtime.configure(config)[0], "ready")
        return runtime

    def test_python_hello(self):
        runtime = self.run_example("python-hello", PYTHON, "app.handler")
        expected = {"message": "Hello, Ada!", "requestId": REQUEST_ID % 1}
        self.assertEqual(runtime.result({"name": "Ada"}), expected)
        self.assertIn("greeting Ada\n", runtime.stdout)

    def test_node_hello(self):
        runtime = self.run_example("node-hello", NODE, "index.handler")
        expected = {"message": "Hello, Ada!", "requestId": REQUEST_ID % 1}
        self.assertEqual(runtime.result({"name": "Ada"}), expected)
        self.assertIn("greeting Ada\n", runtime.stdout)

    def test_node_esm(self):
        runtime = self.run_example("node-esm", NODE, "index.handler", ALGORITHM="md5")
        expected = {"algorithm": "md5", "digest": "d41d8cd98f00b204e9800998ecf8427e"}
        self.assertEqual(runtime.result({}), expected)

    def test_probe_reports_all_sections(self):
        runtime = self.run_example("probe", PYTHON, "probe.handler", SEEN="yes")
        open(os.path.join(self.task_root, "gives"), "w").close()
        os.chmod(os.path.join(self.task_root, "gives"), 0o4755)
        event = {"connect": ["127.0.0.1:1", "nonsense"], "walk_root": self.task_root}
        seen = runtime.result(event)
        for section in set(seen) - {"keys", "cgroups"}:
            self.assertNotIn("error", seen[section], section)
        self.assertIn(runtime.process.pid, [p["pid"] for p in seen["processes"]])
        self.assertEqual(seen["environment"]["SEEN"], "yes")
        self.assertIn("/", [mount["point"] for mount in seen["mounts"]])
        self.assertIn("lo", seen["network"]["interfaces"])
        self.assertIn("CapEff", seen["privileges"]["capabilities"])
        self.assertIn("/dev/null", [device["path"] for device in seen["devices"]])
        self.assertTrue(seen["descriptors"]["1"].startswith("pipe:"))
        self.assertEqual(seen["ids"]["uid"], list(os.getresuid()))
        self.assertEqual(seen["connect"]["127.0.0.1:1"], "ECONNREFUSED")
        self.assertTrue(seen["connect"]["nonsense"].startswith("not host:port"))
        self.assertEqual(seen["writable"]["folders"], [self.task_root])
        self.assertEqual(seen["setuid"]["files"][0]["gives"], ["uid"])
        self.assertEqual(os.listdir(self.task_root), ["gives"])

    def test_probe_names_an_unknown_section(self):
        runtime = self.run_example("probe", PYTHON, "probe.handler")
        kind, report = runtime.call({"sections": ["ids", "nope"]})
        self.assertEqual(kind, "error")
        self.assertIn("unknown sections ['nope']", report["errorMessage"])


class RuntimeApi(http.server.ThreadingHTTPServer):
    """The part of the HTTP Runtime API that a custom runtime needs, one event at a time."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.events = queue.Queue()
        self.answers = queue.Queue()


class _Exchange(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as by the real one
    disable_nagle_algorithm = True

    def do_GET(self):
        event = self.server.events.get()
        if event is None:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", REQUEST_ID % 1)
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        error_type = self.headers["Lambda-Runtime-Function-Error-Type"]
        self.server.answers.put((self.path, error_type, json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class OnTheStub(unittest.TestCase):
    """A `bootstrap` on the stub."""

    BASE = "/2018-06-01/runtime/"

    def setUp(self):
        self.api = RuntimeApi()
        thread = threading.Thread(target=self.api.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.api.server_close)
        self.addCleanup(self.api.shutdown)

    def start(self, folder, handler):
        env = {
            **ENVIRONMENT,
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": folder,
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % self.api.server_address[1],
        }
        env["LANG"] = "C.UTF-8"  # Bash warns on stderr where the other one is not installed
        process = subprocess.Popen(
            [os.path.join(folder, "bootstrap")], env=env, stderr=subprocess.PIPE, cwd=folder
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(self.api.events.put, None)
        return process

    def answer(self):
        return self.api.answers.get(timeout=30)


class Compiled(OnTheStub):
    def compiled(self, tool, *command):
        """A temporary folder with the `bootstrap` that a compiler makes."""
        if not shutil.which(tool):
            self.skipTest(tool + " is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        subprocess.run([tool, *command, "-o", os.path.join(folder.name, "bootstrap")], check=True)
        return folder.name

    def check_compiled(self, folder, language):
        process = self.start(folder, "bootstrap")
        self.api.events.put(b'{"name": "Ada"}')
        path, error_type, body = self.answer()
        self.assertEqual(path, self.BASE + "invocation/%s/response" % (REQUEST_ID % 1))
        self.assertEqual(error_type, None)
        message = "Hello from %s!" % language
        self.assertEqual(body, {"message": message, "event": {"name": "Ada"}})
        self.api.events.put(b'{"x": "fail"}')
        path, error_type, body = self.answer()
        self.assertEqual(path, self.BASE + "invocation/%s/error" % (REQUEST_ID % 1))
        self.assertEqual((error_type, body["errorMessage"]), ("Function.Failed", "told to fail"))
        self.assertEqual(process.stderr.readline(), b"event of 15 characters\n")

    def test_cpp_answers_events_and_reports_failures(self):
        source = os.path.join(ROOT, "examples", "cpp-hello", "main.cpp")
        self.check_compiled(self.compiled("g++", "-std=c++20", "-static", source), "C++")

    def test_rust_answers_events_and_reports_failures(self):
        source = os.path.join(ROOT, "examples", "rust-hello", "main.rs")
        self.check_compiled(self.compiled("rustc", "--edition", "2021", source), "Rust")


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class BashHello(OnTheStub):
    FOLDER = os.path.join(ROOT, "examples", "bash-hello")

    def test_answers_events_and_reports_failures(self):
        process = self.start(self.FOLDER, "function.hello")
        self.api.events.put(b'{"name": "Ada"}')
        path, error_type, body = self.answer()
        self.assertEqual(path, self.BASE + "invocation/%s/response" % (REQUEST_ID % 1))
        self.assertEqual((error_type, body["length"]), (None, 15))
        self.api.events.put(b'{"x": "fail"}')
        path, error_type, body = self.answer()
        self.assertEqual(path, self.BASE + "invocation/%s/error" % (REQUEST_ID % 1))
        self.assertEqual((error_type, body["errorType"]), ("Function.Failed", "Function.Failed"))
        self.assertEqual(body["errorMessage"], "hello ended with status 3")
        self.assertEqual(process.stderr.readline(), b"event of 15 characters\n")

    def test_reports_a_function_that_is_missing(self):
        process = self.start(self.FOLDER, "function.nothing")
        path, error_type, _ = self.answer()
        self.assertEqual((path, error_type), (self.BASE + "init/error", "Runtime.HandlerNotFound"))
        self.assertEqual(process.wait(30), 1)


if __name__ == "__main__":
    unittest.main()
