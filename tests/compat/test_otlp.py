"""Export to an OpenTelemetry collector: a stub records what it is sent, and answers as told."""
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from daemon import BINARY_DIR, Daemon, DaemonTestCase
from test_traces import CALLS, TELLS

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Collector:
    """Answers 200, to traces the statuses in `answers` first; `requests` are (path, headers,
    JSON)."""

    def __init__(self, port=0):
        self.requests, self.answers = [], []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_told = collector.answers and self.path == "/v1/traces"
                status = collector.answers.pop(0) if is_told else 200
                if status == 200:
                    collector.requests.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.endpoint = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def spans(self):
        """All spans, each with the attributes of its resource under "resource"."""
        found = []
        for path, _, body in list(self.requests):
            for resource in body.get("resourceSpans", []) if path == "/v1/traces" else []:
                of = attributes(resource["resource"])
                for scope in resource["scopeSpans"]:
                    found += [dict(span, resource=of) for span in scope["spans"]]
        return found

    def records(self):
        """All log records, each with the attributes of its resource under "resource"."""
        found = []
        for path, _, body in list(self.requests):
            for resource in body.get("resourceLogs", []) if path == "/v1/logs" else []:
                of = attributes(resource["resource"])
                for scope in resource["scopeLogs"]:
                    found += [dict(record, resource=of, text=record["body"]["stringValue"])
                              for record in scope["logRecords"]]
        return found

    def metric(self, name, **labels):
        """The sum of a metric's points with these attributes in the last page; None: none."""
        for path, _, body in reversed(list(self.requests)):
            if path != "/v1/metrics":
                continue
            (resource,) = body["resourceMetrics"]
            (scope,) = resource["scopeMetrics"]
            values = [point["asDouble"] for metric in scope["metrics"] if metric["name"] == name
                      for point in (metric.get("sum") or metric["gauge"])["dataPoints"]
                      if labels.items() <= attributes(point).items()]
            return sum(values) if values else None
        return None


def attributes(of):
    return {one["key"]: next(iter(one["value"].values())) for one in of["attributes"]}


