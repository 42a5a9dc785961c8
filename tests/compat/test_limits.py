"""Each limit of a function exceeded: it ends, or the call inside fails, as on Lambda."""
import json
import os
import time
import unittest
import urllib.request

from daemon import Daemon, DaemonTestCase, patience

CODE = """
import errno, os, threading, time

def memory(e):
    return len(bytearray(400 << 20))

def processes(e):
    children, error = [], None
    while len(children) < 3000 and error is None:
        try:
            child = os.fork()
        except OSError as failed:
            error = errno.errorcode[failed.errno]
            break
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
    for child in children:
        os.kill(child, 9)
        os.waitpid(child, 0)
    return [len(children), error]

def threads(e):
    stop = threading.Event()
    try:
        for _ in range(3000):
            threading.Thread(target=stop.wait, daemon=True).start()
    finally:
        stop.set()

def descriptors(e):
    opened = []
    try:
        while len(opened) < 5000:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as failed:
        return [max(opened), errno.errorcode[failed.errno]]
    finally:
        for fd in opened: os.close(fd)

def cpu(e):
    begin = time.monotonic()
    while time.monotonic() - begin < e["seconds"]: pass

def fill(e):
    written = 0
    with open("/tmp/big", "wb", buffering=0) as file:
        try:
            for _ in range(e["mib"]): written += file.write(bytes(1 << 20))
            for _ in range(e.get("more_bytes", 0)): written += file.write(b"x")
        except OSError as failed:
            return [written, errno.errorcode[failed.errno]]
    return [written, None]

def handler(event, context):
    return globals()[event["what"]](event)
"""

INIT = """
import time
begin, used = time.monotonic(), time.process_time()
while time.monotonic() - begin < 2: pass
SHARE = (time.process_time() - used) / (time.monotonic() - begin)
def handler(event, context): return SHARE
"""


class Limits(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("proa serve needs root to make environments")
        cls.daemon = Daemon(["--cpu-policy", "quota", "--uplink", "none"])
        cls.addClassCleanup(cls.daemon.close)

    def invoke(self, name, memory_mb=512, **event):
        client = self.deploy(name, CODE, Timeout=patience(120), MemorySize=memory_mb)
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return answer.get("FunctionError"), json.load(answer["Payload"])

    def test_memory_ends_the_runtime_as_on_lambda_and_the_next_call_works(self):
        failed, error = self.invoke("memory", 128, what="memory")
        self.assertEqual((failed, error["errorType"]), ("Unhandled", "Runtime.ExitError"))
        self.assertRegex(error["errorMessage"],
                         r"^RequestId: \S+ Error: Runtime exited with error: signal: killed$")
        again = self.client().invoke(FunctionName="memory",
                                     Payload=json.dumps({"what": "descriptors"}).encode())
        self.assertNotIn("FunctionError", again)

    def test_processes_are_refused_beyond_1024_and_the_function_goes_on(self):
        failed, (count, error) = self.invoke("processes", 3008, what="processes")
        self.assertIsNone(failed)
        self.assertEqual(error, "EAGAIN")
        self.assertIn(count, range(1000, 1024))

    def test_threads_are_refused_with_pythons_own_error(self):
        failed, error = self.invoke("threads", 3008, what="threads")
        self.assertEqual((failed, error["errorType"]), ("Unhandled", "RuntimeError"))
        self.assertEqual(error["errorMessage"], "can't start new thread")

    def test_descriptors_end_at_1024(self):
        self.assertEqual(self.invoke("descriptors", what="descriptors"), (None, [1023, "EMFILE"]))

    def cpu_ms(self, name):
        """What the host has given to the function's one environment. A machine itself does not know
        how long it stood still."""
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/environments") as answer:
            (one,) = [each for each in json.load(answer)["environments"]
                      if each.get("function") == name]
        return one["cpu_ms"]

    def test_cpu_follows_memory(self):
        # 128 MB are 7 % of a processor, 885 MB half of one: no more, however idle the host is.
        for memory_mb, share_max in ((128, 0.15), (885, 0.65)):
            name = f"cpu{memory_mb}"
            self.invoke(name, memory_mb, what="cpu", seconds=0)  # with a whole one
            before, begin = self.cpu_ms(name), time.monotonic()
            answer = self.client().invoke(FunctionName=name,
                                          Payload=b'{"what": "cpu", "seconds": 3}')
            self.assertNotIn("FunctionError", answer)
            took_ms = (time.monotonic() - begin) * 1000
            self.assertLess((self.cpu_ms(name) - before) / took_ms, share_max)

    def test_a_function_is_initialised_with_a_whole_processor(self):
        client = self.deploy("init", INIT, Timeout=patience(120), MemorySize=128)
        share = json.load(client.invoke(FunctionName="init", Payload=b"{}")["Payload"])
        self.assertGreater(share, 0.15, "128 MB are 0.07; others may take some of the whole one")

    def test_tmp_takes_its_512_mb_from_a_small_function_and_no_more(self):
        self.assertEqual(self.invoke("tmp", 128, what="fill", mib=400), (None, [400 << 20, None]))
        # The same environment again: the file is written anew, to the brim.
        client = self.client()
        answer = client.invoke(FunctionName="tmp", Payload=json.dumps(
            {"what": "fill", "mib": 512, "more_bytes": 1}).encode())
        self.assertEqual(json.load(answer["Payload"]), [512 << 20, "ENOSPC"])


if __name__ == "__main__":
    unittest.main()
