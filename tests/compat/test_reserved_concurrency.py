"""Put/Get/DeleteFunctionConcurrency and what they do to calls, with boto3 and the AWS CLI."""
import json
import threading
import unittest

from daemon import DaemonTestCase

SLEEPS = "import time\ndef handler(e, c):\n  time.sleep(e.get('s', 0))\n  return 'ok'"


class ReservedConcurrency(DaemonTestCase):
    def test_a_reservation_is_set_shown_and_removed(self):
        client = self.deploy("reserve", SLEEPS)
        answer = client.put_function_concurrency(FunctionName="reserve",
                                                 ReservedConcurrentExecutions=100)
        self.assertEqual(answer["ReservedConcurrentExecutions"], 100)
        shown = client.get_function_concurrency(FunctionName="reserve")
        self.assertEqual(shown["ReservedConcurrentExecutions"], 100)
        self.assertEqual(client.get_function(FunctionName="reserve")["Concurrency"],
                         {"ReservedConcurrentExecutions": 100})
        limit = client.get_account_settings()["AccountLimit"]
        self.assertEqual(limit["ConcurrentExecutions"] - limit["UnreservedConcurrentExecutions"],
                         100)
        gone = client.delete_function_concurrency(FunctionName="reserve")
        self.assertEqual(gone["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertNotIn("ReservedConcurrentExecutions",
                         client.get_function_concurrency(FunctionName="reserve"))
        self.assertNotIn("Concurrency", client.get_function(FunctionName="reserve"))

    def test_the_aws_cli_sets_and_reads_it(self):
        self.deploy("clireserve", SLEEPS)
        said = json.loads(self.aws("lambda", "put-function-concurrency", "--function-name",
                                   "clireserve", "--reserved-concurrent-executions", "5"))
        self.assertEqual(said, {"ReservedConcurrentExecutions": 5})
        said = json.loads(self.aws("lambda", "get-function-concurrency", "--function-name",
                                   "clireserve"))
        self.assertEqual(said, {"ReservedConcurrentExecutions": 5})
        self.aws("lambda", "delete-function-concurrency", "--function-name", "clireserve")

    def test_too_much_for_the_account_is_refused_in_lambdas_words(self):
        client = self.deploy("greedy", SLEEPS)
        with self.assertRaisesRegex(
                client.exceptions.InvalidParameterValueException,
                r"decreases account's UnreservedConcurrentExecution below its minimum value of "
                r"\[100\]"):
            client.put_function_concurrency(FunctionName="greedy", ReservedConcurrentExecutions=901)

    def test_none_at_all_switches_the_function_off(self):
        client = self.deploy("off", SLEEPS)
        client.put_function_concurrency(FunctionName="off", ReservedConcurrentExecutions=0)
        with self.assertRaises(client.exceptions.TooManyRequestsException) as raised:
            client.invoke(FunctionName="off", Payload=b"{}")
        answer = raised.exception.response
        self.assertEqual(answer["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded")
        self.assertEqual(answer["Error"]["Message"], "Rate Exceeded.")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 429)
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "1")
        client.delete_function_concurrency(FunctionName="off")
        self.assertEqual(json.load(client.invoke(FunctionName="off", Payload=b"{}")["Payload"]),
                         "ok")

    def test_calls_above_it_are_throttled_and_those_of_others_are_not(self):
        client = self.deploy("one", SLEEPS, Timeout=60)
        self.deploy("other", SLEEPS)
        client.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=1)
        answers = []

        def call_slowly():
            caller = self.client()
            while not answers:  # until one of them is not throttled by the short calls below
                try:
                    answers.append(caller.invoke(FunctionName="one", Payload=b'{"s": 5}'))
                except client.exceptions.TooManyRequestsException:
                    pass

        slow = threading.Thread(target=call_slowly)
        slow.start()
        throttled = False
        while slow.is_alive() and not throttled:
            try:
                client.invoke(FunctionName="one", Payload=b"{}")
            except client.exceptions.TooManyRequestsException:
                throttled = True
                client.invoke(FunctionName="other", Payload=b"{}")
        slow.join()
        self.assertTrue(throttled)
        self.assertEqual(json.load(answers[0]["Payload"]), "ok")
        client.delete_function_concurrency(FunctionName="one")


if __name__ == "__main__":
    unittest.main()
