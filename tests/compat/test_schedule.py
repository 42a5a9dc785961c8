"""Schedules on a real daemon: runs at their time, over restarts, over kill -9."""
import calendar
import collections
import itertools
import json
import os
import time
import urllib.error
import urllib.request

from daemon import DaemonTestCase

# Each run is kept as a dead letter, with its request id and event: that outlives the daemon.
CODE = "def handler(event, context): raise RuntimeError('kept')"
NUMBERS = itertools.count()
ARN = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/"


def at_in(seconds):
    """The expression of a whole second that is at least so far ahead, and that second."""
    due = int(time.time() + seconds) + 1
    return time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(due)), due


def rfc3339(due):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(due))


class ScheduleCase(DaemonTestCase):
    def setUp(self):
        super().setUp()
        self.function = f"f{next(NUMBERS)}"
        client = self.deploy(self.function, CODE)
        client.put_function_event_invoke_config(FunctionName=self.function, MaximumRetryAttempts=0)

    def api(self, method, path, body=None):
        """Status and JSON of an answer."""
        request = urllib.request.Request(
            self.daemon.endpoint + "/proa/v1/" + path, method=method,
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def put(self, name, expression, **more):
        status, answer = self.api("PUT", "schedules/" + name,
                                  {"function": self.function, "expression": expression, **more})
        self.assertEqual(status, 201, answer)
        return answer

    def get(self, name):
        status, answer = self.api("GET", "schedules/" + name)
        self.assertEqual(status, 200, answer)
        return answer

    def letters(self):
        status, answer = self.api("GET", "dead-letters?FunctionName=" + self.function)
        self.assertEqual(status, 200, answer)
        return answer["dead_letters"]

    def wait_for(self, what, why):
        deadline = time.monotonic() + 60
        while not (found := what()):
            self.assertLess(time.monotonic(), deadline, why + "\n" + self.daemon.output())
            time.sleep(0.05)
        return found

    def wait_for_runs(self, count):
        return self.wait_for(lambda: len(self.letters()) >= count and self.letters(),
                             f"no {count} runs of {self.function}")

    def event_of(self, letter):
        return self.api("GET", f"dead-letters/{letter['id']}")[1]["payload"]


class Runs(ScheduleCase):
    def test_a_function_runs_once_at_its_time(self):
        expression, due = at_in(1)
        made = self.put("once", expression)
        self.assertEqual(made["next_run"], rfc3339(due) + "+00:00")
        letter, = self.wait_for_runs(1)
        self.assertGreaterEqual(time.time(), due)
        event = self.event_of(letter)
        self.assertEqual(event, {
            "version": "0", "id": letter["request_id"], "detail-type": "Scheduled Event",
            "source": "aws.scheduler", "account": "000000000000", "time": rfc3339(due) + "Z",
            "region": "us-east-1", "resources": [ARN + "once"], "detail": "{}"})
        now = self.get("once")
        self.assertEqual(now["state"], "ended")
        self.assertEqual(now["last_run"]["request_id"], letter["request_id"])
        self.assertEqual(now["last_run"]["due"], rfc3339(due) + "+00:00")
        self.assertEqual((now["runs"], now["missed_runs"], now["failed_runs"]), (1, 0, 0))

    def test_a_rate_runs_at_once_with_its_input(self):
        self.put("rate", "rate(1 hour)",
                 input='{"schedule": "<aws.scheduler.schedule-arn>", "n": 1.50}')
        letter, = self.wait_for_runs(1)
        self.assertEqual(self.event_of(letter), {"schedule": ARN + "rate", "n": 1.5})
        ahead = calendar.timegm(time.strptime(self.get("rate")["next_run"][:19],
                                              "%Y-%m-%dT%H:%M:%S")) - time.time()
        self.assertTrue(3500 < ahead <= 3600, ahead)

    def test_what_is_disabled_or_deleted_does_not_run(self):
        expression, due = at_in(2)
        self.put("off", expression, enabled=False)
        self.put("gone", expression)
        self.put("on", expression)
        self.assertEqual(self.api("DELETE", "schedules/gone"), (204, None))
        self.wait_for_runs(1)
        time.sleep(max(0, due + 1 - time.time()))
        events = [self.event_of(letter)["resources"] for letter in self.letters()]
        self.assertEqual(events, [[ARN + "on"]])

    def test_a_function_that_is_gone_is_told(self):
        expression, _ = at_in(1)
        self.put("orphan", expression)
        self.client().delete_function(FunctionName=self.function)
        self.assertEqual(self.get("orphan")["state"], "no_function")
        self.wait_for(lambda: self.get("orphan")["failed_runs"] == 1, "the run did not fail")
        self.assertIn("Function not found", self.get("orphan")["failure"]["reason"])
        self.assertIn('"event":"schedule_run_failed"', self.daemon.output())

    def test_a_run_by_hand(self):
        self.put("later", "cron(0 0 1 1 ? 2199)")
        status, answer = self.api("POST", "schedules/later/run")
        self.assertEqual(status, 202)
        letter, = self.wait_for_runs(1)
        self.assertEqual(letter["request_id"], answer["request_id"])

    def test_a_daemon_that_starts_again_at_the_moment_runs_it_once(self):
        self.put("kept", "cron(0 0 1 1 ? 2199)")
        expression, due = at_in(3)
        self.put("restart", expression)
        time.sleep(max(0, due - 0.5 - time.time()))
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()
        letter, = self.wait_for_runs(1)
        self.assertEqual(self.event_of(letter)["time"], rfc3339(due) + "Z")
        self.assertEqual(self.get("restart")["missed_runs"], 0)
        self.assertEqual(self.get("kept")["state"], "active")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.get("restart")["runs"], 1)
        self.assertEqual(len(self.letters()), 1)


