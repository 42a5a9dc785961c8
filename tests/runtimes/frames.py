"""The host's side of the runtime link, for tests: starts a real bootstrap and speaks frames.

Written from src/frames/frames.h and runtimes/README.md; it shares no code with the bootstraps.
A process gets descriptor 3 as its link, as proa-init gives it, and pipes for stdout and stderr. All
waits end after TIMEOUT_S with a failure that shows the output so far.
"""
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import textwrap
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT_S = 30
LINK_FD = 3
ANSWER_FD = 4
MAX_ANSWER = 6 * 1024 * 1024 + 100
REQUEST_ID = "6f1b2c3d-0000-4000-8000-%012d"
TRACE_ID = "Root=1-67000000-000000000000000000000001;Parent=0000000000000001;Sampled=0"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:probe:live"
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_LAMBDA_FUNCTION_NAME": "probe",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/probe",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef",
}

CONFIGURE, INVOKE, REHEARSE = 1, 2, 3
READY, RESPONSE, ERROR, INIT_ERROR, PARKED, TOO_LARGE, LAST_ERROR = range(16, 23)
_NAMES = {
    READY: "ready",
    RESPONSE: "response",
    ERROR: "error",
    INIT_ERROR: "init_error",
    PARKED: "parked",
    TOO_LARGE: "too_large",
    LAST_ERROR: "last_error",
}


def frame(kind, body):
    return struct.pack("<IBBH", len(body), kind, 0, 0) + body


def invoke_frame(number, payload, **options):
    """Options: deadline_ms (int); arn, trace_id, client_context, cognito_identity (text)."""
    deadline_ms = options.get("deadline_ms", int(time.time() * 1000) + 60000)
    arn = options.get("arn", ARN).encode()
    trace_id = options.get("trace_id", TRACE_ID).encode()
    client = options.get("client_context", "").encode()
    identity = options.get("cognito_identity", "").encode()
    head = struct.pack("<Q36s", deadline_ms, (REQUEST_ID % number).encode())
    head += struct.pack("<H", len(arn)) + arn + struct.pack("<H", len(trace_id)) + trace_id
    head += struct.pack("<I", len(client)) + client + struct.pack("<I", len(identity)) + identity
    return frame(INVOKE, head + payload)


