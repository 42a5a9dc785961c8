"""Bad input and faults of functions: each ends as on Lambda, and another function is unharmed."""
import base64
import contextlib
import io
import json
import socket
import stat
import threading
import time
import unittest
import zipfile

from daemon import ROLE, DaemonTestCase, zip_of

# One function that does each harm once, asked by the event's "do".
HARM = """
import json, os, signal, struct, subprocess, sys, time

def frame(kind, body):
    return struct.pack("<IBBH", len(body), kind, 0, 0) + body

def is_of_the_kernel(pid):  # a machine has threads of its kernel
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rsplit(")", 1)[1].split()[6]) & 0x00200000 != 0

def others():
    own = ("1", str(os.getpid()))
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid not in own]
    return [pid for pid in pids if not is_of_the_kernel(pid)]

def fork_until_the_limit():
    for count in range(5000):
        try:
            if os.fork() == 0:
                while True:
                    signal.pause()
        except OSError as error:
            return [count, error.errno]

def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]

def handler(event, context):
    what, request = event.get("do"), context.aws_request_id.encode()
    if what == "throw":
        raise ValueError("no good")
    if what == "exit":
        os._exit(7)
    if what == "leave":
        sys.exit(3)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "hang":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        while True:
            pass
    if what == "children":
        subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
        return "left one"
    if what == "count":
        return len(others())
    if what == "close":
        os.closerange(3, 64)
        time.sleep(30)
    if what == "twice":
        write_all(4, frame(17, request + b'"first"'))
        return "second"
    if what == "flood of answers":
        write_all(4, 1000 * frame(17, request + b'"first"'))
        return "last"
    if what == "other id":
        write_all(4, frame(17, b"00000000-0000-4000-8000-000000000000" + b'"forged"'))
        time.sleep(30)
    if what == "garbage":
        write_all(4, b"\\xff" * 64)
        time.sleep(30)
    if what == "large":
        return "x" * (6 * 1024 * 1024 + 101 - 2)
    if what == "just fits":
        return "x" * (6 * 1024 * 1024 + 100 - 2)
    if what == "flood":
        block = b"x" * (1 << 20)
        for _ in range(1024):
            write_all(1, block)
        return "flooded"
    if what == "fill":
        try:
            with open("/tmp/fill", "wb") as file:
                while True:
                    file.write(bytes(1 << 20))
        except OSError as error:
            return error.errno
    if what == "fork":
        return fork_until_the_limit()
    return "unharmed"
"""


