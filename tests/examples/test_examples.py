"""Each folder of examples/ as its README says: run.sh deploys it with the AWS CLI and calls it."""
import json
import os
import re
import subprocess
import sys
import unittest

SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "../.."))
EXAMPLES = os.path.join(SOURCE_DIR, "examples")
sys.path.insert(0, os.path.join(SOURCE_DIR, "tests", "compat"))
from daemon import DaemonTestCase  # noqa: E402

SKIPPED = 77


class Examples(DaemonTestCase):
    def run_example(self, name):
        """The function's answer: the last line that run.sh prints."""
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("AWS_")}
        environment.update(PROA_ENDPOINT=self.daemon.endpoint, AWS_CONFIG_FILE="/dev/null",
                           AWS_SHARED_CREDENTIALS_FILE="/dev/null")
        # Debian's AWS CLI, as users have it.
        environment["PATH"] = "/usr/bin:" + environment["PATH"]
        ended = subprocess.run([os.path.join(EXAMPLES, name, "run.sh")], env=environment,
                               cwd="/", capture_output=True, text=True, timeout=900)
        if ended.returncode == SKIPPED:
            self.skipTest(ended.stderr.strip())
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        arn, answer = ended.stdout.splitlines()[-2:]
        self.assertEqual(arn, "arn:aws:lambda:us-east-1:000000000000:function:" + name)
        return json.loads(answer)

    def test_python_hello(self):
        answer = self.run_example("python-hello")
        self.assertEqual(answer["message"], "Hello, Ada!")

    def test_node_hello(self):
        answer = self.run_example("node-hello")
        self.assertEqual(answer["message"], "Hello, Ada!")

    def test_node_esm(self):
        import hashlib
        digest = hashlib.sha1(b"Ada").hexdigest()
        self.assertEqual(self.run_example("node-esm"), {"algorithm": "sha1", "digest": digest})

    def test_probe(self):
        answer = self.run_example("probe")
        self.assertEqual(answer["ids"]["uid"], [993, 993, 993])
        self.assertIn("CapEff", answer["privileges"]["capabilities"])

    def test_bash_hello(self):
        answer = self.run_example("bash-hello")
        self.assertRegex(answer["message"], "Hello from Bash [0-9]+")
        self.assertEqual(answer["length"], len('{"name": "Ada"}'))

    def test_cpp_hello(self):
        self.assertEqual(self.run_example("cpp-hello"),
                         {"message": "Hello from C++!", "event": {"name": "Ada"}})

    def test_rust_hello(self):
        self.assertEqual(self.run_example("rust-hello"),
                         {"message": "Hello from Rust!", "event": {"name": "Ada"}})

    def test_node_ric(self):
        answer = self.run_example("node-ric")
        self.assertEqual(answer["message"], "Hello, Ada!")
        self.assertRegex(answer["client"], r"^aws-lambda-ric 3\.")

    def test_a_second_run_deploys_anew(self):
        self.run_example("python-hello")
        self.assertEqual(self.run_example("python-hello")["message"], "Hello, Ada!")

    def test_every_example_is_tested_here_and_has_a_short_readme(self):
        with open(__file__, encoding="utf-8") as file:
            tested = set(re.findall(r'run_example\("([^"]+)"\)', file.read()))
        folders = {name for name in os.listdir(EXAMPLES)
                   if os.path.isdir(os.path.join(EXAMPLES, name))}
        self.assertEqual(tested, folders)
        for name in folders:
            with open(os.path.join(EXAMPLES, name, "README.md"), encoding="utf-8") as file:
                self.assertLess(len(file.readlines()), 16, name)


if __name__ == "__main__":
    unittest.main()
