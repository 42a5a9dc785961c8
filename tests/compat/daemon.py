"""A real `proa serve` on a free loopback port and a temporary data folder, for the compat tests."""
import contextlib
import glob
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import zipfile

BINARY_DIR = os.environ.get("PROA_BINARY_DIR", "build/dev/bin")
# Another proa-launcher than the one beside proa: with ThreadSanitizer, which has a thread of its
# own, it could not enter namespaces.
LAUNCHER = os.environ.get("PROA_LAUNCHER")
ROLE = "arn:aws:iam::000000000000:role/any"
# The same tests with functions in machines: "microvm". Their kernel and root are made once, by
# guests.py, and lie in the folder PROA_COMPAT_GUESTS.
ISOLATION = os.environ.get("PROA_COMPAT_ISOLATION", "container")
GUESTS = os.environ.get("PROA_COMPAT_GUESTS")
# How an environment comes to a call for which nothing waited: a machine may be a copy.
NOT_AHEAD = ("cold",) if ISOLATION == "container" else ("cold", "restored")
containers_only = unittest.skipUnless(
    ISOLATION == "container", "it is about what containers share: a machine has its own kernel")


def patience(seconds):
    """How long a test waits for what takes less than `seconds` in containers. Machines boot when a
    function is first called, by translation where KVM does not work, and the first one with an
    interpreter waits for the image of its root."""
    return seconds if ISOLATION == "container" else 5 * seconds


def zip_of(files):
    """Bytes of a zip with `files`: name to text."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, text)
    return out.getvalue()


class Daemon:
    """Starts and stops one daemon; `endpoint` is its URL, `arguments` more options of `serve`,
    `prefix` a command that executes the daemon, `listen` the address (port 0: it chooses one)."""

    def __init__(self, arguments=(), prefix=(), listen="127.0.0.1:0"):
        self.listen = listen
        self.arguments = [*(["--launcher", LAUNCHER] if LAUNCHER else []), *arguments]
        for option, usual in (("--isolation", ISOLATION), ("--max-environments", "64")):
            if option not in self.arguments:
                self.arguments += [option, usual]
        self.prefix = list(prefix)
        self.folder = tempfile.mkdtemp(prefix="proa-compat-")
        os.chmod(self.folder, 0o755)
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        if GUESTS:
            for name in ("kernels", "images"):
                shutil.copytree(os.path.join(GUESTS, name),
                                os.path.join(self.folder, "data", name))
        try:
            self.start()
        except Exception:
            self.close()  # nobody else knows of it
            raise

    def start(self):
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        before = len(self.output())
        # What is set on this host is none of our business.
        without_file = [] if "--config" in self.arguments else ["--config", "/dev/null"]
        self.process = subprocess.Popen(
            [*self.prefix, os.path.join(BINARY_DIR, "proa"), "serve", *without_file,
             "--listen", self.listen, "--data", os.path.join(self.folder, "data"),
             *self.arguments],
            stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + 120
        while not (said := re.search(r"^proa serves (https?://\S+)", self.output()[before:], re.M)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("proa serve did not start: " + self.output())
            time.sleep(0.05)
        self.endpoint = said[1]

    def output(self):
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        output = self.output()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if "WARNING: ThreadSanitizer" in output:  # it does not end the daemon
            raise AssertionError(output)


def free_port():
    """A port that no connection takes for its own end (Linux gives those from 32768 up): it stays
    free until a daemon listens on it, and while one that was killed starts again."""
    while True:
        port = random.randrange(20000, 32768)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def children_of(pid):
    """Process ids below `pid`, all generations."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="utf-8", errors="replace") as file:
                fields = re.sub(r"\(.*\)", "x", file.read()).split()
        except OSError:
            continue
        if int(fields[3]) == pid:
            found.append(int(fields[0]))
            found += children_of(int(fields[0]))
    return found


class DaemonTestCase(unittest.TestCase):
    """One daemon for all tests of a class, started with the options `arguments`."""

    arguments = ()
    prefix = ()

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("proa serve needs root to make environments")
        if GUESTS and os.path.exists(os.path.join(GUESTS, "why_not")):
            with open(os.path.join(GUESTS, "why_not"), encoding="utf-8") as reason:
                raise unittest.SkipTest(reason.read())
        cls.daemon = Daemon(cls.arguments, cls.prefix)
        cls.addClassCleanup(cls.daemon.close)

    def client(self, key=("any", "any"), service="lambda", **options):
        """A boto3 client that signs with `key`: an id and a secret."""
        import boto3
        from botocore.config import Config
        # Longer than any call takes, and its start in a translated machine beside other tests.
        options.setdefault("read_timeout", max(180, patience(60)))
        client = boto3.client(
            service, endpoint_url=self.daemon.endpoint, region_name="us-east-1",
            aws_access_key_id=key[0], aws_secret_access_key=key[1],
            config=Config(retries={"max_attempts": 0}, **options))
        # botocore makes a service's exceptions when they are first asked for, and without a lock:
        # threads that fail at the same time would raise classes that no `except` here names.
        _ = client.exceptions
        self.addCleanup(client.close)
        return client

    def aws(self, *words, key=("any", "any")):
        """What the AWS CLI (Debian's) prints for `aws WORDS...`; a failure of it fails the test."""
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=key[0], AWS_SECRET_ACCESS_KEY=key[1],
                           AWS_DEFAULT_REGION="us-east-1")
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.daemon.endpoint, *words],
                              env=environment, capture_output=True, timeout=patience(60),
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def proa(self, *words, key=None, limit=60):
        """Status, standard output and standard error of `proa WORDS...`, signed with `key`, in
        `limit` seconds."""
        environment = dict(os.environ, PROA_ENDPOINT=self.daemon.endpoint,
                           ASAN_OPTIONS="detect_leaks=0")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            environment.pop(name, None)
        if key:
            environment.update(AWS_ACCESS_KEY_ID=key[0], AWS_SECRET_ACCESS_KEY=key[1])
        done = subprocess.run([os.path.join(BINARY_DIR, "proa"), *words], env=environment,
                              capture_output=True, timeout=patience(limit), check=False,
                              text=True)
        return done.returncode, done.stdout, done.stderr

    def make_key(self, *words, key=None):
        """An access key, made by `proa key create WORDS...`: its id and its secret."""
        status, out, error = self.proa("key", "create", "--json", *words, key=key)
        self.assertEqual(status, 0, error)
        made = json.loads(out)
        return made["access_key_id"], made["secret_access_key"]

    def deploy(self, name, code, runtime="python3.11", handler="app.handler", file="app.py",
               **more):
        client = self.client()
        more.setdefault("Timeout", 30)  # Lambda's 3 s are short for a start on a busy machine
        client.create_function(FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE,
                               Code={"ZipFile": zip_of({file: code})}, **more)
        return client