class Runtime:
    """One bootstrap process. Use as a context manager: leaving it kills the process."""

    def __init__(self, command, environment=None):
        self._host, inside = socket.socketpair()
        self._answers, answers_inside = socket.socketpair()
        # One descriptor comes by standard input, the other by its own number.
        script = 'exec "$@" %d>&%d %d<&0 0</dev/null' % (
            ANSWER_FD, answers_inside.fileno(), LINK_FD)
        base = {"PATH": ENVIRONMENT["PATH"], "PROA_RUNTIME_FD": str(LINK_FD),
                "PROA_ANSWER_FD": str(ANSWER_FD)}
        self.process = subprocess.Popen(
            ["/bin/bash", "--norc", "-c", script, "bash"] + command,
            env={**base, **(environment or {})},
            stdin=inside,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[answers_inside.fileno()],
        )
        inside.close()
        answers_inside.close()
        self._received = bytearray()
        self._outputs = {self.process.stdout: bytearray(), self.process.stderr: bytearray()}
        self._open = set(self._outputs)
        for stream in self._outputs:
            os.set_blocking(stream.fileno(), False)
        self._number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in self._outputs:
            stream.close()
        self._host.close()
        self._answers.close()

    @property
    def stdout(self):
        return self._output(self.process.stdout)

    @property
    def stderr(self):
        return self._output(self.process.stderr)

    def send(self, data):
        """Sends bytes while reading output, so that neither side can block the other for good."""
        view = memoryview(data)
        while view:
            self._wait([self._host], "the process to read")
            try:
                view = view[self._host.send(view[: 1 << 20], socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                pass

    def receive(self):
        """The next frame: (name of its type, body). ("closed", b"") when the process is gone."""
        while not self._has_frame():
            self._wait([], "a frame")
            try:
                data = self._answers.recv(1 << 20, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except ConnectionResetError:  # it ended with bytes of ours unread
                data = b""
            if not data:
                return "closed", b""
            self._received += data
        size, kind = struct.unpack_from("<IB", self._received)
        body = bytes(self._received[8 : 8 + size])
        del self._received[: 8 + size]
        return _NAMES[kind], body

    def configure(self, config):
        """From start to the answer to configure: ("ready", b"") or ("init_error", report)."""
        kind, body = self.receive()
        assert kind == "parked", (kind, body, self.stderr)
        self.identity = json.loads(body)["runtime"]
        self.send(frame(CONFIGURE, json.dumps(config).encode()))
        kind, body = self.receive()
        return kind, json.loads(body) if body else body

    def rehearse(self, payload):
        """From start until it waits again: (name of the type, body)."""
        kind, body = self.receive()
        assert kind == "parked", (kind, body, self.stderr)
        self.send(frame(REHEARSE, invoke_frame(0, payload)[8:]))
        kind, body = self.receive()
        if kind == "parked":  # configure() waits for it
            self._received[:0] = frame(PARKED, body)
        return kind, body

    def invoke(self, payload, **options):
        """One call with raw bytes: (name of the type, bytes after the request id)."""
        self._number += 1
        self.send(invoke_frame(self._number, payload, **options))
        return self.answer(self._number)

    def answer(self, number):
        """The answer to call `number`."""
        kind, body = self.receive()
        if kind == "closed":
            return kind, b""
        assert body[:36].decode() == REQUEST_ID % number, (kind, body[:200])
        return kind, body[36:]

    def call(self, event=None, **options):
        """One call with a JSON event: (name of the type, decoded JSON)."""
        kind, body = self.invoke(json.dumps(event).encode(), **options)
        return kind, json.loads(body) if body else None

    def result(self, event=None, **options):
        """The answer of a call that succeeds."""
        kind, body = self.call(event, **options)
        assert kind == "response", (kind, body, self.stdout, self.stderr)
        return body

    def wait_for_output(self, text):
        """Reads stdout until `text` was seen."""
        while text not in self.stdout:
            self._wait([], repr(text))

    def wait_for_exit(self):
        """Exit status as subprocess gives it: negative for a signal."""
        deadline = time.monotonic() + TIMEOUT_S
        while self._open and time.monotonic() < deadline:
            ready = select.select(list(self._open), [], [], 0.1)[0]
            for stream in ready:
                self._drain(stream)
            if not ready and self.process.poll() is not None:
                break
        return self.process.wait(TIMEOUT_S)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return self.wait_for_exit()

    def close_link(self):
        self._host.shutdown(socket.SHUT_RDWR)
        self._answers.shutdown(socket.SHUT_RDWR)

    def _has_frame(self):
        if len(self._received) < 8:
            return False
        return len(self._received) >= 8 + struct.unpack_from("<I", self._received)[0]

    def _wait(self, writers, what):
        readers = [self._answers] + list(self._open)
        ready, writable, _ = select.select(readers, writers, [], TIMEOUT_S)
        if not ready and not writable:
            raise AssertionError(
                "no sign of %s; stdout %r, stderr %r" % (what, self.stdout, self.stderr)
            )
        for stream in self._open & set(ready):
            self._drain(stream)

    def _drain(self, stream):
        while stream in self._open:
            try:
                data = os.read(stream.fileno(), 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self._open.discard(stream)
            self._outputs[stream] += data

    def _output(self, stream):
        self._drain(stream)
        return self._outputs[stream].decode("utf-8", "replace")


class RuntimeTest(unittest.TestCase):
    """Base of the tests of a language: writes function files, starts and configures a process."""

    def bootstrap(self):
        raise NotImplementedError

    def setUp(self):
        self.task_root = tempfile.mkdtemp(prefix="proa-runtime-test-")
        self.addCleanup(shutil.rmtree, self.task_root)

    def write(self, files):
        for name, text in files.items():
            path = os.path.join(self.task_root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(textwrap.dedent(text))

    def start(self, **environment):
        runtime = Runtime(self.bootstrap(), environment)
        self.addCleanup(runtime.__exit__)
        return runtime

    def config(self, handler, **variables):
        return {
            "handler": handler,
            "task_root": self.task_root,
            "cwd": self.task_root,
            "environment": {**ENVIRONMENT, **variables},
        }

    def serve(self, files, handler, **variables):
        """A ready runtime with these function files."""
        self.write(files)
        runtime = self.start()
        kind, report = runtime.configure(self.config(handler, **variables))
        self.assertEqual(kind, "ready", report)
        return runtime

    def fail_init(self, files, handler, **variables):
        """(report of the init_error, the runtime, its exit status)."""
        self.write(files)
        runtime = self.start()
        kind, report = runtime.configure(self.config(handler, **variables))
        self.assertEqual(kind, "init_error", report)
        return report, runtime, runtime.wait_for_exit()
