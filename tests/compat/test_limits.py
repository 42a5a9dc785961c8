"""Each limit of a function exceeded: it ends, or the call inside fails, as on Lambda."""
import json
import os
import unittest

from daemon import Daemon, DaemonTestCase

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
    begin, used = time.monotonic(), time.process_time()
    while time.monotonic() - begin < e["seconds"]: pass
    return (time.process_time() - used) / (time.monotonic() - begin)

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


class Limits(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("proa serve needs root to make environments")
        cls.daemon = Daemon(["--cpu-policy", "quota", "--uplink", "none"])
        cls.addClassCleanup(cls.daemon.close)

    def invoke(self, name, memory_mb=512, **event):
        client = self.deploy(name, CODE, Timeout=120, MemorySize=memory_mb)
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

    def test_cpu_follows_memory(self):
        # 128 MB are 7 % of a processor, 885 MB half of one: no more, however idle the host is.
        for memory_mb, share_max in ((128, 0.15), (885, 0.65)):
            failed, share = self.invoke(f"cpu{memory_mb}", memory_mb, what="cpu", seconds=3)
            self.assertIsNone(failed)
            self.assertLess(share, share_max)

    def test_tmp_takes_its_512_mb_from_a_small_function_and_no_more(self):
        self.assertEqual(self.invoke("tmp", 128, what="fill", mib=400), (None, [400 << 20, None]))
        # The same environment again: the file is written anew, to the brim.
        client = self.client()
        answer = client.invoke(FunctionName="tmp", Payload=json.dumps(
            {"what": "fill", "mib": 512, "more_bytes": 1}).encode())
        self.assertEqual(json.load(answer["Payload"]), [512 << 20, "ENOSPC"])


if __name__ == "__main__":
    unittest.main()
