"""What calls leave behind: lines under load and after faults, and one usage record of each call."""
import csv
import glob
import io
import json
import os
import re
import signal
import threading
import time
import unittest
import urllib.request

from daemon import DaemonTestCase, patience

FLOOD_MIB = int(os.environ.get("PROA_FLOOD_MIB", "64"))
CODE = """
import os, sys, time
def handler(event, context):
    for line in event.get("say", []):
        print(line)
    if "flood_mib" in event:
        line = b"x" * (1024 * 1024 - 1) + b"\\n"
        for _ in range(event["flood_mib"]):
            os.write(1, line)
    if "bytes" in event:
        os.write(1, bytes(event["bytes"]))
    if event.get("do") == "fail":
        raise ValueError("no good")
    if event.get("do") == "exit":
        os._exit(9)
    time.sleep(event.get("s", 0))
    return event.get("n")
"""


class LogsTestCase(DaemonTestCase):
    def call(self, client, name, **event):
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return answer["ResponseMetadata"]["RequestId"], answer

    def logs(self):
        import boto3
        client = boto3.client("logs", endpoint_url=self.daemon.endpoint, region_name="us-east-1",
                              aws_access_key_id="any", aws_secret_access_key="any")
        self.addCleanup(client.close)
        return client

    def messages(self, name, **more):
        logs = self.logs()
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="/aws/lambda/" + name, **more)
        try:
            return [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:  # its first lines are on their way
            return []

    def wait_for(self, what, condition, seconds=60):
        deadline = time.monotonic() + patience(seconds)
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def status(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status", timeout=30) as answer:
            return json.load(answer)["logs"]

    def usage(self, *words):
        code, out, error = self.proa("usage", *words)
        self.assertEqual(code, 0, error)
        return out

    def memory_mib(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) // 1024


class CallRecords(LogsTestCase):
    def test_lines_stand_between_start_and_end_of_their_call(self):
        client = self.deploy("lines", CODE)
        ids = [self.call(client, "lines", say=[f"one {n}", f"two {n}"])[0] for n in range(20)]
        self.wait_for("the last report", lambda: len(self.messages("lines")) >= 101)
        messages = self.messages("lines")
        self.assertRegex(messages[0], r"^INIT_START Runtime Version: python3\.11")
        for n, request in enumerate(ids):
            start, one, two, end, report = messages[1 + 5 * n:6 + 5 * n]
            self.assertEqual(start, f"START RequestId: {request} Version: $LATEST\n")
            self.assertEqual([one, two], [f"one {n}\n", f"two {n}\n"])
            self.assertEqual(end, f"END RequestId: {request}\n")
            self.assertRegex(report, rf"^REPORT RequestId: {request}\tDuration: [0-9.]+ ms\t"
                                     r"Billed Duration: \d+ ms\tMemory Size: 128 MB\t"
                                     r"Max Memory Used: [1-9]\d* MB\t")
            self.assertEqual("Init Duration" in report, n == 0)

    def test_failures_of_the_platform_are_told(self):
        client = self.deploy("broken", CODE, Timeout=1)
        exited = self.call(client, "broken", do="exit")[0]
        late = self.call(client, "broken", s=5)[0]
        self.wait_for("both reports", lambda: sum(m.startswith("REPORT")
                                                  for m in self.messages("broken")) == 2)
        text = "".join(self.messages("broken"))
        self.assertIn(f"RequestId: {exited} Error: Runtime exited with error: exit status 9\n"
                      "Runtime.ExitError\n", text)
        self.assertRegex(text, rf"Z {late} Task timed out after 1\.00 seconds\n")
        self.assertIn("Status: error\tError Type: Runtime.ExitError\t", text)
        self.assertIn("Status: timeout\t", text)

    def test_format_json_has_the_platform_s_events(self):
        client = self.deploy("json", CODE)
        self.put_configuration("json", {"LoggingConfig": {"LogFormat": "JSON"}})
        request = self.call(client, "json")[0]
        self.wait_for("the report", lambda: "platform.report" in "".join(self.messages("json")))
        events = [json.loads(message) for message in self.messages("json")]
        self.assertEqual([event["type"] for event in events],
                         ["platform.initStart", "platform.start", "platform.report"])
        self.assertEqual(events[1]["record"]["requestId"], request)
        report = events[2]["record"]
        self.assertEqual(report["status"], "success")
        self.assertEqual(report["metrics"]["memorySizeMB"], 128)
        self.assertGreaterEqual(report["metrics"]["billedDurationMs"],
                                report["metrics"]["durationMs"])

    def put_configuration(self, name, changes):
        """By hand: Debian's boto3 does not know LoggingConfig yet."""
        request = urllib.request.Request(
            f"{self.daemon.endpoint}/2015-03-31/functions/{name}/configuration",
            json.dumps(changes).encode(), {"Content-Type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 200)

    def test_the_sum_of_the_records_is_what_the_calls_took(self):  # BASE-32
        client = self.deploy("metered", CODE)
        calls = [{"n": n} for n in range(40)] + [{"do": "fail"}] * 5 + [{"do": "exit"}] * 2
        for event in calls:
            self.call(client, "metered", **event)
        self.wait_for("a record of each call",
                      lambda: len(self.usage("metered", "--json").splitlines()) == len(calls))
        records = [json.loads(line) for line in self.usage("metered", "--json").splitlines()]
        self.assertEqual(len({record["request_id"] for record in records}), len(calls))
        statuses = [record["status"] for record in records]
        self.assertEqual([statuses.count(s) for s in ("success", "failure", "error")], [40, 5, 2])
        reports = re.findall(r"REPORT RequestId: (\S+)\tDuration: ([0-9.]+) ms\t"
                             r"Billed Duration: (\d+) ms", "".join(self.messages("metered")))
        self.assertEqual({r["request_id"]: r["billed_ms"] for r in records},
                         {request: int(billed) for request, _, billed in reports})
        for record in records:
            self.assertAlmostEqual(record["gb_seconds"], record["billed_ms"] / 1000 * 0.125)
        rows = list(csv.DictReader(io.StringIO(self.usage("metered", "--csv"))))
        self.assertEqual([row["request_id"] for row in rows], [r["request_id"] for r in records])
        table = self.usage("metered").splitlines()
        self.assertEqual(table[1].split()[:3], ["metered", "47", "7"])

    def test_bytes_that_are_no_utf8_are_shown_as_such(self):
        client = self.deploy("binary", CODE)
        self.call(client, "binary", bytes=[0xFF, 0x41, 0x00, 0xC3, 0x0A])
        self.wait_for("the line", lambda: any("A" in m and "REPORT" not in m and "START" not in m
                                              for m in self.messages("binary")))
        self.assertIn("\ufffdA\x00\ufffd\n", self.messages("binary"))

    def test_lines_come_while_the_call_runs(self):
        client = self.deploy("slow", CODE)
        call = threading.Thread(target=self.call, args=(client, "slow"),
                                kwargs={"say": ["early"], "s": 4})
        call.start()
        self.addCleanup(call.join)
        begin = time.monotonic()
        self.wait_for("the line", lambda: self.status()["groups"] and
                      self.has_group("slow") and "early\n" in self.messages("slow"), 4)
        self.assertLess(time.monotonic() - begin, 4)

    def has_group(self, name):
        groups = self.logs().describe_log_groups(logGroupNamePrefix="/aws/lambda/" + name)
        return bool(groups["logGroups"])


class Flood(LogsTestCase):
    arguments = ("--log-mib", "16")
    # What the sanitizer keeps of freed memory is not the daemon's.
    prefix = ("env", "ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1")

    def test_a_flood_costs_its_own_past_and_no_memory(self):
        client = self.deploy("quiet", CODE)
        self.call(client, "quiet", say=["still here"])
        self.deploy("flood", CODE, Timeout=300, MemorySize=512)
        self.call(client, "flood", say=["oldest"])
        before = self.memory_mib()
        other = self.client(max_pool_connections=2)
        flood = threading.Thread(target=self.call, args=(other, "flood"),
                                 kwargs={"flood_mib": FLOOD_MIB, "say": ["begin"]})
        flood.start()
        calls = 0
        most = 0
        while flood.is_alive():
            self.assertEqual(self.call(client, "quiet", n=7)[1]["Payload"].read(), b"7")
            calls += 1
            most = max(most, self.memory_mib())
        flood.join()
        self.assertGreater(calls, 0)
        self.assertLess(most - before, FLOOD_MIB, "MiB")
        self.wait_for("the trim", lambda: self.status()["stored_bytes"] <= 24 << 20)
        self.assertEqual(self.status()["dropped_entries"], 0)
        self.assertIn("still here\n", self.messages("quiet"))
        messages = self.messages("flood")
        self.assertNotIn("oldest\n", messages)
        self.assertEqual(max(len(message) for message in messages), 256 * 1024 + 1)
        self.assertRegex(messages[-1], "^REPORT ")


class Faults(LogsTestCase):
    def segments(self, name):
        return sorted(glob.glob(os.path.join(self.daemon.folder, "data", "logs", "*", "*",
                                             "g=aws=lambda=" + name, "*.seg")))

    def test_what_was_written_survives_kill_9_and_damage_is_named(self):
        client = self.deploy("kept", CODE)
        self.call(client, "kept", say=[f"line {n}" for n in range(100)])
        self.wait_for("the report", lambda: "REPORT" in "".join(self.messages("kept")))
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        segment, = self.segments("kept")
        with open(segment, "r+b") as file:
            content = file.read()
            file.seek(content.index(b"line 50"))
            file.write(b"LINE")
            file.seek(0, os.SEEK_END)
            file.write(b"\xe6\x0d\xf5\xa0torn")
        broken = os.path.join(os.path.dirname(segment), "0000000000001-1.seg")
        with open(broken, "wb") as file:
            file.write(b"no segment")
        self.daemon.start()
        client = self.client()
        self.call(client, "kept", say=["after"])
        self.wait_for("the new line", lambda: "after\n" in self.messages("kept"))
        messages = self.messages("kept")
        self.assertEqual([m for m in messages if m.startswith("line")],
                         [f"line {n}\n" for n in range(100) if n != 50])
        output = self.daemon.output()
        self.assertIn(os.path.basename(segment), output)
        self.assertIn("0000000000001-1.seg: is no segment of a log", output)
        self.assertEqual(output.count("0000000000001-1.seg"), 1)


if __name__ == "__main__":
    unittest.main()
