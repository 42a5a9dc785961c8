"""Packages that functions find without shipping them, as on Lambda: boto3 and @aws-sdk."""
import json
import os
import subprocess
import tempfile
import unittest
import urllib.request

from daemon import BINARY_DIR, ROLE, DaemonTestCase, free_port, zip_of

BUNDLED = os.path.join(BINARY_DIR, "..", "share", "proa", "bundled")
PYTHON = """
import boto3
def handler(event, context):
    client = boto3.client("lambda", region_name="us-east-1")
    return [boto3.__file__, client.meta.service_model.service_name]
"""
COMMON = """
const { S3Client } = require('@aws-sdk/client-s3');
exports.handler = async () => [require.resolve('@aws-sdk/client-s3'),
                               await new S3Client({ region: 'eu-west-1' }).config.region()];
"""
MODULE = """
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
export const handler = async () => [import.meta.resolve('@aws-sdk/client-s3'),
    await new S3Client({ region: 'eu-west-1' }).config.region(), typeof DynamoDBDocumentClient];
"""
OWN = {"package.json": '{"name": "@aws-sdk/client-s3", "version": "0.0.1", "main": "index.js"}',
       "index.js": "exports.whose = '%s';"}


def own_package(folder, whose):
    return {f"{folder}/@aws-sdk/client-s3/{name}": text.replace("%s", whose)
            for name, text in OWN.items()}


class Bundled(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        for part in ("python/boto3", "node/node_modules/@aws-sdk/client-s3"):
            if not os.path.isdir(os.path.join(BUNDLED, part)):
                raise unittest.SkipTest("no bundled packages: ./dev bundled makes them")
        super().setUpClass()

    def run_files(self, name, files, runtime, handler, **more):
        client = self.client()
        client.create_function(FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE,
                               Timeout=60, MemorySize=512, Code={"ZipFile": zip_of(files)}, **more)
        return self.invoke(client, name)

    def invoke(self, client, name):
        answer = client.invoke(FunctionName=name, Payload=b"{}")
        payload = json.load(answer["Payload"])
        self.assertNotIn("FunctionError", answer, payload)
        return payload

    def layer(self, name, files):
        made = self.client().publish_layer_version(LayerName=name,
                                                   Content={"ZipFile": zip_of(files)})
        return made["LayerVersionArn"]

    def test_python_imports_boto3_on_every_interpreter(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            status = json.load(answer)
        self.assertEqual(status["bundled"]["python"], os.path.realpath(BUNDLED + "/python"))
        for one in status["interpreters"]:
            if one["runtime"].startswith("python"):
                name = one["runtime"].replace(".", "-")
                answer = self.run_files(name, {"app.py": PYTHON}, one["runtime"], "app.handler")
                self.assertEqual(answer, ["/var/runtime/python_modules/boto3/__init__.py",
                                          "lambda"], one)

    def test_a_boto3_of_the_users_own_wins(self):
        code = "import boto3\ndef handler(event, context): return boto3.whose"
        files = {"app.py": code, "boto3/__init__.py": "whose = 'mine'"}
        self.assertEqual(self.run_files("own", files, "python3.11", "app.handler"), "mine")

    def test_node_requires_and_imports_the_sdk(self):
        answer = self.run_files("common", {"index.js": COMMON}, "nodejs20.x", "index.handler")
        self.assertRegex(answer[0], "^/var/runtime/node_modules/@aws-sdk/client-s3/")
        self.assertEqual(answer[1], "eu-west-1")
        answer = self.run_files("module", {"src/index.mjs": MODULE}, "nodejs20.x",
                                "src/index.handler")
        self.assertRegex(answer[0], "^file:///var/runtime/node_modules/@aws-sdk/client-s3/")
        self.assertEqual(answer[1:], ["eu-west-1", "function"])

    def test_node_packages_of_the_user_win_over_layers_and_these_over_the_bundled(self):
        common = ("const { whose } = require('@aws-sdk/client-s3');\n"
                  "exports.handler = async () => whose;")
        module = ("import { whose } from '@aws-sdk/client-s3';\n"
                  "export const handler = async () => whose;")
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            node = next(one for one in json.load(answer)["interpreters"]
                        if one["runtime"].startswith("nodejs"))
        folder = "nodejs/node" + node["version"].split(".")[0] + "/node_modules"
        plain = self.layer("plain", own_package("nodejs/node_modules", "layer"))
        versioned = self.layer("versioned", own_package(folder, "versioned layer"))
        mine = own_package("node_modules", "mine")
        for kind, file, code in (("cjs", "index.js", common), ("esm", "index.mjs", module)):
            for whose, layers, files in (("layer", [plain], {}),
                                         ("versioned layer", [plain, versioned], {}),
                                         ("mine", [plain, versioned], mine)):
                name = f"{kind}-{whose.replace(' ', '-')}"
                answer = self.run_files(name, {file: code, **files}, node["runtime"],
                                        "index.handler", Layers=layers)
                self.assertEqual((kind, answer), (kind, whose))


class Unbundled(DaemonTestCase):
    """--bundled with a folder that has the one and not the other."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        os.makedirs(folder.name + "/node/node_modules/only")
        with open(folder.name + "/node/node_modules/only/index.js", "w", encoding="utf-8") as file:
            file.write("exports.here = true;")
        cls.arguments = ("--bundled", folder.name)
        super().setUpClass()

    def test_the_import_error_is_the_ordinary_one_and_the_status_tells_why(self):
        client = self.deploy("without", PYTHON)
        answer = json.load(client.invoke(FunctionName="without", Payload=b"{}")["Payload"])
        self.assertEqual(answer["errorType"], "Runtime.ImportModuleError")
        self.assertIn("No module named 'boto3'", answer["errorMessage"])
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            bundled = json.load(answer)["bundled"]
        self.assertIsNone(bundled["python"])
        self.assertEqual(bundled["node"], os.path.realpath(self.arguments[1]) +
                         "/node/node_modules")
        client = self.deploy("with", "exports.handler = async () => require('only').here;",
                             runtime="nodejs20.x", handler="index.handler", file="index.js")
        self.assertIs(json.load(client.invoke(FunctionName="with")["Payload"]), True)

    def test_a_folder_without_packages_ends_the_start(self):
        with tempfile.TemporaryDirectory() as folder:
            ended = subprocess.run(
                [os.path.join(BINARY_DIR, "proa"), "serve", "--listen",
                 f"127.0.0.1:{free_port()}", "--data", folder + "/data", "--bundled", folder],
                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"), capture_output=True,
                text=True, timeout=60)
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn(f"--bundled {folder}: there is neither python/", ended.stderr)


if __name__ == "__main__":
    unittest.main()
