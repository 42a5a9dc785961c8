"""kill -9 of the daemon while events are accepted and run: every 202 ends in success or a dead
letter. PROA_EVENTS and PROA_KILLS make it longer; PROA_CRASH_SEED repeats a run."""
import collections
import http.client
import json
import os
import random
import threading
import time
import unittest
import urllib.request

from daemon import Daemon, DaemonTestCase, free_port

EVENTS = int(os.environ.get("PROA_EVENTS", "2000"))
KILLS = int(os.environ.get("PROA_KILLS", "6"))
SEED = int(os.environ.get("PROA_CRASH_SEED", "20251125"))
SENDERS = 8
CODE = """
def handler(event, context):
    if event["n"] % 10 == 0:
        raise ValueError("one in ten")
    return event["n"]

def collector(event, context):
    raise RuntimeError("collected")
"""
COLLECTOR = "arn:aws:lambda:us-east-1:000000000000:function:collector"


class Senders:
    """Threads that send numbered events, each again until it is acknowledged."""

    def __init__(self, port):
        self.port, self.numbers, self.lock = port, iter(range(EVENTS)), threading.Lock()
        self.acknowledged, self.unexpected, self.sent = set(), [], 0
        self.threads = [threading.Thread(target=self.run) for _ in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = None
        while (number := self.next_number()) is not None:
            while not self.unexpected:
                connection = connection or http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=30)
                try:
                    self.sent += 1
                    connection.request(
                        "POST", "/2015-03-31/functions/job/invocations",
                        json.dumps({"n": number}), {"X-Amz-Invocation-Type": "Event"})
                    answer = connection.getresponse()
                    text = answer.read()
                except (OSError, http.client.HTTPException):
                    connection.close()
                    connection = None  # killed: nobody said that it has it
                    time.sleep(0.05)
                    continue
                if answer.status == 202:
                    self.acknowledged.add(number)
                    break
                if answer.status < 500:
                    self.unexpected.append((answer.status, text))
                time.sleep(0.05)
        if connection:
            connection.close()

    def next_number(self):
        with self.lock:
            return next(self.numbers, None)

    def are_done(self):
        return not any(thread.is_alive() for thread in self.threads)


class EventsOverKills(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("proa serve needs root to make environments")
        cls.port = free_port()
        cls.daemon = Daemon(listen=f"127.0.0.1:{cls.port}")
        cls.addClassCleanup(cls.daemon.close)

    def get(self, path):
        with urllib.request.urlopen(self.daemon.endpoint + path, timeout=60) as answer:
            return json.load(answer)

    def letters(self, function):
        """Every dead letter of a function, with its payload."""
        marker, found = "", []
        while True:
            page = self.get(f"/proa/v1/dead-letters?FunctionName={function}&Marker={marker}")
            found += [self.get(f"/proa/v1/dead-letters/{each['id']}")
                      for each in page["dead_letters"]]
            marker = page.get("next_marker")
            if not marker:
                return found

    def test_every_acknowledged_event_ends(self):
        client = self.deploy("job", CODE)
        self.deploy("collector", CODE, handler="app.collector")
        client.put_function_event_invoke_config(FunctionName="collector", MaximumRetryAttempts=0)
        client.put_function_event_invoke_config(
            FunctionName="job", MaximumRetryAttempts=0,
            DestinationConfig={"OnSuccess": {"Destination": COLLECTOR}})
        chance = random.Random(SEED)
        senders = Senders(self.port)
        for _ in range(KILLS):
            self.wait_until(lambda events: events["succeeded"] + events["failed"] > 0)
            time.sleep(chance.uniform(0, 2))
            self.daemon.process.kill()
            self.daemon.process.wait()
            self.daemon.start()
        self.wait_until(lambda events: senders.are_done() and events["waiting"] == 0 and
                        events["running"] == 0)
        self.assertEqual(senders.unexpected, [])
        self.assertEqual(len(senders.acknowledged), EVENTS)

        succeeded = collections.Counter(
            each["payload"]["requestPayload"]["n"] for each in self.letters("collector"))
        letters = self.letters("job")
        failed = collections.Counter(each["payload"]["n"] for each in letters)
        self.assertEqual(senders.acknowledged - set(succeeded) - set(failed), set())
        self.assertEqual([each for each in letters if each["payload"]["n"] % 10 != 0], [])
        self.assertTrue(all(number % 10 != 0 for number in succeeded))
        ends = sum(succeeded.values()) + sum(failed.values())
        print(f"\n{EVENTS} events acknowledged ({senders.sent} sent), {KILLS} kills: "
              f"{len(succeeded)} succeeded, {len(failed)} dead letters, "
              f"{ends - EVENTS} ended twice")

    def wait_until(self, is_reached):
        """Of the events, as the daemon has counted them since its start. It is not killed before it
        has ended one: an event is given up, as it must be, when Proa ended five times while it ran,
        and a daemon on a busy host might never come further than its first."""
        deadline = time.monotonic() + 60 + EVENTS / 20
        while not is_reached(events := self.get("/proa/v1/status")["events"]):
            self.assertLess(time.monotonic(), deadline, events)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
