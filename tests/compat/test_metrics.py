"""GET /metrics as Prometheus reads it: parsed by its Python library, held against the manual."""
import concurrent.futures
import os
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from daemon import BINARY_DIR, Daemon, DaemonTestCase

SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", ".")
CODE = """
import os, time
if os.environ.get("BREAKS"):
    raise RuntimeError("does not load")
def handler(event, context):
    what = event.get("what")
    if what == "throw":
        raise ValueError("thrown")
    if what == "exit":
        os._exit(3)
    if what == "memory":
        hog = b"x" * (1 << 30)
    if what == "sleep":
        time.sleep(event["seconds"])
    if what == "large":
        return "x" * (7 << 20)
    return event
"""


def scrape(endpoint, headers=()):
    request = urllib.request.Request(endpoint + "/metrics", headers=dict(headers))
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return answer.read().decode()


class Page:
    """A scrape: families by name, and sums of series."""

    def __init__(self, text):
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name, **labels):
        """The sum of the series `name` that have these labels; nothing when there are none."""
        values = [sample.value for sample in self.samples
                  if sample.name == name and labels.items() <= sample.labels.items()]
        return sum(values) if values else None


def documented():
    """Name to (type, labels) of each metric in docs/reference/metrics.md."""
    with open(os.path.join(SOURCE_DIR, "docs/reference/metrics.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([\w, ]*)\|", file.read(), re.M)
    return {name: (kind, set(labels.replace(" ", "").split(",")) - {""})
            for name, kind, labels in rows}


class Metrics(DaemonTestCase):
    arguments = ("--shards", "2", "--event-retry-delay", "0")

    def page(self):
        return Page(scrape(self.daemon.endpoint))

    def test_what_is_exported_is_documented_and_the_other_way_round(self):
        self.deploy("documented", CODE).invoke(FunctionName="documented", Payload=b"{}")
        text = scrape(self.daemon.endpoint)
        exported = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
        manual = documented()
        self.assertGreater(len(manual), 30)
        self.assertEqual(exported, {name: kind for name, (kind, _) in manual.items()})
        for family in text_string_to_metric_families(text):
            self.assertTrue(family.documentation, family.name)
            for sample in family.samples:
                name = family.name + ("_total" if family.type == "counter" else "")
                self.assertEqual(sample.labels.keys() - {"le"}, manual[name][1], name)

    def test_calls_are_counted_by_start_and_errors_by_kind(self):
        client = self.deploy("kinds", CODE, Timeout=8, MemorySize=128)
        for what in ("nothing", "throw", "exit", "memory", "large"):
            client.invoke(FunctionName="kinds", Payload=b'{"what": "%s"}' % what.encode())
        client.invoke(FunctionName="kinds", Payload=b'{"what": "sleep", "seconds": 30}')
        page = self.page()
        of = {"account": "000000000000", "region": "us-east-1", "function": "kinds",
              "version": "$LATEST"}
        self.assertEqual(page.value("proa_function_invocations_total", **of), 6)
        self.assertGreaterEqual(page.value("proa_function_invocations_total", start="warm", **of),
                                1)
        for kind in ("exception", "exit", "out_of_memory", "response_size", "timeout"):
            self.assertEqual(page.value("proa_function_errors_total", kind=kind, **of), 1, kind)
        self.assertEqual(page.value("proa_function_errors_total", **of), 5)
        self.assertEqual(page.value("proa_function_duration_seconds_count", **of), 6)
        self.assertGreaterEqual(page.value("proa_function_duration_seconds_sum", **of), 1)
        self.assertGreaterEqual(page.value("proa_function_init_duration_seconds_count", **of), 1)
        self.assertEqual(page.value("proa_function_concurrent_executions", function="kinds"), 0)

    def test_a_function_that_does_not_load_is_an_error_of_init(self):
        client = self.deploy("broken", CODE, Environment={"Variables": {"BREAKS": "1"}})
        client.invoke(FunctionName="broken", Payload=b"{}")
        self.assertEqual(self.page().value("proa_function_errors_total", function="broken",
                                           kind="init"), 1)

    def test_running_calls_and_throttles_are_told(self):
        client = self.deploy("busy", CODE, Timeout=60)
        client.put_function_concurrency(FunctionName="busy", ReservedConcurrentExecutions=1)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            sleeping = pool.submit(client.invoke, FunctionName="busy",
                                   Payload=b'{"what": "sleep", "seconds": 5}')
            while not self.page().value("proa_function_concurrent_executions", function="busy"):
                self.assertFalse(sleeping.done())
            self.assertGreaterEqual(self.page().value("proa_http_connections"), 1)
            with self.assertRaises(client.exceptions.TooManyRequestsException):
                self.client().invoke(FunctionName="busy", Payload=b"{}")
            sleeping.result()
        page = self.page()
        self.assertEqual(page.value(
            "proa_function_throttles_total", function="busy", limit="function",
            reason="ReservedFunctionConcurrentInvocationLimitExceeded"), 1)
        self.assertEqual(page.value("proa_function_throttles_total", function="busy"), 1)
        self.assertEqual(page.value("proa_function_concurrent_executions", function="busy"), 0)

    def test_counters_go_on_through_an_update_and_end_with_the_function(self):
        client = self.deploy("updated", CODE)
        client.invoke(FunctionName="updated", Payload=b"{}")
        client.update_function_configuration(FunctionName="updated", MemorySize=256)
        client.invoke(FunctionName="updated", Payload=b"{}")
        self.assertEqual(self.page().value("proa_function_invocations_total", function="updated"),
                         2)
        client.delete_function(FunctionName="updated")
        page = self.page()
        self.assertIsNone(page.value("proa_function_invocations_total", function="updated"))
        self.assertNotIn("updated", page.text)
        self.deploy("updated", CODE).invoke(FunctionName="updated", Payload=b"{}")
        self.assertEqual(self.page().value("proa_function_invocations_total", function="updated"),
                         1)

    def test_asynchronous_calls_are_followed_to_their_end(self):
        before = self.page()
        client = self.deploy("events", CODE)
        for what in ("nothing", "throw"):
            client.invoke(FunctionName="events", InvocationType="Event",
                          Payload=b'{"what": "%s"}' % what.encode())

        def since(name):
            return self.page().value(name) - before.value(name)
        while not (since("proa_events_succeeded_total") and since("proa_events_failed_total")):
            pass
        self.assertEqual(since("proa_events_accepted_total"), 2)
        self.assertEqual(since("proa_events_retried_total"), 2)
        self.assertEqual(since("proa_dead_letters"), 1)
        self.assertGreater(since("proa_dead_letter_bytes"), 0)
        page = self.page()
        self.assertEqual(page.value("proa_function_invocations_total", function="events"), 4)
        self.assertEqual(page.value("proa_events_waiting"), 0)
        self.assertEqual(page.value("proa_events_delay_seconds"), 0)

    def test_the_daemon_tells_of_itself(self):
        page = self.page()
        self.assertEqual(page.value("proa_build_info"), 1)
        self.assertEqual(page.value("proa_shards"), 2)
        self.assertEqual(page.value("proa_environments_limit"), 64)
        self.assertGreater(page.value("process_resident_memory_bytes"), 1e6)
        self.assertGreaterEqual(page.value("proa_http_requests_total", **{"class": "2xx"}), 0)
        again = self.page()
        self.assertGreaterEqual(
            again.value("proa_api_requests_total", operation="ProaMetrics", **{"class": "2xx"}), 1)
        self.assertEqual(again.value("process_start_time_seconds"),
                         page.value("process_start_time_seconds"))


class WhoMayRead(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("proa serve needs root to make environments")

    def token_file(self, text, mode=0o600):
        file = tempfile.NamedTemporaryFile("w", prefix="proa-token-")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        os.chmod(file.name, mode)
        return file.name

    def status(self, daemon, **headers):
        try:
            return len(scrape(daemon.endpoint, headers)) > 0 and 200
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def test_with_a_token_only_who_has_it(self):
        token = "a-token-of-32-letters-0123456789"
        daemon = Daemon(["--metrics-token-file", self.token_file(token + "\n")])
        self.addCleanup(daemon.close)
        self.assertEqual(self.status(daemon), 401)
        self.assertEqual(self.status(daemon, Authorization="Bearer " + token[:-1]), 401)
        self.assertEqual(self.status(daemon, Authorization="Bearer " + token), 200)
        self.assertNotIn(token, daemon.output())

    def test_a_token_file_that_is_no_secret_stops_the_start(self):
        good = "a-token-of-32-letters-0123456789"
        for text, mode, why in ((good, 0o644, "every user of this host may read it"),
                                ("short", 0o600, "16 to 1024 characters, this one 5"),
                                ("two words are no token!", 0o600, "RFC 6750")):
            path = self.token_file(text, mode)
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(
                    [os.path.join(BINARY_DIR, "proa"), "serve", "--listen", "127.0.0.1:0",
                     "--data", folder + "/data", "--metrics-token-file", path],
                    capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--metrics-token-file " + path, done.stderr)
            self.assertIn(why, done.stderr)
            self.assertNotIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
