"""Versions and aliases: published, called by every qualifier, weighted, deleted; over kill -9."""
import json
import signal
import time
import unittest

from daemon import DaemonTestCase, patience, zip_of

TELLS = """import os
def handler(e, c):
    return [%r, c.function_version, c.invoked_function_arn.split(':', 6)[6],
            os.environ['AWS_LAMBDA_FUNCTION_VERSION'], os.environ.get('COLOUR')]"""


class Versions(DaemonTestCase):
    def call(self, client, name, **more):
        answer = client.invoke(FunctionName=name, Payload=b"{}", **more)
        self.assertNotIn("FunctionError", answer)
        return json.load(answer["Payload"]), answer["ExecutedVersion"]

    def two_versions(self, name):
        client = self.deploy(name, TELLS % "one", Environment={"Variables": {"COLOUR": "blue"}})
        self.assertEqual(client.publish_version(FunctionName=name)["Version"], "1")
        client.update_function_code(FunctionName=name, ZipFile=zip_of({"app.py": TELLS % "two"}))
        client.update_function_configuration(FunctionName=name,
                                             Environment={"Variables": {"COLOUR": "green"}})
        self.assertEqual(client.publish_version(FunctionName=name)["Version"], "2")
        client.update_function_code(FunctionName=name, ZipFile=zip_of({"app.py": TELLS % "new"}))
        return client

    def test_a_version_runs_as_it_was_published_by_every_way_to_name_it(self):
        client = self.two_versions("frozen")
        arn = "arn:aws:lambda:us-east-1:000000000000:function:frozen"
        for named in ({"FunctionName": "frozen:1"}, {"FunctionName": arn + ":1"},
                      {"FunctionName": "frozen", "Qualifier": "1"}):
            answer = client.invoke(Payload=b"{}", **named)
            self.assertEqual(answer["ExecutedVersion"], "1")
            self.assertEqual(json.load(answer["Payload"]),
                             ["one", "1", "frozen:1", "1", "blue"])
        self.assertEqual(self.call(client, "frozen:2"),
                         (["two", "2", "frozen:2", "2", "green"], "2"))
        for name, shown in (("frozen", "frozen"), ("frozen:$LATEST", "frozen:$LATEST")):
            self.assertEqual(self.call(client, name),
                             (["new", "$LATEST", shown, "$LATEST", "green"], "$LATEST"))
        with self.assertRaisesRegex(client.exceptions.ResourceNotFoundException,
                                    f"Function not found: {arn}:3"):
            client.invoke(FunctionName="frozen:3", Payload=b"{}")

    def test_versions_are_listed_shown_and_deleted(self):
        client = self.two_versions("listed")
        pages = client.get_paginator("list_versions_by_function").paginate(
            FunctionName="listed", PaginationConfig={"PageSize": 1})
        versions = [v for page in pages for v in page["Versions"]]
        self.assertEqual([v["Version"] for v in versions], ["$LATEST", "1", "2"])
        self.assertNotEqual(versions[1]["CodeSha256"], versions[2]["CodeSha256"])
        self.assertTrue(versions[2]["FunctionArn"].endswith(":function:listed:2"))
        shown = client.get_function(FunctionName="listed", Qualifier="1")
        self.assertEqual(shown["Configuration"]["Environment"]["Variables"], {"COLOUR": "blue"})
        client.delete_function(FunctionName="listed", Qualifier="1")
        with self.assertRaises(client.exceptions.ResourceNotFoundException):
            client.get_function(FunctionName="listed", Qualifier="1")
        self.assertEqual(self.call(client, "listed:2")[1], "2")
        everything = client.get_paginator("list_functions").paginate(FunctionVersion="ALL")
        arns = [f["FunctionArn"] for page in everything for f in page["Functions"]
                if f["FunctionName"] == "listed"]
        self.assertEqual([arn.rsplit(":", 1)[1] for arn in arns], ["$LATEST", "2"])
        client.delete_function(FunctionName="listed")
        with self.assertRaises(client.exceptions.ResourceNotFoundException):
            client.invoke(FunctionName="listed:2", Payload=b"{}")

    def test_publishing_nothing_new_gives_the_last_version_and_publish_flags_work(self):
        client = self.client()
        made = client.create_function(
            FunctionName="flags", Runtime="python3.11", Handler="app.handler", Publish=True,
            Role="arn:aws:iam::000000000000:role/r", Code={"ZipFile": zip_of({"app.py": "1"})})
        self.assertEqual(made["Version"], "1")
        self.assertEqual(client.publish_version(FunctionName="flags")["Version"], "1")
        changed = client.update_function_code(FunctionName="flags", Publish=True,
                                              ZipFile=zip_of({"app.py": TELLS % "x"}))
        self.assertEqual(changed["Version"], "2")
        self.assertTrue(changed["FunctionArn"].endswith(":flags:2"))
        with self.assertRaisesRegex(client.exceptions.InvalidParameterValueException,
                                    "is different from current CodeSHA256"):
            client.publish_version(FunctionName="flags", CodeSha256=made["CodeSha256"])
        with self.assertRaises(client.exceptions.PreconditionFailedException):
            client.publish_version(FunctionName="flags", RevisionId="stale")

    def test_an_alias_is_moved_and_every_call_is_answered(self):
        client = self.two_versions("moved")
        made = client.create_alias(FunctionName="moved", Name="prod", FunctionVersion="1")
        self.assertEqual(self.call(client, "moved:prod"),
                         (["one", "1", "moved:prod", "1", "blue"], "1"))
        seen = []
        for n in range(40):
            if n == 20:
                client.update_alias(FunctionName="moved", Name="prod", FunctionVersion="2",
                                    RevisionId=made["RevisionId"])
            seen.append(self.call(client, "moved", Qualifier="prod")[1])
        self.assertEqual(seen, ["1"] * 20 + ["2"] * 20)
        with self.assertRaises(client.exceptions.PreconditionFailedException):
            client.update_alias(FunctionName="moved", Name="prod", RevisionId=made["RevisionId"])
        with self.assertRaisesRegex(client.exceptions.ResourceConflictException, "alias prod"):
            client.delete_function(FunctionName="moved", Qualifier="2")
        client.delete_alias(FunctionName="moved", Name="prod")
        with self.assertRaises(client.exceptions.ResourceNotFoundException):
            client.get_alias(FunctionName="moved", Name="prod")
        client.delete_function(FunctionName="moved", Qualifier="2")

    def test_a_weighted_alias_sends_its_share_and_the_rest(self):
        client = self.two_versions("weighted")
        client.create_alias(
            FunctionName="weighted", Name="prod", FunctionVersion="1",
            RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
        counts = {"1": 0, "2": 0}
        for _ in range(400):
            answer, executed = self.call(client, "weighted:prod")
            self.assertEqual(answer[1], executed)
            self.assertEqual(answer[2], "weighted:prod")
            counts[executed] += 1
        # 100 by chance, with a deviation of 8.7: six of them are never seen.
        self.assertGreater(counts["2"], 48)
        self.assertLess(counts["2"], 152)
        client.update_alias(FunctionName="weighted", Name="prod",
                            RoutingConfig={"AdditionalVersionWeights": {}})
        self.assertEqual({self.call(client, "weighted:prod")[1] for _ in range(30)}, {"1"})

    def test_asynchronous_calls_take_the_configuration_of_their_alias(self):
        client = self.deploy("later", "def handler(e, c): raise ValueError(c.function_version)")
        client.publish_version(FunctionName="later")
        client.create_alias(FunctionName="later", Name="prod", FunctionVersion="1")
        client.put_function_event_invoke_config(FunctionName="later", Qualifier="prod",
                                                MaximumRetryAttempts=0)
        client.invoke(FunctionName="later:prod", InvocationType="Event", Payload=b"{}")
        deadline = time.monotonic() + patience(60)
        while True:
            status, out, _ = self.proa("dead-letters", "list", "--json")
            letters = json.loads(out)["dead_letters"] if status == 0 else []
            if letters or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        (letter,) = letters
        self.assertEqual(letter["attempts"], 1)
        self.assertTrue(letter["function_arn"].endswith(":later:prod"))

    def test_the_log_of_a_version_is_a_stream_of_its_own(self):
        client = self.two_versions("logged")
        self.call(client, "logged:1")
        logs = self.client(service="logs")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/logged")["logGroups"]
            if groups:
                break
            time.sleep(0.05)
        streams = logs.describe_log_streams(logGroupName="/aws/lambda/logged")["logStreams"]
        self.assertIn("[1]", streams[0]["logStreamName"])

    def test_the_aws_cli_does_it_all(self):
        self.deploy("cli", TELLS % "one")
        words = ("--function-name", "cli")
        self.assertEqual(json.loads(self.aws("lambda", "publish-version", *words))["Version"], "1")
        alias = json.loads(self.aws("lambda", "create-alias", *words, "--name", "live",
                                    "--function-version", "1"))
        self.assertTrue(alias["AliasArn"].endswith(":cli:live"))
        listed = json.loads(self.aws("lambda", "list-aliases", *words))["Aliases"]
        self.assertEqual([a["Name"] for a in listed], ["live"])
        self.aws("lambda", "delete-alias", *words, "--name", "live")


class VersionsOverCrashes(unittest.TestCase):
    deploy = DaemonTestCase.deploy
    client = DaemonTestCase.client
    setUpClass = DaemonTestCase.__dict__["setUpClass"]
    arguments, prefix = (), ()

    def test_what_was_acknowledged_is_there_after_kill_9(self):
        client = self.deploy("kept", TELLS % "one")
        published = 0
        for n in range(6):
            client.update_function_code(FunctionName="kept",
                                        ZipFile=zip_of({"app.py": TELLS % str(n)}))
            published = int(client.publish_version(FunctionName="kept")["Version"])
            self.assertEqual(published, n + 1)
            if n == 0:
                client.create_alias(FunctionName="kept", Name="prod", FunctionVersion="1")
            else:
                client.update_alias(FunctionName="kept", Name="prod",
                                    FunctionVersion=str(published))
            self.daemon.process.send_signal(signal.SIGKILL)
            self.daemon.process.wait()
            self.daemon.start()
            client = self.client()
            answer = client.invoke(FunctionName="kept:prod", Payload=b"{}")
            self.assertEqual(json.load(answer["Payload"])[:2], [str(n), str(published)])
        answer = client.invoke(FunctionName="kept:1", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"])[0], "0")


if __name__ == "__main__":
    unittest.main()