class Export(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("proa serve needs root to make environments")
        self.collector = Collector()
        self.addCleanup(self.collector.close)

    deploy = DaemonTestCase.deploy
    client = DaemonTestCase.client

    def start(self, *arguments, interval=1):
        self.daemon = Daemon(["--otlp-endpoint", self.collector.endpoint,
                              "--otlp-metrics-interval", str(interval), *arguments])
        self.addCleanup(self.daemon.close)

    def file_of(self, text, mode=0o600):
        file = tempfile.NamedTemporaryFile("w", prefix="proa-otlp-")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        os.chmod(file.name, mode)
        return file.name

    def invoke(self, name, event=None, **headers):
        request = urllib.request.Request(
            f"{self.daemon.endpoint}/2015-03-31/functions/{name}/invocations",
            json.dumps(event or {}).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def wait_for(self, what, condition):
        deadline = time.monotonic() + 60
        while not (result := condition()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)
        return result

    def spans(self, count, **wanted):
        def found():
            spans = [span for span in self.collector.spans() if wanted.items() <= span.items()]
            return spans if len(spans) >= count else None
        return self.wait_for(f"{count} spans", found)

    def test_a_chain_of_calls_is_one_trace(self):
        self.start()
        self.deploy("first", CALLS, Timeout=30)
        self.deploy("second", TELLS)
        seen, there = self.invoke("first", {"name": "second"},
                                  traceparent=f"00-{TRACE}-{PARENT}-01")
        (first,) = self.spans(1, name="first")
        (second,) = self.spans(1, name="second")
        self.assertEqual((first["traceId"], first["parentSpanId"]), (TRACE, PARENT))
        self.assertEqual((second["traceId"], second["parentSpanId"]), (TRACE, first["spanId"]))
        root = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent="
        self.assertEqual(seen, f"{root}{first['spanId']};Sampled=1")
        self.assertEqual(there, f"{root}{second['spanId']};Sampled=1")
        self.assertLessEqual(int(first["startTimeUnixNano"]), int(second["startTimeUnixNano"]))
        self.assertGreaterEqual(int(first["endTimeUnixNano"]), int(second["endTimeUnixNano"]))
        self.assertEqual(first["resource"]["faas.name"], "first")
        self.assertEqual(first["resource"]["cloud.resource_id"],
                         "arn:aws:lambda:us-east-1:000000000000:function:first:$LATEST")
        self.assertTrue(attributes(first)["faas.coldstart"])
        init = next(span for span in self.spans(2, name="init")
                    if span["parentSpanId"] == first["spanId"])
        self.assertEqual(init["traceId"], TRACE)
        self.assertGreaterEqual(int(init["startTimeUnixNano"]), int(first["startTimeUnixNano"]))
        self.assertLessEqual(int(init["endTimeUnixNano"]), int(first["endTimeUnixNano"]))

    def test_who_is_not_sampled_is_not_sent_and_sees_the_header_as_it_came(self):
        self.start("--trace-sample", "0")
        self.deploy("tells", TELLS)
        unsampled = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=0;Lineage=x:1"
        self.assertEqual(self.invoke("tells", **{"X-Amzn-Trace-Id": unsampled}), unsampled)
        self.assertTrue(self.invoke("tells").endswith(";Sampled=0"))
        self.invoke("tells", traceparent=f"00-{TRACE}-{PARENT}-01")
        self.spans(1, name="tells")
        self.assertEqual(len([s for s in self.collector.spans() if s["name"] == "tells"]), 1)

    def test_a_call_without_a_trace_begins_one(self):
        self.start()
        self.deploy("begins", TELLS)
        seen = self.invoke("begins")
        (span,) = self.spans(1, name="begins")
        self.assertNotIn("parentSpanId", span)
        self.assertEqual(seen, f"Root=1-{span['traceId'][:8]}-{span['traceId'][8:]};"
                               f"Parent={span['spanId']};Sampled=1")

    def test_errors_and_asynchronous_attempts_are_told(self):
        self.start("--event-retry-delay", "0")
        self.deploy("fails", "def handler(e, c): raise ValueError()")
        self.client().invoke(FunctionName="fails", InvocationType="Event", Payload=b"{}")
        spans = self.spans(3, name="fails")
        for span in spans:
            self.assertEqual(span["kind"], 5)
            self.assertEqual(span["status"]["code"], 2)
            self.assertEqual(attributes(span)["error.type"], "exception")
        self.assertEqual(len({span["traceId"] for span in spans}), 1)
        self.assertEqual(len({span["spanId"] for span in spans}), 3)

    def test_metrics_are_those_of_the_page(self):
        self.start()
        self.deploy("counted", TELLS)
        for _ in range(3):
            self.invoke("counted")
        self.wait_for("metrics", lambda: self.collector.metric(
            "proa_function_invocations_total", function="counted") == 3)
        self.assertGreater(self.collector.metric("process_resident_memory_bytes"), 1e6)
        self.wait_for("sent", lambda: self.collector.metric("proa_otlp_sent_total",
                                                            signal="traces"))
        path, headers, body = self.collector.requests[-1]
        self.assertEqual(headers["Content-Type"], "application/json")
        (resource,) = body.get("resourceMetrics") or body["resourceSpans"][:1]
        self.assertIn("service.name", attributes(resource["resource"]))

    def log_of(self, name, ends):
        """Records of a function, once so many of its calls have ended."""
        def found():
            records = [r for r in self.collector.records()
                       if r["resource"].get("faas.name") == name]
            ended = [r for r in records if r["text"].startswith("REPORT ")]
            return records if len(ended) >= ends else None
        return self.wait_for(f"{ends} calls in the log of {name}", found)

    def test_what_functions_print_is_sent_with_its_call_and_its_trace(self):
        self.start()
        self.deploy("prints", "def handler(e, c): print('a line', e['n'])")
        self.invoke("prints", {"n": 1}, traceparent=f"00-{TRACE}-{PARENT}-01")
        records = self.log_of("prints", 1)
        (span,) = self.spans(1, name="prints")
        (line,) = [r for r in records if r["text"] == "a line 1"]
        self.assertEqual((line["traceId"], line["spanId"]), (TRACE, span["spanId"]))
        about = attributes(line)
        self.assertEqual(about["proa.log.source"], "function")
        self.assertEqual(about["faas.invocation_id"], attributes(span)["faas.invocation_id"])
        self.assertEqual(line["resource"]["aws.log.group.names"],
                         {"values": [{"stringValue": "/aws/lambda/prints"}]})
        self.assertEqual(line["resource"]["faas.instance"], span["resource"]["faas.instance"])
        texts = [r["text"].split(" ")[0] for r in records]
        self.assertEqual(texts, ["INIT_START", "START", "a", "END", "REPORT"])
        self.assertEqual(records[1]["severityText"], "INFO")
        self.assertNotIn("severityText", line)
        self.assertGreaterEqual(int(line["timeUnixNano"]), int(span["startTimeUnixNano"]) - 10**6)

    def test_levels_of_json_lines_and_functions_of_a_shared_group_are_told(self):
        self.start()
        code = "import logging\ndef handler(e, c): logging.getLogger().error('it broke')"
        config = {"LogFormat": "JSON", "LogGroup": "/shared"}
        for name in ("one", "two"):
            self.deploy(name, code)
            request = urllib.request.Request(
                f"{self.daemon.endpoint}/2015-03-31/functions/{name}/configuration",
                json.dumps({"LoggingConfig": config}).encode(), method="PUT")
            urllib.request.urlopen(request, timeout=60).close()
            self.invoke(name)

        def broken():
            records = [r for r in self.collector.records() if "it broke" in r["text"]]
            return records if len(records) == 2 else None
        records = self.wait_for("both lines", broken)
        self.assertEqual(sorted(r["resource"]["faas.name"] for r in records), ["one", "two"])
        for record in records:
            self.assertEqual((record["severityNumber"], record["severityText"]), (17, "ERROR"))
            self.assertEqual(record["resource"]["aws.log.group.names"],
                             {"values": [{"stringValue": "/shared"}]})
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/logs?function=one",
                                    timeout=60) as answer:
            events = json.load(answer)["events"]
        self.assertEqual(len([e for e in events if "it broke" in e["message"]]), 1)

    def test_no_line_is_lost_or_sent_twice_by_a_collector_that_was_away_and_a_restart(self):
        self.collector.close()
        port = self.collector.server.server_port
        self.start()
        self.deploy("keeps", "def handler(e, c): print('line', e['n'])")
        for n in range(3):
            self.invoke("keeps", {"n": n})
        self.wait_for("the log", lambda: '"otlp_not_sent"' in self.daemon.output())
        self.assertEqual(self.daemon.stop(), 0)
        self.collector = Collector(port)
        self.addCleanup(self.collector.close)
        self.daemon.start()
        self.log_of("keeps", 3)
        self.invoke("keeps", {"n": 3})
        self.log_of("keeps", 4)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.invoke("keeps", {"n": 4})
        lines = [r["text"] for r in self.log_of("keeps", 5) if r["text"].startswith("line ")]
        self.assertEqual(lines, [f"line {n}" for n in range(5)])

    def test_headers_come_from_their_file_and_are_told_nobody(self):
        secret = "Bearer-a-secret-token"
        self.start("--otlp-headers-file",
                   self.file_of(f"# to the collector\nAuthorization: {secret}\nx-tenant: a b\n"))
        self.wait_for("a request", lambda: self.collector.requests)
        _, headers, _ = self.collector.requests[0]
        self.assertEqual((headers["Authorization"], headers["x-tenant"]), (secret, "a b"))
        with open(f"/proc/{self.daemon.process.pid}/cmdline", encoding="utf-8") as file:
            self.assertNotIn(secret, file.read())
        self.assertNotIn(secret, self.daemon.output())

    def test_a_busy_collector_gets_the_same_spans_again_and_a_refusal_drops_them(self):
        self.start(interval=3600)
        self.deploy("again", TELLS)
        self.wait_for("the first page", lambda: self.collector.requests)
        self.collector.answers = [503]
        self.invoke("again")
        self.spans(1, name="again")
        self.collector.answers = [400]
        self.invoke("again")
        self.wait_for("the refusal", lambda: not self.collector.answers)
        self.invoke("again")
        spans = self.spans(2, name="again")
        self.assertEqual(len({span["spanId"] for span in spans}), 2)
        with urllib.request.urlopen(self.daemon.endpoint + "/metrics", timeout=60) as answer:
            page = answer.read().decode()
        self.assertRegex(page, r'proa_otlp_dropped_total{signal="traces",reason="rejected"} 1\n')
        self.assertRegex(page, r'proa_otlp_retries_total{signal="traces"} 1\n')
        self.assertIn('"otlp_not_sent"', self.daemon.output())
        self.assertIn('"otlp_refused"', self.daemon.output())

    def test_the_last_spans_are_sent_before_the_daemon_ends(self):
        self.start()
        self.deploy("last", TELLS)
        self.invoke("last")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertIn("last", [span["name"] for span in self.collector.spans()])

    def test_a_collector_that_is_not_there_hinders_neither_calls_nor_the_end(self):
        self.collector.close()
        self.start()
        self.deploy("alone", TELLS)
        self.assertIn("Root=1-", self.invoke("alone"))
        self.wait_for("the log", lambda: '"otlp_not_sent"' in self.daemon.output())
        self.assertEqual(self.daemon.stop(), 0)
        self.collector = Collector()  # for the clean-up

    def test_what_is_no_endpoint_is_refused_by_name(self):
        for arguments, why in (
                (["--otlp-endpoint", "https://c:4318"], "https is not supported by Proa yet"),
                (["--otlp-endpoint", "c:4318"], "expected http://HOST:PORT"),
                (["--trace-sample", "5"], "--otlp-endpoint")):
            done = subprocess.run([os.path.join(BINARY_DIR, "proa"), "serve", *arguments],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(why, done.stdout + done.stderr)

    def test_a_headers_file_that_is_no_secret_or_no_headers_stops_the_start(self):
        for text, mode, why in (("a: b\n", 0o644, "every user of this host may read it"),
                                ("a: b\nsecret\n", 0o600, "line 2 is not 'Name: value'")):
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(
                    [os.path.join(BINARY_DIR, "proa"), "serve", "--listen", "127.0.0.1:0",
                     "--data", folder + "/data", "--otlp-endpoint", self.collector.endpoint,
                     "--otlp-headers-file", self.file_of(text, mode)],
                    capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--otlp-headers-file", done.stderr)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main()
