"""The AWS CLI, boto3 and @aws-sdk/client-lambda each through a function's whole life."""
import base64
import json
import os
import subprocess
import tempfile
import unittest
import urllib.request

from daemon import ROLE, DaemonTestCase, zip_of

SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", ".")
FIRST = """
def handler(event, context):
    print("seen", event)
    custom = context.client_context.custom if context.client_context else None
    return {"event": event, "custom": custom}
"""
SECOND = "import os\ndef handler(event, context): return os.environ.get('KEY', 'second')"


def write_zips(folder):
    """Paths of two archives in `folder`: the first and the second version of the code."""
    paths = []
    for name, code in (("first.zip", FIRST), ("second.zip", SECOND)):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "wb") as file:
            file.write(zip_of({"app.py": code}))
    return paths


class WholeLives(DaemonTestCase):
    def test_boto3(self):
        client = self.client()
        name = "boto"
        made = self.deploy(name, FIRST, Tags={"a b": "c/d+e"}).get_function(FunctionName=name)
        arn = made["Configuration"]["FunctionArn"]
        self.assertEqual(made["Tags"], {"a b": "c/d+e"})
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        client.get_waiter("function_active").wait(FunctionName=name)
        context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
        answer = client.invoke(FunctionName=name, Payload=b'{"n": 1}', LogType="Tail",
                               ClientContext=context)
        self.assertEqual(json.load(answer["Payload"]), {"event": {"n": 1}, "custom": {"k": "v"}})
        self.assertIn("seen {'n': 1}", base64.b64decode(answer["LogResult"]).decode())
        self.assertEqual(client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"],
                         204)
        changed = client.update_function_code(FunctionName=name, ZipFile=zip_of({"app.py": SECOND}))
        self.assertEqual(changed["LastUpdateStatus"], "InProgress")
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        client.get_waiter("function_updated").wait(FunctionName=name)
        client.update_function_configuration(FunctionName=name,
                                             Environment={"Variables": {"KEY": "ünï"}})
        for other in (arn, "000000000000:function:" + name, "function:" + name,
                      name + ":$LATEST"):
            answer = client.invoke(FunctionName=other)
            self.assertEqual(json.load(answer["Payload"]), "ünï", other)
        client.tag_resource(Resource=arn, Tags={"x": "y"})
        client.untag_resource(Resource=arn, TagKeys=["a b"])
        self.assertEqual(client.list_tags(Resource=arn)["Tags"], {"x": "y"})
        with self.assertRaises(client.exceptions.PreconditionFailedException) as raised:
            client.update_function_configuration(FunctionName=name, RevisionId="stale")
        self.assertEqual(raised.exception.response["ResponseMetadata"]["HTTPStatusCode"], 412)
        client.delete_function(FunctionName=name)
        with self.assertRaisesRegex(client.exceptions.ResourceNotFoundException,
                                    f"Function not found: {arn}"):
            client.get_function(FunctionName=name)

    def test_the_aws_cli(self):
        aws = lambda *words: self.aws("lambda", *words)
        name = ("--function-name", "cli-life")
        with tempfile.TemporaryDirectory() as folder:
            first, second = write_zips(folder)
            made = json.loads(aws("create-function", *name, "--runtime", "python3.11", "--handler",
                                  "app.handler", "--role", ROLE, "--zip-file", "fileb://" + first))
            aws("wait", "function-active-v2", *name)
            out = os.path.join(folder, "out")
            said = json.loads(aws("invoke", *name, "--payload", '{"n": 1}', "--log-type", "Tail",
                                  "--cli-binary-format", "raw-in-base64-out", out))
            self.assertIn("seen {'n': 1}", base64.b64decode(said["LogResult"]).decode())
            aws("update-function-code", *name, "--zip-file", "fileb://" + second)
            aws("wait", "function-updated-v2", *name)
            aws("update-function-configuration", *name, "--timeout", "9")
            aws("invoke", *name, out)
            with open(out, encoding="utf-8") as file:
                self.assertEqual(json.load(file), "second")
        arn = made["FunctionArn"]
        aws("tag-resource", "--resource", arn, "--tags", "x=y")
        self.assertEqual(json.loads(aws("list-tags", "--resource", arn))["Tags"], {"x": "y"})
        listed = json.loads(aws("list-functions", "--page-size", "1"))["Functions"]
        self.assertIn("cli-life", [one["FunctionName"] for one in listed])
        aws("delete-function", *name)

    def test_the_javascript_sdk(self):
        modules = os.path.join(SOURCE_DIR, "build/bundled/node/node_modules")
        if not os.path.isdir(os.path.join(modules, "@aws-sdk/client-lambda")):
            self.skipTest("no @aws-sdk/client-lambda: ./dev bundled installs it")
        with tempfile.TemporaryDirectory() as folder:
            environment = dict(os.environ, AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any",
                               ROLE=ROLE)
            done = subprocess.run(
                ["node", "--no-warnings", os.path.join(os.path.dirname(__file__), "js_client.mjs"),
                 self.daemon.endpoint, modules, *write_zips(folder)],
                env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        seen = json.loads(done.stdout)
        self.assertEqual((seen["created"], seen["active"], seen["updated"]),
                         ("Pending", "SUCCESS", "SUCCESS"))
        self.assertEqual(seen["invoked"], {"event": {"n": 1}, "custom": {"k": "v"}})
        self.assertIn("REPORT RequestId:", seen["log"])
        self.assertEqual((seen["dryRun"], seen["second"]), (204, "ünï"))
        self.assertEqual(seen["tags"], {"x": "y"})
        self.assertIn("js-client", seen["listed"])
        self.assertEqual(seen["stale"], ["PreconditionFailedException", 412])
        self.assertEqual(seen["gone"][:2], ["ResourceNotFoundException", 404])


class Details(DaemonTestCase):
    """What implementations of the API get wrong."""

    def test_pages_markers_and_the_shape_of_lists(self):
        client = self.client()
        for name in ("page-1", "page-2", "page-3"):
            self.deploy(name, SECOND)
        pages = list(client.get_paginator("list_functions").paginate(
            PaginationConfig={"PageSize": 2}))
        self.assertTrue(all(len(page["Functions"]) == 2 for page in pages[:-1]))
        entries = {one["FunctionName"]: one for page in pages for one in page["Functions"]}
        self.assertEqual(list(entries), sorted(entries))
        self.assertLessEqual({"page-1", "page-2", "page-3"}, set(entries))
        entry = entries["page-1"]
        self.assertNotIn("State", entry)
        self.assertEqual(entry["Version"], "$LATEST")
        self.assertTrue(entry["FunctionArn"].endswith(":function:page-1"))
        every = client.list_functions(FunctionVersion="ALL")["Functions"]
        self.assertTrue(all(one["FunctionArn"].endswith(":$LATEST") for one in every))

    def test_paths_with_and_without_a_slash_and_unknown_members(self):
        for path in ("/2015-03-31/functions", "/2015-03-31/functions/",
                     "/2016-08-19/account-settings", "/2016-08-19/account-settings/"):
            with urllib.request.urlopen(self.daemon.endpoint + path, timeout=30) as answer:
                self.assertEqual(answer.status, 200)
        body = {"FunctionName": "unknown-members", "Runtime": "python3.11", "Role": ROLE,
                "Handler": "app.handler", "SomethingNew": {"a": [1]},
                "Code": {"ZipFile": base64.b64encode(zip_of({"app.py": SECOND})).decode()}}
        request = urllib.request.Request(self.daemon.endpoint + "/2015-03-31/functions/",
                                         json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 201)

    def test_a_large_upload_is_taken(self):
        client = self.deploy("small", SECOND)
        ballast = base64.b64encode(os.urandom(24 << 20)).decode()
        code = zip_of({"app.py": SECOND, "ballast": ballast})
        self.assertGreater(len(code), 32 << 20)
        made = client.create_function(FunctionName="large", Runtime="python3.11", Role=ROLE,
                                      Handler="app.handler", Code={"ZipFile": code})
        self.assertEqual(made["CodeSize"], len(code))
        self.assertEqual(json.load(client.invoke(FunctionName="large")["Payload"]), "second")


if __name__ == "__main__":
    unittest.main()
