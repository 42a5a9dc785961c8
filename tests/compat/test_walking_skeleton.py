"""From the AWS clients through the socket to user code in a container, and back (BASE-1 to 3)."""
import base64
import glob
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

from daemon import ROLE, DaemonTestCase, children_of, patience, zip_of

ECHO = """
import os, sys
def handler(event, context):
    print("seen", event)
    return {"event": event, "id": context.aws_request_id, "uid": os.getuid(), "pid": os.getpid()}
"""


class WalkingSkeleton(DaemonTestCase):
    def test_the_aws_cli_creates_waits_and_invokes(self):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y",
                           AWS_DEFAULT_REGION="us-east-1")
        aws = ["/usr/bin/aws", "--endpoint-url", self.daemon.endpoint, "lambda"]
        with tempfile.TemporaryDirectory() as folder:
            package = os.path.join(folder, "f.zip")
            with open(package, "wb") as file:
                file.write(zip_of({"app.py": ECHO}))
            run = lambda *words: subprocess.run([*aws, *words], env=environment, check=True,
                                                capture_output=True,
                                                timeout=patience(60)).stdout
            run("create-function", "--function-name", "cli", "--runtime", "python3.12", "--handler",
                "app.handler", "--role", ROLE, "--zip-file", "fileb://" + package)
            run("wait", "function-active-v2", "--function-name", "cli")
            answer = os.path.join(folder, "answer.json")
            said = json.loads(run("invoke", "--function-name", "cli", "--payload", '{"n": 1}',
                                  "--cli-binary-format", "raw-in-base64-out", "--log-type", "Tail",
                                  answer))
            with open(answer, encoding="utf-8") as file:
                payload = json.load(file)
        self.assertEqual(payload["event"], {"n": 1})
        self.assertEqual(payload["uid"], 993)
        log = base64.b64decode(said["LogResult"]).decode()
        self.assertRegex(log, r"START RequestId: .*\nseen \{'n': 1\}\nEND RequestId: .*\nREPORT ")

    def test_a_second_call_is_warm_and_runs_in_the_same_environment(self):
        client = self.deploy("warm", ECHO)
        heads = []
        for _ in range(3):
            answer = client.invoke(FunctionName="warm", Payload=b"{}")
            heads.append(answer["ResponseMetadata"]["HTTPHeaders"])
        self.assertIn(heads[0]["x-proa-start"], ("cold", "parked"))
        self.assertEqual([head["x-proa-start"] for head in heads[1:]], ["warm", "warm"])
        self.assertEqual(len({head["x-proa-environment"] for head in heads}), 1)

    def test_node_functions_run(self):
        client = self.deploy("node", "exports.handler = async (e) => ({twice: e.n * 2});",
                             runtime="nodejs20.x", handler="index.handler", file="index.js")
        answer = client.invoke(FunctionName="node", Payload=b'{"n": 21}')
        self.assertEqual(json.load(answer["Payload"]), {"twice": 42})

    def answer(self, client, name):
        return json.load(client.invoke(FunctionName=name, Payload=b"{}")["Payload"])

    def failure(self, name, code, **more):
        client = self.deploy(name, code, **more)
        answer = client.invoke(FunctionName=name, Payload=b"{}")
        self.assertEqual(answer["FunctionError"], "Unhandled")
        return client, json.load(answer["Payload"])

    def test_a_thrown_error_has_type_message_and_stack(self):
        _, error = self.failure("throws", "def handler(e, c): raise ValueError('no good')")
        self.assertEqual((error["errorType"], error["errorMessage"]), ("ValueError", "no good"))
        self.assertTrue(error["stackTrace"])

    def test_a_time_out_ends_as_on_lambda_and_the_next_call_works(self):
        code = "import time\ndef handler(e, c):\n  if e.get('s'): time.sleep(e['s'])\n  return 'ok'"
        client = self.deploy("slow", code, Timeout=1)
        begin = time.monotonic()
        answer = client.invoke(FunctionName="slow", Payload=b'{"s": 30}')
        self.assertLess(time.monotonic() - begin, 15)
        error = json.load(answer["Payload"])
        self.assertEqual(error["errorType"], "Sandbox.Timedout")
        self.assertRegex(error["errorMessage"], r"Task timed out after 1\.00 seconds")
        self.assertEqual(self.answer(client, "slow"), "ok")

    def test_exits_are_named_and_the_next_call_works(self):
        code = """
import os, signal
def handler(e, c):
    if e.get('exit') is not None: os._exit(e['exit'])
    if e.get('kill'): os.kill(os.getpid(), signal.SIGKILL)
    return 'ok'
"""
        client = self.deploy("exits", code)
        for event, text in ((b'{"exit": 7}', "exit status 7"),
                            (b'{"kill": true}', "signal: killed"),
                            (b'{"exit": 0}', "Runtime exited without providing a reason")):
            error = json.load(client.invoke(FunctionName="exits", Payload=event)["Payload"])
            self.assertEqual(error["errorType"], "Runtime.ExitError")
            self.assertIn(text, error["errorMessage"])
            self.assertEqual(self.answer(client, "exits"), "ok")

    def test_a_missing_module_is_an_import_error(self):
        _, error = self.failure("imports", "import nowhere_to_be_found\ndef handler(e, c): pass")
        self.assertEqual(error["errorType"], "Runtime.ImportModuleError")

    def test_too_much_memory_ends_the_runtime(self):
        _, error = self.failure("eats", "def handler(e, c):\n  return len(bytearray(400 << 20))",
                                Timeout=30)
        self.assertEqual(error["errorType"], "Runtime.ExitError")
        self.assertIn("signal: killed", error["errorMessage"])

    def test_an_update_makes_new_calls_run_new_code(self):
        client = self.deploy("updates", "def handler(e, c): return 1")
        self.assertEqual(self.answer(client, "updates"), 1)
        client.update_function_code(FunctionName="updates",
                                    ZipFile=zip_of({"app.py": "def handler(e, c): return 2"}))
        self.assertEqual(self.answer(client, "updates"), 2)

    def test_tmp_takes_its_size_and_refuses_more_and_code_is_read_only(self):
        code = """
import errno
def handler(e, c):
    def failure(path, mib):
        try:
            with open(path, "wb") as f:
                for _ in range(mib): f.write(bytes(1 << 20))
            return None
        except OSError as error:
            return errno.errorcode[error.errno]
    return [failure("/tmp/a", 400), failure("/tmp/b", 400), failure("/var/task/x", 1),
            failure("/etc/x", 1), failure("/usr/x", 1)]
"""
        client = self.deploy("disk", code, Timeout=60)
        answer = json.load(client.invoke(FunctionName="disk", Payload=b"{}")["Payload"])
        self.assertEqual(answer, [None, "ENOSPC", "EROFS", "EROFS", "EROFS"])