class Verbs(ScheduleCase):
    def run_verb(self, *words, status=0):
        code, out, err = self.proa("schedule", *words)
        self.assertEqual(code, status, out + err)
        return out if status == 0 else err

    def test_a_schedule_from_create_to_delete(self):
        expression, due = at_in(600)
        out = self.run_verb("create", "v", expression, "--function", self.function, "--missed",
                            "run-once")
        self.assertEqual(out, f"Schedule v created; next run {rfc3339(due)}+00:00.\n")
        self.assertIn("already exists", self.run_verb(
            "create", "v", expression, "--function", self.function, status=6))
        self.run_verb("update", "v", "--expression", "cron(0 9 ? * MON-FRI *)", "--timezone",
                      "Europe/Berlin", "--input", "[1]")
        shown = json.loads(self.run_verb("show", "v", "--json"))
        self.assertEqual(
            (shown["expression"], shown["timezone"], shown["input"], shown["missed"]),
            ("cron(0 9 ? * MON-FRI *)", "Europe/Berlin", "[1]", "run-once"))
        self.assertIn("T09:00:00+0", shown["next_run"])
        self.assertIn("it is disabled", self.run_verb("disable", "v"))
        self.assertRegex(self.run_verb("list"), r"(?m)^v +disabled +- ")
        self.assertIn("next run", self.run_verb("enable", "v"))
        self.assertIn("request", self.run_verb("run", "v"))
        self.assertEqual(self.event_of(self.wait_for_runs(1)[0]), [1])
        self.run_verb("delete", "v")
        self.assertIn("There is no schedule v", self.run_verb("show", "v", status=4))

    def test_a_template_makes_its_schedules(self):
        name = self.function + "-template"
        file = os.path.join(self.daemon.folder, name + ".yaml")
        with open(file, "w", encoding="utf-8") as out:
            out.write(f"""
Resources:
  Timed:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: {name}
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(e, c): return 1"
      Events:
        Nightly:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: cron(0 3 * * ? *)
            ScheduleExpressionTimezone: Europe/Berlin
            StartDate: '2030-01-01T00:00:00Z'
""")
        code, out, err = self.proa("deploy", "--template", file)
        self.assertEqual(code, 0, out + err)
        self.assertIn(f"schedule {name}-Nightly", out)
        schedule = self.get(name + "-Nightly")
        self.assertEqual(schedule["next_run"], "2030-01-01T03:00:00+01:00")
        code, out, err = self.proa("deploy", "--template", file)
        self.assertIn("unchanged", out)
        self.assertEqual(self.get(name + "-Nightly")["revision"], 1)


class Missed(ScheduleCase):
    arguments = ("--schedule-late-max", "1")

    def test_what_was_due_while_the_daemon_was_down_is_told(self):
        expression, due = at_in(2)
        self.put("skipped", expression)
        self.put("made-up", expression, missed="run-once")
        self.assertEqual(self.daemon.stop(), 0)
        time.sleep(max(0, due + 1.5 - time.time()))
        self.daemon.start()
        letter, = self.wait_for_runs(1)
        self.assertEqual(self.event_of(letter)["resources"], [ARN + "made-up"])
        skipped = self.get("skipped")
        self.assertEqual(skipped["missed_runs"], 1)
        self.assertEqual(skipped["missed_times"], [rfc3339(due) + "+00:00"])
        self.assertEqual(self.get("made-up")["missed_runs"], 0)
        self.assertIn('"event":"schedule_runs_missed"', self.daemon.output())
        status = self.api("GET", "status")[1]["schedules"]
        self.assertEqual(status, {"all": 2, "enabled": 2, "runs": 1, "failed_runs": 0,
                                  "missed_runs": 1})
        with urllib.request.urlopen(self.daemon.endpoint + "/metrics", timeout=60) as answer:
            self.assertIn("\nproa_schedule_missed_runs_total 1\n", answer.read().decode())


class Killed(ScheduleCase):
    def test_a_kill_in_the_middle_loses_no_run_and_repeats_keep_their_id(self):
        names = [f"s{number}" for number in range(40)]
        # Kills around the moment at which all are due: before, while they are queued, behind it.
        for delay in (0.0, 0.01, 0.03):
            expression, due = at_in(3)
            for name in names:
                self.api("DELETE", "schedules/" + name)
                self.put(name, expression)
            time.sleep(max(0, due + delay - time.time()))
            self.daemon.process.kill()
            self.daemon.process.wait()
            self.daemon.start()
            self.wait_for(lambda: all(self.get(name)["runs"] == 1 for name in names),
                          "a run was lost")
            ids = collections.defaultdict(set)

            def are_all_there():
                ids.clear()
                for letter in self.letters():
                    event = self.event_of(letter)
                    if event["time"] == rfc3339(due) + "Z":  # pylint: disable=cell-var-from-loop
                        ids[event["resources"][0]].add(letter["request_id"])
                return len(ids) == len(names)
            self.wait_for(are_all_there, "an event was lost")
            self.assertEqual({len(each) for each in ids.values()}, {1})
            for name in names:
                self.assertEqual(self.get(name)["missed_runs"], 0)

