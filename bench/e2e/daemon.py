"""A real `proa serve` with functions in it, and the peer it is measured against."""
import base64
import glob
import http.client
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY_DIR = os.environ.get("PROA_BINARY_DIR", os.path.join(HERE, "../../build/release/bin"))
ROLE = "arn:aws:iam::000000000000:role/bench"
API = "/2015-03-31/functions"

PYTHON = ("python", "app.handler", {"app.py": "def handler(event, context):\n    return event\n"})
NODE = ("node", "index.handler", {"index.js": "exports.handler = async (event) => event;\n"})
# A custom runtime in C++ (native.cpp); the file's bytes are read when it is deployed.
NATIVE = ("provided.al2023", "bootstrap", {"bootstrap": os.path.join(BINARY_DIR, "bench_native")})


class Refused(Exception):
    """The daemon answered a request of the benchmark itself with an error."""


def runtime_of(language):
    """The runtime name that the host's interpreter of a language has."""
    if language == "python":
        program = "import sys; print('python%d.%d' % sys.version_info[:2])"
        return subprocess.check_output(["/usr/bin/python3", "-c", program], text=True).strip()
    version = subprocess.check_output(["node", "--version"], text=True)
    return "nodejs%s.x" % re.match(r"v(\d+)", version)[1]


def zip_of(files):
    """Base64 of a zip with `files`: name to text, or, of a `bootstrap`, to the program's path."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if name == "bootstrap" else 0o100644) << 16
            if name == "bootstrap":
                with open(content, "rb") as file:
                    content = file.read()
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return base64.b64encode(out.getvalue()).decode()


class Daemon:
    """One daemon on a port it chose and a temporary data folder. close() leaves nothing behind."""

    def __init__(self, *options, prepare=None):
        """`prepare` is called with the data folder before the daemon starts."""
        self.folder = tempfile.mkdtemp(prefix="proa-bench-")
        os.chmod(self.folder, 0o755)
        if prepare:
            prepare(os.path.join(self.folder, "data"))
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            # Functions of one whole processor, 1,769 MB each, that use a few: 64 of them must fit.
            [os.path.join(BINARY_DIR, "proa"), "serve", "--config", "/dev/null",
             "--listen", "127.0.0.1:0", "--memory-commit", "5",
             "--data", os.path.join(self.folder, "data"), *options],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            self.wait_until_ready()
        except Exception:
            self.close()
            raise

    def wait_until_ready(self):
        deadline = time.monotonic() + 30
        address = re.compile(r"^proa serves http://127.0.0.1:(\d+)", re.M)
        while not (said := address.search(self.output())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("proa serve did not start: " + self.output())
            time.sleep(0.001)
        self.port = int(said[1])

    def output(self):
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def request(self, method, path, body=None, headers=None):
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def create(self, name, language, handler, files, **more):
        """Creates a function and returns the path of its invocations. Raises Refused."""
        function = {"FunctionName": name, "Handler": handler, "Role": ROLE,
                    "Code": {"ZipFile": zip_of(files)}, "Timeout": 30, "MemorySize": 1769,
                    "Runtime": language if "." in language else runtime_of(language), **more}
        status, _, body = self.request("POST", API, json.dumps(function))
        if status != 201:
            raise Refused(body.decode(errors="replace"))
        return f"{API}/{name}/invocations"

    def status(self):
        return json.loads(self.request("GET", "/proa/v1/status")[2])

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Peer:
    """The bare node:http server of peer.cjs."""

    def __init__(self):
        self.process = subprocess.Popen(["node", os.path.join(HERE, "peer.cjs")], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def load(port, **options):
    """Runs bench_load; its figures. Raises RuntimeError when an answer was wrong."""
    words = [os.path.join(BINARY_DIR, "bench_load"), "--port", str(port)]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += ["--" + name.replace("_", "-"), str(one)]
    said = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=300)
    figures = json.loads(said.stdout)
    if figures["wrong"]:
        raise RuntimeError("%d of %d answers were wrong; the first: %s" % (
            figures["wrong"], figures["calls"], figures["first_wrong"]))
    return figures


def descendants(pid):
    """Process ids below `pid`, all generations."""
    children = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                fields = re.sub(r"\(.*\)", "x", file.read()).split()
        except OSError:
            continue
        children.setdefault(int(fields[3]), []).append(int(fields[0]))
    found, next_ones = [], [pid]
    while next_ones:
        below = children.get(next_ones.pop(), [])
        found += below
        next_ones += below
    return found


def run_time_s(pids):
    """Seconds that all threads of these processes have run."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                with open(path, encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except OSError:
                continue  # it has ended
    return total / 1e9


def memory_kib(pid):
    """Proportional and resident set size of one process."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        text = file.read()
    return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[1])
                 for name in ("Pss", "Rss"))


def pss_kib(pid):
    """Proportional set size of one process."""
    return memory_kib(pid)[0]
