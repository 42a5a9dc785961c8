"""`proa deploy --template`: SAM and Serverless files against a daemon."""
import json
import os
import shutil
import tempfile
import unittest

from daemon import DaemonTestCase

SAM = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Globals:
  Function: {Runtime: python3.11, Timeout: 7}
Resources:
  Libs:
    Type: AWS::Serverless::LayerVersion
    Properties: {LayerName: sam-libs, ContentUri: libs}
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: sam-greeter
      CodeUri: src
      Handler: app.handler
      Layers: [!Ref Libs]
      ReservedConcurrentExecutions: 3
      Environment: {Variables: {GREETING: !Sub '${Greeting}!', SELF: !GetAtt Greeter.Arn}}
  Inline:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: sam-inline
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return "inline"
"""
CODE = ("import os, in_layer\n"
        "def handler(event, context):\n"
        "    return [os.environ['GREETING'], os.environ['SELF'], in_layer.VALUE]\n")


class Templates(DaemonTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="proa-template-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("src/app.py", CODE)
        self.write("libs/python/in_layer.py", "VALUE = 1\n")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_deploy(self, file, *words, status=0):
        code, out, err = self.proa("deploy", "--template", file, *words)
        self.assertEqual(code, status, out + err)
        return out if status == 0 else err

    def call(self, name):
        return json.load(self.client().invoke(FunctionName=name)["Payload"])

    def test_a_sam_template_becomes_layers_and_functions(self):
        file = self.write("template.yaml", SAM)
        self.assertIn("function sam-greeter would be created", self.run_deploy(file, "--dry-run"))
        self.run_deploy(file)
        greeting, arn, value = self.call("sam-greeter")
        self.assertEqual((greeting, value), ("hello!", 1))
        function = self.client().get_function(FunctionName="sam-greeter")
        self.assertEqual(function["Configuration"]["FunctionArn"], arn)
        self.assertEqual(function["Configuration"]["Timeout"], 7)
        self.assertEqual(function["Concurrency"]["ReservedConcurrentExecutions"], 3)
        self.assertEqual(self.call("sam-inline"), "inline")
        # Again: nothing to do, and no second version of the layer.
        again = json.loads(self.run_deploy(file, "--json"))
        self.assertEqual([each["action"] for each in again["layers"] + again["functions"]],
                         ["unchanged"] * 3)
        self.run_deploy(file, "--parameter", "Greeting=bye")
        self.assertEqual(self.call("sam-greeter")[0], "bye!")

    def test_what_proa_cannot_do_is_refused_before_anything_is_deployed(self):
        file = self.write("template.yaml", SAM.replace("sam-", "refused-") + """
  Table:
    Type: AWS::DynamoDB::Table
  Web:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: refused-web
      Handler: index.handler
      InlineCode: "def handler(e, c): return 1"
      Events: {Api: {Type: HttpApi}}
""")
        err = self.run_deploy(file, status=2)
        self.assertIn("Table: the resource type AWS::DynamoDB::Table", err)
        self.assertIn("Web: Events", err)
        self.assertIn("Nothing was deployed", err)
        self.assertEqual([], [each for each in self.client().list_functions()["Functions"]
                              if each["FunctionName"].startswith("refused-")])
        self.run_deploy(file, "--skip-unsupported")
        self.assertEqual(self.call("refused-web"), 1)

    def test_a_failure_on_the_way_tells_what_was_deployed_and_goes_on(self):
        none = "arn:aws:lambda:us-east-1:000000000000:layer:none:1"
        bad = SAM.replace("sam-", "way-").replace(
            "FunctionName: way-inline", f"FunctionName: way-inline\n      Layers: [{none}]")
        file = self.write("template.yaml", bad)
        err = self.run_deploy(file, status=1)
        self.assertIn("way-inline: Layer version", err)
        self.assertIn("Deployed: way-libs, way-greeter. Not deployed: way-inline.", err)
        file = self.write("template.yaml", SAM.replace("sam-", "way-"))
        done = json.loads(self.run_deploy(file, "--json"))
        self.assertEqual([each["action"] for each in done["layers"] + done["functions"]],
                         ["unchanged", "unchanged", "created"])

    def test_a_serverless_file(self):
        file = self.write("serverless.yml", """
service: shop
provider:
  name: aws
  runtime: python3.11
  environment: {GREETING: 'hi ${sls:stage}', SELF: me}
package: {patterns: ['!**', 'app.py']}
layers: {libs: {path: libs}}
functions:
  greet: {handler: app.handler, layers: [{Ref: LibsLambdaLayer}]}
""")
        self.write("app.py", CODE)
        self.run_deploy(file, "--stage", "prod")
        self.assertEqual(self.call("shop-prod-greet"), ["hi prod", "me", 1])


if __name__ == "__main__":
    unittest.main()
