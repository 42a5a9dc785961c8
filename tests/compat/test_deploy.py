"""`proa deploy` against a daemon: folders, zips, files, large packages, and what goes wrong."""
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from daemon import BINARY_DIR, ROLE, DaemonTestCase, zip_of

CODE = "import os\ndef handler(event, context): return os.environ.get('GREETING', 'hello')\n"


def write(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


class DeployCase(DaemonTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="proa-deploy-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_deploy(self, *words, status=0):
        code, out, err = self.proa("deploy", *words)
        self.assertEqual(code, status, out + err)
        return out if status == 0 else err

    def deploy_json(self, *words):
        return json.loads(self.run_deploy(*words, "--json"))

    def call(self, name, event=b"{}"):
        return json.load(self.client().invoke(FunctionName=name, Payload=event)["Payload"])

    def uploads(self):
        return os.listdir(os.path.join(self.daemon.folder, "data", "uploads"))


class Deploy(DeployCase):
    def test_a_folder_becomes_a_function_and_the_same_folder_changes_nothing(self):
        write(self.folder, {"app.py": CODE, ".git/config": "x", "lib/data.txt": "x"})
        out = self.run_deploy(self.folder, "--name", "folder", "--env", "GREETING=hi")
        self.assertIn("Created folder: python3.", out)
        self.assertIn("Call it: proa invoke folder", out)
        self.assertEqual(self.call("folder"), "hi")
        before = self.client().get_function(FunctionName="folder")["Configuration"]
        os.utime(os.path.join(self.folder, "app.py"), (0, 0))
        out = self.run_deploy(self.folder, "--name", "folder")
        self.assertIn("nothing to change", out)
        after = self.client().get_function(FunctionName="folder")["Configuration"]
        self.assertEqual(before["RevisionId"], after["RevisionId"])

    def test_only_what_differs_is_changed(self):
        write(self.folder, {"app.py": CODE})
        self.run_deploy(self.folder, "--name", "differs", "--env", "GREETING=hi",
                        "--env", "OTHER=1")
        answer = self.deploy_json(self.folder, "--name", "differs", "--memory", "256",
                                  "--timeout", "9", "--env", "OTHER=2", "--tag", "team=x")
        self.assertEqual((answer["action"], answer["changes"]),
                         ("updated", ["memory", "timeout", "environment", "tags"]))
        self.assertEqual(answer["function"]["Environment"]["Variables"],
                         {"GREETING": "hi", "OTHER": "2"})
        write(self.folder, {"app.py": CODE.replace("'hello'", "'changed'")})
        answer = self.deploy_json(self.folder, "--name", "differs", "--unset-env", "GREETING")
        self.assertEqual(answer["changes"], ["code", "environment"])
        self.assertEqual(self.call("differs"), "changed")
        self.assertEqual(self.uploads(), [])

    def test_a_zip_and_a_file_will_do(self):
        path = os.path.join(self.folder, "code.zip")
        with open(path, "wb") as file:
            file.write(zip_of({"index.py": CODE}))
        self.run_deploy(path, "--name", "zipped")
        self.assertEqual(self.call("zipped"), "hello")
        write(self.folder, {"single.mjs": "export const handler = async (e) => e.n + 1;\n"})
        self.run_deploy(os.path.join(self.folder, "single.mjs"))
        self.assertEqual(self.call("single", b'{"n": 1}'), 2)

    def test_a_custom_runtime_keeps_its_modes_and_links(self):
        write(self.folder, {"real": """#!/bin/sh
id=$(curl -s -D /tmp/h -o /tmp/e http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next;
     sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p' /tmp/h | tr -d '\\r')
curl -s -d '"custom"' http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response
sleep 5
"""})
        os.chmod(os.path.join(self.folder, "real"), 0o700)
        os.symlink("real", os.path.join(self.folder, "bootstrap"))
        self.run_deploy(self.folder, "--name", "custom")
        self.assertEqual(self.call("custom"), "custom")

    def test_a_dry_run_changes_nothing(self):
        write(self.folder, {"app.py": CODE})
        self.assertIn("Would create dry:", self.run_deploy(self.folder, "--name", "dry",
                                                           "--dry-run"))
        with self.assertRaisesRegex(Exception, "Function not found"):
            self.client().get_function(FunctionName="dry")

    def test_what_cannot_be_deployed_is_named(self):
        write(self.folder, {"a.py": CODE, "b.py": CODE})
        self.assertIn("more than one handler: a.handler (a.py defines handler), b.handler",
                      self.run_deploy(self.folder, status=2))
        os.symlink("/etc/passwd", os.path.join(self.folder, "link"))
        self.assertIn("link is a symbolic link to /etc/passwd",
                      self.run_deploy(self.folder, status=2))
        self.assertIn("There is no", self.run_deploy("/none", status=2))
        os.remove(os.path.join(self.folder, "link"))
        write(self.folder, {"vendor/big": ""})
        with open(os.path.join(self.folder, "vendor", "big"), "wb") as file:
            file.truncate(300 * 1024 * 1024)
        self.assertIn("300.0 MB  vendor/", self.run_deploy(self.folder, status=1))

    def test_what_the_daemon_refuses_leaves_nothing(self):
        write(self.folder, {"app.py": CODE})
        err = self.run_deploy(self.folder, "--name", "layered", "--layer",
                              "arn:aws:lambda:us-east-1:000000000000:layer:none:1", status=1)
        self.assertIn("does not exist", err)
        self.assertEqual(self.uploads(), [])
        with self.assertRaisesRegex(Exception, "Function not found"):
            self.client().get_function(FunctionName="layered")

    def test_packages_that_are_not_there_are_missed(self):
        write(self.folder, {"app.py": CODE, "requirements.txt": "requests\n"})
        code, out, err = self.proa("deploy", self.folder, "--name", "packages")
        self.assertEqual(code, 0, err)
        self.assertIn("pip install -r", err)

    def test_no_daemon_is_told_by_the_exit_code(self):
        write(self.folder, {"app.py": CODE})
        done = subprocess.run(
            [os.path.join(BINARY_DIR, "proa"), "deploy", self.folder], check=False, text=True,
            capture_output=True, env=dict(os.environ, PROA_ENDPOINT="http://127.0.0.1:1",
                                          ASAN_OPTIONS="detect_leaks=0"))
        self.assertEqual(done.returncode, 3, done.stderr)


class Large(DeployCase):
    """A package past what a request of Lambda's API can carry."""

    def test_240_megabytes_are_deployed_and_called(self):
        write(self.folder, {"app.py": "import os\ndef handler(event, context):\n"
                                      "  return os.path.getsize('data/7')\n"})
        os.mkdir(os.path.join(self.folder, "data"))
        generator = random.Random(1)
        for i in range(8):
            with open(os.path.join(self.folder, "data", str(i)), "wb") as file:
                file.write(generator.randbytes(30 * 1024 * 1024))
        done = subprocess.run(
            [os.path.join(BINARY_DIR, "proa"), "deploy", self.folder, "--name", "large"],
            check=False, text=True, capture_output=True, timeout=600,
            env=dict(os.environ, PROA_ENDPOINT=self.daemon.endpoint,
                     ASAN_OPTIONS="detect_leaks=0"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.call("large"), 30 * 1024 * 1024)
        self.assertEqual(self.uploads(), [])


class Uploads(DeployCase):
    """The endpoint underneath, as any client sees it."""

    def ask(self, method, path, body=None):
        host = urllib.parse.urlparse(self.daemon.endpoint).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        self.addCleanup(connection.close)
        connection.request(method, "/proa/v1/uploads" + path, body=body)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def begin(self, data, digest=None):
        digest = digest or hashlib.sha256(data).hexdigest()
        return self.ask("POST", "", json.dumps({"bytes": len(data), "sha256": digest}))

    def create(self, upload_id, name):
        host = urllib.parse.urlparse(self.daemon.endpoint).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/2015-03-31/functions", json.dumps({
            "FunctionName": name, "Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE,
            "Code": {"ProaUpload": upload_id}}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_an_upload_is_used_once(self):
        data = zip_of({"app.py": CODE})
        status, begun = self.begin(data)
        self.assertEqual(status, 201, begun)
        path = "/" + begun["upload_id"]
        self.assertEqual(self.ask("PUT", path + "?offset=0", data[:100])[1]["received"], 100)
        status, text = self.create(begun["upload_id"], "once")
        self.assertEqual(status, 400, text)
        self.assertIn("100 of its", text)
        self.assertEqual(self.ask("PUT", path + "?offset=0", data)[0], 409)
        self.assertEqual(self.ask("PUT", path + "?offset=100", data[100:])[0], 200)
        self.assertEqual(self.create(begun["upload_id"], "once")[0], 201)
        self.assertEqual(self.call("once"), "hello")
        status, text = self.create(begun["upload_id"], "twice")
        self.assertEqual(status, 400)
        self.assertIn("There is no upload", text)

    def test_other_bytes_than_announced_are_refused(self):
        data = zip_of({"app.py": CODE})
        _, begun = self.begin(data, "0" * 64)
        self.ask("PUT", f"/{begun['upload_id']}?offset=0", data)
        status, text = self.create(begun["upload_id"], "other")
        self.assertEqual(status, 400)
        self.assertIn("not the announced " + "0" * 64, text)
        self.assertEqual(self.ask("DELETE", "/" + begun["upload_id"])[0], 204)
        self.assertEqual(self.uploads(), [])

    def test_parts_uploads_and_their_number_have_limits(self):
        size = 10 * 1024 * 1024
        status, begun = self.ask("POST", "", json.dumps({"bytes": size, "sha256": "0" * 64}))
        self.assertEqual(status, 201)
        self.assertEqual(self.ask("PUT", f"/{begun['upload_id']}?offset=0",
                                  b"x" * (begun["part_bytes_max"] + 1))[0], 413)
        huge = json.dumps({"bytes": 10 ** 12, "sha256": "0" * 64})
        self.assertEqual(self.ask("POST", "", huge)[0], 400)
        ids = [begun["upload_id"]]
        while len(ids) < 17:
            status, answer = self.ask("POST", "", json.dumps({"bytes": 1, "sha256": "0" * 64}))
            if status != 201:
                break
            ids.append(answer["upload_id"])
        self.assertEqual((status, len(ids)), (409, 16))
        self.assertIn("16 uploads that wait to be used", answer["message"])
        for upload_id in ids:
            self.ask("DELETE", "/" + upload_id)
        self.assertEqual(self.uploads(), [])


class Signed(DeployCase):
    """With keys, every part is signed as any other request."""

    def test_a_key_with_the_rights_deploys_and_another_does_not(self):
        admin = self.make_key()
        deployer = self.make_key("--right", "deploy", key=admin)
        invoker = self.make_key("--right", "invoke", key=admin)
        write(self.folder, {"app.py": CODE})
        with open(os.path.join(self.folder, "data"), "wb") as file:
            file.write(random.Random(3).randbytes(12 * 1024 * 1024))
        words = ("deploy", self.folder, "--name", "signed")
        self.assertEqual(self.proa(*words)[0], 5)
        self.assertEqual(self.proa(*words, key=invoker)[0], 5)
        self.assertEqual(self.proa(*words, key=(deployer[0], "wrong"))[0], 5)
        self.assertEqual(self.uploads(), [])
        code, _, err = self.proa(*words, key=deployer)
        self.assertEqual(code, 0, err)
        answer = self.client(key=invoker).invoke(FunctionName="signed", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"]), "hello")


class Killed(DeployCase):
    def test_a_daemon_that_is_killed_during_an_upload_leaves_nothing(self):
        write(self.folder, {"app.py": CODE})
        with open(os.path.join(self.folder, "data"), "wb") as file:
            file.write(random.Random(2).randbytes(60 * 1024 * 1024))
        environment = dict(os.environ, PROA_ENDPOINT=self.daemon.endpoint,
                           ASAN_OPTIONS="detect_leaks=0")
        deploying = subprocess.Popen(
            [os.path.join(BINARY_DIR, "proa"), "deploy", self.folder, "--name", "killed"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        uploads = os.path.join(self.daemon.folder, "data", "uploads")
        deadline = time.monotonic() + 120
        while not os.listdir(uploads) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertTrue(os.listdir(uploads), "no upload began")
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        _, err = deploying.communicate(timeout=60)
        self.assertEqual(deploying.returncode, 3, err)
        self.daemon.start()
        self.assertEqual(self.uploads(), [])
        self.assertEqual(os.listdir(os.path.join(self.daemon.folder, "data", "blobs")), [])
        self.run_deploy(self.folder, "--name", "killed")
        self.assertEqual(self.call("killed"), "hello")


if __name__ == "__main__":
    unittest.main()