class Steady(threading.Thread):
    """Calls one function all the time, until it is told to stop."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.calls, self.failures, self.is_over = client, 0, [], threading.Event()
        self.start()

    def run(self):
        while not self.is_over.is_set():
            try:
                answer = self.client.invoke(FunctionName="steady", Payload=b'{}')
                payload = json.load(answer["Payload"])
                if payload != "unharmed":
                    self.failures.append(payload)
            except Exception as error:  # the test looks at it
                self.failures.append(repr(error))
            self.calls += 1
            self.is_over.wait(0.02)


class FunctionFaults(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("unharmed")
        cls.addClassCleanup(case.doCleanups)
        cls.invoker = case.deploy("harm", HARM, Timeout=60, MemorySize=1024)
        case.deploy("steady", "def handler(e, c): return 'unharmed'", Timeout=60)
        cls.steady_client = case.client()

    def unharmed(self):
        """A name for the case that only deploys."""

    @contextlib.contextmanager
    def another_function_runs(self):
        steady = Steady(self.steady_client)
        yield
        calls = steady.calls
        deadline = time.monotonic() + 30
        while steady.calls < calls + 3 and time.monotonic() < deadline:
            time.sleep(0.01)  # some more, behind the fault
        steady.is_over.set()
        steady.join(60)
        self.assertEqual(steady.failures, [])
        self.assertGreaterEqual(steady.calls, 3)

    def harm(self, what, **more):
        return self.invoker.invoke(FunctionName="harm", Payload=json.dumps({"do": what}).encode(),
                                   **more)

    def error_of(self, what, **more):
        with self.another_function_runs():
            answer = self.harm(what, **more)
        error = json.load(answer["Payload"])
        self.assertEqual(answer.get("FunctionError"), "Unhandled", error)
        return error

    def assert_next_call_works(self):
        self.assertEqual(json.load(self.harm("nothing")["Payload"]), "unharmed")

    def assert_ends_with(self, what, kind, text):
        error = self.error_of(what)
        self.assertEqual(error["errorType"], kind, error)
        self.assertIn(text, error["errorMessage"])
        self.assert_next_call_works()

    def test_throws(self):
        self.assert_ends_with("throw", "ValueError", "no good")

    def test_exits(self):
        self.assert_ends_with("exit", "Runtime.ExitError",
                              "Runtime exited with error: exit status 7")

    def test_kills_itself(self):
        self.assert_ends_with("kill", "Runtime.ExitError",
                              "Runtime exited with error: signal: killed")

    def test_segfaults(self):
        self.assert_ends_with("segfault", "Runtime.ExitError", "signal: segmentation fault")

    def test_ignores_its_deadline_and_what_it_left_is_gone(self):
        client = self.deploy("hangs", HARM, Timeout=2)
        call = lambda what: json.load(client.invoke(
            FunctionName="hangs", Payload=json.dumps({"do": what}).encode())["Payload"])
        self.assertEqual(call("children"), "left one")
        self.assertEqual(call("count"), 1)
        with self.another_function_runs():
            error = call("hang")
        self.assertEqual(error["errorType"], "Sandbox.Timedout")
        self.assertRegex(error["errorMessage"], r"Task timed out after 2\.00 seconds$")
        self.assertEqual(call("count"), 0)

    def test_closes_its_channel(self):
        self.assert_ends_with("close", "Runtime.ExitError", "Runtime exited")

    def test_answers_another_request(self):
        self.assert_ends_with("other id", "Runtime.Unknown", "answer to another request id")

    def test_writes_garbage_on_the_channel(self):
        error = self.error_of("garbage")
        self.assertEqual(error["errorType"], "Runtime.Unknown", error)
        self.assert_next_call_works()

    def test_answers_twice(self):
        with self.another_function_runs():
            answer = self.harm("twice")
        self.assertEqual(json.load(answer["Payload"]), "first")
        # The second answer belongs to no call: as on Lambda, the next one neither gets it nor
        # fails.
        for _ in range(5):
            self.assertEqual(json.load(self.harm("twice")["Payload"]), "first")
        self.assert_next_call_works()

    def test_answers_without_end(self):
        with self.another_function_runs():
            answer = self.harm("flood of answers")
        self.assertEqual(json.load(answer["Payload"]), "first")
        error = json.load(self.harm("nothing")["Payload"])
        self.assertEqual(error["errorType"], "Runtime.Unknown", error)
        self.assert_next_call_works()

    def test_answers_more_than_lambda_takes(self):
        self.assert_ends_with("large", "Function.ResponseSizeTooLarge", "6291556 bytes")
        self.assertEqual(len(self.harm("just fits")["Payload"].read()), 6291556)

    def test_floods_its_output(self):
        # A gigabyte takes a minute with ThreadSanitizer on a busy machine.
        self.deploy("floods", HARM, Timeout=180, MemorySize=1024)
        client = self.client(read_timeout=200)
        with self.another_function_runs():
            answer = client.invoke(FunctionName="floods", Payload=b'{"do": "flood"}',
                                   LogType="Tail")
        self.assertEqual(json.load(answer["Payload"]), "flooded")
        tail = base64.b64decode(answer["LogResult"])
        self.assertLessEqual(len(tail), 4096)
        self.assertIn(b"REPORT RequestId", tail)

    def test_fills_tmp(self):
        client = self.deploy("fills", HARM, Timeout=60)
        with self.another_function_runs():
            answer = client.invoke(FunctionName="fills", Payload=b'{"do": "fill"}')
        self.assertEqual(json.load(answer["Payload"]), 28)  # ENOSPC
        answer = client.invoke(FunctionName="fills", Payload=b'{}')
        self.assertEqual(json.load(answer["Payload"]), "unharmed")

    def test_forks_until_the_limit(self):
        # A thousand processes take a minute beside others.
        self.deploy("forks", HARM, Timeout=180, MemorySize=2048)
        client = self.client(read_timeout=200)
        with self.another_function_runs():
            answer = client.invoke(FunctionName="forks", Payload=b'{"do": "fork"}')
        count, error = json.load(answer["Payload"])
        self.assertEqual(error, 11)  # EAGAIN
        self.assertGreater(count, 500)
        self.assertLess(count, 1024)
        client.delete_function(FunctionName="forks")

    def test_code_that_is_not_there(self):
        for handler, kind in (("app.nowhere", "Runtime.HandlerNotFound"),
                              ("nowhere.handler", "Runtime.ImportModuleError")):
            name = handler.replace(".", "-")
            client = self.deploy(name, "def handler(e, c): pass", handler=handler)
            answer = client.invoke(FunctionName=name, Payload=b"{}")
            self.assertEqual(answer["FunctionError"], "Unhandled")
            self.assertEqual(json.load(answer["Payload"])["errorType"], kind)

    def test_code_without_the_right_to_read_it(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            entry = zipfile.ZipInfo("app.py")
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o200) << 16
            file.writestr(entry, "def handler(e, c): pass")
        client = self.client()
        client.create_function(FunctionName="unreadable", Runtime="python3.11",
                               Handler="app.handler", Role=ROLE, Timeout=30,
                               Code={"ZipFile": archive.getvalue()})
        answer = client.invoke(FunctionName="unreadable", Payload=b"{}")
        self.assertEqual(answer["FunctionError"], "Unhandled")
        self.assertIn("Permission denied", json.load(answer["Payload"])["errorMessage"])


def zip_entry(name, data=b"x", mode=stat.S_IFREG | 0o644):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        file.writestr(entry, data)
    return archive.getvalue()


class BadInput(DaemonTestCase):
    def create(self, name, archive, **more):
        arguments = {"Runtime": "python3.11", "Handler": "app.handler", **more}
        return self.client().create_function(FunctionName=name, Role=ROLE,
                                             Code={"ZipFile": archive}, **arguments)

    def test_bad_archives_are_refused_and_leave_nothing(self):
        bad = {"not-a-zip": b"this is no zip", "empty": b"", "cut": zip_of({"app.py": "x"})[:-5],
               "slip": zip_entry("../../escape.py"), "absolute": zip_entry("/etc/escape.py"),
               "link": zip_entry("link", b"/etc/passwd", stat.S_IFLNK | 0o777),
               "device": zip_entry("device", b"", stat.S_IFCHR | 0o644),
               "bomb": zip_entry("bomb", bytes(300 << 20))}
        for name, archive in bad.items():
            with self.subTest(name):
                with self.assertRaises(Exception) as caught:
                    self.create(name, archive)
                response = getattr(caught.exception, "response", None)
                self.assertIsNotNone(response, caught.exception)
                self.assertEqual(response["Error"]["Code"], "InvalidParameterValueException")
                client = self.client()
                with self.assertRaises(client.exceptions.ResourceNotFoundException):
                    client.get_function(FunctionName=name)

    def test_an_unknown_runtime_is_refused_by_name(self):
        client = self.client()
        with self.assertRaises(client.exceptions.InvalidParameterValueException) as caught:
            self.create("cobol", zip_of({"app.py": "x"}), Runtime="cobol85")
        self.assertIn("Value cobol85 at 'runtime' failed to satisfy constraint",
                      caught.exception.response["message"])

    def test_an_event_that_is_no_json_is_refused_before_anything_is_placed(self):
        client = self.deploy("parses", "def handler(e, c): return e")
        for event in (b"{", b"{'a': 1}", b"\xff\xfe", b"[1,]"):
            with self.assertRaises(client.exceptions.InvalidRequestContentException) as caught:
                client.invoke(FunctionName="parses", Payload=event)
            self.assertIn("Could not parse request body into json",
                          caught.exception.response["message"])

    def test_malformed_http_is_answered_and_the_next_request_served(self):
        host, port = self.daemon.endpoint.removeprefix("http://").split(":")
        for text in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 30000 + b"\r\n",
                     b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                try:
                    connection.sendall(text)
                    connection.shutdown(socket.SHUT_WR)
                    answer = connection.recv(4096)
                except ConnectionError:
                    answer = b""  # closed at once
            if answer:
                self.assertRegex(answer, rb"^HTTP/1\.[01] (4\d\d|505)", text[:40])
        self.client().list_functions()


if __name__ == "__main__":
    unittest.main()