class Leftovers(DaemonTestCase):
    def test_nothing_is_left_after_a_stop(self):
        client = self.deploy("left", ECHO)
        client.invoke(FunctionName="left", Payload=b"{}")
        inside = children_of(self.daemon.process.pid)
        self.assertGreater(len(inside), 4)  # launcher, two roles, proa-init, python
        self.assertEqual(self.daemon.stop(), 0)
        self.assert_clean(inside)

    def test_a_killed_daemon_leaves_nothing_and_the_next_start_serves(self):
        if self.daemon.process.poll() is not None:
            self.daemon.start()
        client = self.client()
        try:
            client.delete_function(FunctionName="kept")
        except client.exceptions.ResourceNotFoundException:
            pass
        self.deploy("kept", ECHO).invoke(FunctionName="kept", Payload=b"{}")
        inside = children_of(self.daemon.process.pid)
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        self.assert_clean(inside)
        self.daemon.start()
        answer = self.client().invoke(FunctionName="kept", Payload=b'{"again": 1}')
        self.assertEqual(json.load(answer["Payload"])["event"], {"again": 1})

    def assert_clean(self, processes):
        deadline = time.monotonic() + 30
        alive = processes
        while alive and time.monotonic() < deadline:
            alive = [pid for pid in alive if os.path.exists(f"/proc/{pid}/stat")]
            time.sleep(0.05)
        self.assertEqual(alive, [])
        data = os.path.join(self.daemon.folder, "data")
        self.assertEqual(glob.glob(data + "/disks/*/*"), [])
        with open("/proc/mounts", encoding="utf-8") as mounts:
            self.assertNotIn(self.daemon.folder, mounts.read())


if __name__ == "__main__":
    unittest.main()
