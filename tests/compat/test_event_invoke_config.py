"""Put/Update/Get/List/DeleteFunctionEventInvokeConfig with boto3 and the AWS CLI."""
import contextlib
import datetime
import json
import os
import sqlite3
import threading
import unittest

from daemon import DaemonTestCase

ECHO = "def handler(e, c): return e"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
BEGIN = "1 validation error detected: Value "
PATTERN = (r"Member must satisfy regular expression pattern: $|"
           r"kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
           r"([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)")


class ConfigCase(DaemonTestCase):
    def make(self, name):
        """Makes a function; gives a client that leaves the checks to the daemon."""
        self.deploy(name, ECHO)
        self.addCleanup(self.drop, name)
        return self.client(parameter_validation=False)

    def drop(self, name):
        client = self.client()
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):
            client.delete_function(FunctionName=name)

    def refusal(self, call, **parameters):
        """Status, exception and text with which `call` is refused."""
        with self.assertRaises(Exception) as raised:
            call(**parameters)
        answer = raised.exception.response
        return (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"],
                answer["Error"]["Message"])

    def without_envelope(self, answer):
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


class EventInvokeConfig(ConfigCase):
    def test_put_replaces_update_merges_delete_removes(self):
        client = self.make("merge")
        self.make("target")
        before = datetime.datetime.now(datetime.timezone.utc)
        put = client.put_function_event_invoke_config(
            FunctionName="merge", MaximumRetryAttempts=1,
            DestinationConfig={"OnSuccess": {"Destination": ARN + "target"}})
        self.assertEqual(put["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertLess(abs((put["LastModified"] - before).total_seconds()), 60)
        self.assertEqual(
            {**self.without_envelope(put), "LastModified": None},
            {"LastModified": None, "FunctionArn": ARN + "merge:$LATEST", "MaximumRetryAttempts": 1,
             "DestinationConfig": {"OnSuccess": {"Destination": ARN + "target"}, "OnFailure": {}}})

        updated = client.update_function_event_invoke_config(
            FunctionName="merge:$LATEST", MaximumEventAgeInSeconds=60,
            DestinationConfig={"OnFailure": {"Destination": ARN + "target:$LATEST"}})
        self.assertEqual(updated["MaximumRetryAttempts"], 1)
        self.assertEqual(updated["MaximumEventAgeInSeconds"], 60)
        self.assertEqual(updated["DestinationConfig"],
                         {"OnSuccess": {"Destination": ARN + "target"},
                          "OnFailure": {"Destination": ARN + "target:$LATEST"}})
        for qualifier in ({}, {"Qualifier": "$LATEST"}):
            shown = client.get_function_event_invoke_config(FunctionName=ARN + "merge", **qualifier)
            self.assertEqual(self.without_envelope(shown), self.without_envelope(updated))

        emptied = client.update_function_event_invoke_config(
            FunctionName="merge", DestinationConfig={"OnSuccess": {"Destination": ""}})
        self.assertEqual(emptied["DestinationConfig"],
                         {"OnSuccess": {}, "OnFailure": {"Destination": ARN + "target:$LATEST"}})

        replaced = client.put_function_event_invoke_config(FunctionName="merge",
                                                           MaximumRetryAttempts=0)
        self.assertEqual(replaced["MaximumRetryAttempts"], 0)
        self.assertNotIn("MaximumEventAgeInSeconds", replaced)
        self.assertEqual(replaced["DestinationConfig"], {"OnSuccess": {}, "OnFailure": {}})

        gone = client.delete_function_event_invoke_config(FunctionName="merge")
        self.assertEqual(gone["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertEqual(client.list_function_event_invoke_configs(FunctionName="merge")
                         ["FunctionEventInvokeConfigs"], [])

    def test_the_aws_cli_puts_and_lists_it(self):
        self.make("cli")
        put = json.loads(self.aws("lambda", "put-function-event-invoke-config", "--function-name",
                                  "cli", "--maximum-retry-attempts", "0",
                                  "--maximum-event-age-in-seconds", "21600"))
        self.assertEqual(put["FunctionArn"], ARN + "cli:$LATEST")
        self.assertEqual(put["MaximumEventAgeInSeconds"], 21600)
        listed = json.loads(self.aws("lambda", "list-function-event-invoke-configs",
                                     "--function-name", "cli", "--max-items", "1"))
        self.assertEqual(listed["FunctionEventInvokeConfigs"], [put])

    def test_lists_have_one_page_with_what_there_is(self):
        client = self.make("listed")
        put = client.put_function_event_invoke_config(FunctionName="listed",
                                                      MaximumRetryAttempts=2)
        pages = list(client.get_paginator("list_function_event_invoke_configs").paginate(
            FunctionName="listed", PaginationConfig={"PageSize": 1}))
        self.assertEqual([page["FunctionEventInvokeConfigs"] for page in pages],
                         [[self.without_envelope(put)]])
        self.assertEqual(
            self.refusal(client.list_function_event_invoke_configs, FunctionName="listed",
                         MaxItems=51),
            (400, "ValidationException", BEGIN + "'51' at 'maxItems' failed to satisfy constraint: "
             "Member must have value less than or equal to 50"))

    def test_what_is_missing_is_told_in_lambdas_words(self):
        client = self.make("there")
        put, update = (client.put_function_event_invoke_config,
                       client.update_function_event_invoke_config)
        get, delete = (client.get_function_event_invoke_config,
                       client.delete_function_event_invoke_config)
        none = (404, "ResourceNotFoundException", "The function doesn't exist.")
        for call in (put, update):
            for name in ("nowhere", ARN + "nowhere", "there:1", "there:live"):
                self.assertEqual(self.refusal(call, FunctionName=name, MaximumRetryAttempts=1),
                                 none)
            self.assertEqual(self.refusal(call, FunctionName="there", Qualifier="live",
                                          MaximumRetryAttempts=1), none)
            self.assertEqual(
                self.refusal(call, FunctionName="nowhere"),
                (400, "InvalidParameterValueException",
                 "You must specify at least one of error handling or destination setting."))
            self.assertEqual(
                self.refusal(call, FunctionName="there:1", Qualifier="$LATEST",
                             MaximumRetryAttempts=1),
                (400, "InvalidParameterValueException", "The derived qualifier from the function "
                 "name does not match the specified qualifier."))
        self.assertEqual(self.refusal(client.list_function_event_invoke_configs,
                                      FunctionName="nowhere"), none)

        def no_config(name):
            return (404, "ResourceNotFoundException",
                    f"The function {ARN}{name} doesn't have an EventInvokeConfig")
        self.assertEqual(self.refusal(update, FunctionName="there", MaximumRetryAttempts=1),
                         no_config("there:$LATEST"))
        for call in (get, delete):
            self.assertEqual(self.refusal(call, FunctionName="there"), no_config("there:$LATEST"))
            self.assertEqual(self.refusal(call, FunctionName="nowhere"),
                             no_config("nowhere:$LATEST"))
            self.assertEqual(self.refusal(call, FunctionName="there", Qualifier="live"),
                             no_config("there:live"))

    def test_values_out_of_range_are_refused_in_lambdas_words(self):
        client = self.make("range")

        def refused(**settings):
            return self.refusal(client.put_function_event_invoke_config, FunctionName="range",
                                **settings)

        def violation(text):
            return (400, "ValidationException", BEGIN + text)
        for name, member, value, bound in (
                ("MaximumRetryAttempts", "maximumRetryAttempts", 3, "less than or equal to 2"),
                ("MaximumRetryAttempts", "maximumRetryAttempts", -1, "greater than or equal to 0"),
                ("MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 59,
                 "greater than or equal to 60"),
                ("MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 21601,
                 "less than or equal to 21600")):
            self.assertEqual(refused(**{name: value}), violation(
                f"'{value}' at '{member}' failed to satisfy constraint: Member must have value "
                + bound))
        self.assertEqual(
            refused(DestinationConfig={"OnFailure": {"Destination": "arn:aws:_-/!lambda:x"}}),
            violation("'arn:aws:_-/!lambda:x' at 'destinationConfig.onFailure.destination' failed "
                      "to satisfy constraint: " + PATTERN))

    def test_destinations_are_other_functions_that_exist(self):
        client = self.make("source")
        self.make("other")

        def refused(arn):
            return self.refusal(client.put_function_event_invoke_config, FunctionName="source",
                                DestinationConfig={"OnSuccess": {"Destination": arn}})

        def invalid(text):
            return (400, "InvalidParameterValueException", text)
        for arn in (ARN + "nowhere", ARN + "other:1", ARN + "other:live"):
            self.assertEqual(refused(arn), invalid(f"The destination ARN {arn} is invalid."))
        self.assertEqual(refused(ARN + "source"), invalid(
            "You can't specify the function as a destination for itself."))
        for arn, why in (
                ("arn:aws:sqs:us-east-1:000000000000:q", "Amazon SQS"),
                ("arn:aws:sns:us-east-1:000000000000:t", "Amazon SNS"),
                ("arn:aws:events:us-east-1:000000000000:event-bus/b", "Amazon EventBridge"),
                ("arn:aws:s3:::bucket", "Amazon S3"),
                (ARN.replace("000000000000", "111111111111") + "other",
                 "of another account, 111111111111"),
                (ARN.replace("us-east-1", "eu-west-1") + "other",
                 "of another region, eu-west-1")):
            self.assertEqual(refused(arn), invalid(
                f"The destination {arn} ({why}) is not supported by Proa yet"))
        role = ARN.replace(":lambda:", ":iam:") + "other"
        self.assertEqual(refused(role), invalid(
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
            f"{role}), onFailure=null) is invalid."))
        self.assertEqual(self.refusal(client.get_function_event_invoke_config,
                                      FunctionName="source")[0], 404)

    def test_updates_at_the_same_time_lose_nothing(self):
        client = self.make("racing")
        for name in ("won", "lost"):
            self.make(name)
        changes = ({"MaximumRetryAttempts": 1}, {"MaximumEventAgeInSeconds": 77},
                   {"DestinationConfig": {"OnSuccess": {"Destination": ARN + "won"}}},
                   {"DestinationConfig": {"OnFailure": {"Destination": ARN + "lost"}}})
        for _ in range(5):
            client.put_function_event_invoke_config(FunctionName="racing", MaximumRetryAttempts=0)
            start = threading.Barrier(len(changes))

            def update(caller, change, start=start):
                start.wait()
                caller.update_function_event_invoke_config(FunctionName="racing", **change)
            threads = [threading.Thread(target=update, args=(self.client(), change))
                       for change in changes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            shown = client.get_function_event_invoke_config(FunctionName="racing")
            self.assertEqual((shown["MaximumRetryAttempts"], shown["MaximumEventAgeInSeconds"],
                              shown["DestinationConfig"]),
                             (1, 77, {"OnSuccess": {"Destination": ARN + "won"},
                                      "OnFailure": {"Destination": ARN + "lost"}}))

    def test_it_goes_with_its_function(self):
        client = self.make("again")
        client.put_function_event_invoke_config(FunctionName="again", MaximumRetryAttempts=0)
        client.delete_function(FunctionName="again")
        client = self.make("again")
        self.assertEqual(self.refusal(client.get_function_event_invoke_config,
                                      FunctionName="again")[0], 404)


class StoredConfig(ConfigCase):
    """Over restarts of the daemon."""

    def setUp(self):
        if self.daemon.process.poll() is not None:
            self.daemon.start()

    def test_it_stays_over_a_restart(self):
        client = self.deploy("kept", ECHO)
        put = client.put_function_event_invoke_config(
            FunctionName="kept", MaximumRetryAttempts=0, MaximumEventAgeInSeconds=120)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        client = self.client()
        shown = client.get_function_event_invoke_config(FunctionName="kept")
        self.assertEqual(self.without_envelope(shown), self.without_envelope(put))
        client.update_function_configuration(FunctionName="kept", MemorySize=256)
        shown = client.get_function_event_invoke_config(FunctionName="kept")
        self.assertEqual(self.without_envelope(shown), self.without_envelope(put))

    def test_a_record_of_an_older_proa_is_read_and_can_be_configured(self):
        self.deploy("old", ECHO)
        self.assertEqual(self.daemon.stop(), 0)
        file = os.path.join(self.daemon.folder, "data", "catalog", "catalog.db")
        key = b"000000000000/us-east-1/old"
        with contextlib.closing(sqlite3.connect(file)) as database, database:
            (value,), = database.execute("SELECT value FROM entry WHERE bucket = ? AND key = ?",
                                         (b"functions", key)).fetchall()
            record = json.loads(value)
            self.assertEqual(record.pop("event_configs"), {})
            self.assertGreater(record["format"], 1)
            record["latest"].pop("logging")
            for newer in ("next_version", "aliases", "urls", "policies"):
                record.pop(newer)
            record["format"] = 1
            database.execute("UPDATE entry SET value = ? WHERE bucket = ? AND key = ?",
                             (json.dumps(record).encode(), b"functions", key))
        self.daemon.start()
        client = self.client()
        self.assertEqual(json.load(client.invoke(FunctionName="old", Payload=b"7")["Payload"]), 7)
        self.assertEqual(self.refusal(client.get_function_event_invoke_config,
                                      FunctionName="old")[0], 404)
        client.put_function_event_invoke_config(FunctionName="old", MaximumRetryAttempts=1)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        shown = self.client().get_function_event_invoke_config(FunctionName="old")
        self.assertEqual(shown["MaximumRetryAttempts"], 1)


if __name__ == "__main__":
    unittest.main()
