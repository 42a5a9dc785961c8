"""Layers with boto3 and the AWS CLI, and what functions see of them at /opt."""
import base64
import hashlib
import json
import os
import tempfile
import unittest
import urllib.request

from daemon import DaemonTestCase, zip_of

READS = """
import os
def handler(e, c):
    out = {}
    for folder, _, files in os.walk("/opt"):
        for name in files:
            path = os.path.join(folder, name)
            with open(path) as file: out[path] = file.read()
    return out
"""


class Layers(DaemonTestCase):
    def publish(self, name, files, **more):
        return self.client().publish_layer_version(
            LayerName=name, Content={"ZipFile": zip_of(files)}, **more)

    def answer(self, name):
        return json.load(self.client().invoke(FunctionName=name, Payload=b"{}")["Payload"])

    def test_a_layer_lives_from_publish_to_delete(self):
        client = self.client()
        package = zip_of({"python/lib.py": "x = 1"})
        made = client.publish_layer_version(
            LayerName="life", Description="d", LicenseInfo="MIT", Content={"ZipFile": package},
            CompatibleRuntimes=["python3.9"], CompatibleArchitectures=["x86_64"])
        arn = "arn:aws:lambda:us-east-1:000000000000:layer:life"
        self.assertEqual((made["LayerArn"], made["LayerVersionArn"], made["Version"]),
                         (arn, arn + ":1", 1))
        digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
        self.assertEqual(made["Content"]["CodeSha256"], digest)
        self.assertEqual(made["Content"]["CodeSize"], len(package))
        for shown in (client.get_layer_version(LayerName="life", VersionNumber=1),
                      client.get_layer_version(LayerName=arn, VersionNumber=1),
                      client.get_layer_version_by_arn(Arn=arn + ":1")):
            for key in ("LayerVersionArn", "Description", "LicenseInfo", "CompatibleRuntimes",
                        "CompatibleArchitectures", "CreatedDate", "Content"):
                self.assertEqual(shown[key], made[key])
        with urllib.request.urlopen(made["Content"]["Location"], timeout=30) as answer:
            self.assertEqual(answer.read(), package)
        self.publish("life", {"a": "2"})
        listed = client.list_layer_versions(LayerName="life")["LayerVersions"]
        self.assertEqual([version["Version"] for version in listed], [2, 1])
        python = client.list_layers(CompatibleRuntime="python3.9")["Layers"]
        self.assertEqual([(layer["LayerName"], layer["LatestMatchingVersion"]["Version"])
                          for layer in python], [("life", 1)])
        client.delete_layer_version(LayerName="life", VersionNumber=1)
        client.delete_layer_version(LayerName="life", VersionNumber=1)
        with self.assertRaisesRegex(client.exceptions.ResourceNotFoundException,
                                    "The resource you requested does not exist."):
            client.get_layer_version(LayerName="life", VersionNumber=1)
        self.assertEqual(self.publish("life", {"a": "3"})["Version"], 3)

    def test_pages_follow_one_another(self):
        for name in ("page-a", "page-b", "page-c"):
            self.publish(name, {"a": name})
        pages = self.client().get_paginator("list_layers").paginate(
            PaginationConfig={"PageSize": 1})
        names = [layer["LayerName"] for page in pages for layer in page["Layers"]]
        self.assertEqual([name for name in names if name.startswith("page-")],
                         ["page-a", "page-b", "page-c"])

    def test_the_aws_cli_publishes_and_lists(self):
        with tempfile.TemporaryDirectory() as folder:
            package = os.path.join(folder, "layer.zip")
            with open(package, "wb") as file:
                file.write(zip_of({"a": "cli"}))
            made = json.loads(self.aws("lambda", "publish-layer-version", "--layer-name", "cli",
                                       "--zip-file", "fileb://" + package))
        self.assertEqual(made["Version"], 1)
        listed = json.loads(self.aws("lambda", "list-layers"))
        self.assertIn("cli", [layer["LayerName"] for layer in listed["Layers"]])
        found = json.loads(self.aws("lambda", "get-layer-version-by-arn", "--arn",
                                    made["LayerVersionArn"]))
        self.assertEqual(found["Content"]["CodeSha256"], made["Content"]["CodeSha256"])

    def test_a_function_sees_its_layers_merged_and_later_ones_win(self):
        first = self.publish("first", {"only/first": "1", "both": "first"})["LayerVersionArn"]
        second = self.publish("second", {"only/second": "2", "both": "second"})["LayerVersionArn"]
        client = self.deploy("merged", READS, Layers=[first, second])
        self.assertEqual(self.answer("merged"), {"/opt/only/first": "1", "/opt/only/second": "2",
                                                 "/opt/both": "second"})
        layers = client.get_function_configuration(FunctionName="merged")["Layers"]
        self.assertEqual([layer["Arn"] for layer in layers], [first, second])
        client.update_function_configuration(FunctionName="merged", Layers=[second, first])
        self.assertEqual(self.answer("merged")["/opt/both"], "first")
        client.update_function_configuration(FunctionName="merged", Layers=[])
        self.assertEqual(self.answer("merged"), {})

    def test_python_packages_in_layers_import(self):
        layer = self.publish("pylib", {"python/in_layer.py": "VALUE = 'from a layer'"})
        code = "import in_layer\ndef handler(e, c): return in_layer.VALUE"
        self.deploy("pyuser", code, Layers=[layer["LayerVersionArn"]])
        self.assertEqual(self.answer("pyuser"), "from a layer")

    def test_node_packages_in_layers_can_be_required(self):
        layer = self.publish("nodelib", {
            "nodejs/node_modules/in-layer/index.js": "module.exports = 'from a layer';",
            "nodejs/node20/node_modules/for-20/index.js": "module.exports = 'for 20';"})
        code = "exports.handler = async () => [require('in-layer'), require('for-20')];"
        self.deploy("nodeuser", code, runtime="nodejs20.x", handler="index.handler",
                    file="index.js", Layers=[layer["LayerVersionArn"]])
        self.assertEqual(self.answer("nodeuser"), ["from a layer", "for 20"])

    def test_what_cannot_work_is_refused(self):
        client = self.client()
        extension = self.publish("ext", {"extensions/agent": "#!/bin/sh"})["LayerVersionArn"]
        arn = "arn:aws:lambda:us-east-1:000000000000:layer:none:1"
        for layers, text in (
                ([extension], "brings the extension extensions/agent; extensions are not"),
                ([arn], f"Layer version {arn} does not exist."),
                ([extension.replace(":1", f":{n}") for n in range(1, 7)],
                 "Cannot reference more than 5 layers.")):
            with self.assertRaisesRegex(client.exceptions.InvalidParameterValueException, text):
                self.deploy("refused", READS, Layers=layers)
        with self.assertRaisesRegex(Exception, "ValidationException.*at 'layers' failed"):
            self.deploy("refused", READS, Layers=["not-an-arn"])


if __name__ == "__main__":
    unittest.main()
