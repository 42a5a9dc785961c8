"""LoggingConfig with boto3: what Create and Update take and show, and what functions then write."""
import base64
import json
import os
import tempfile
import unittest

import boto3
from daemon import DaemonTestCase

STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
PYTHON = """
import logging, os
log = logging.getLogger("shop")
def handler(event, context):
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(log, level)("%s line", level)
    if event == "caught":
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("no quotient", extra={"order": 7})
    if event == "raised":
        raise ValueError("no such order")
    names = ("GROUP_NAME", "FORMAT", "LEVEL")
    return {"group": context.log_group_name, "stream": context.log_stream_name,
            **{name: os.environ.get("AWS_LAMBDA_LOG_" + name) for name in names}}
"""
NODE = """
exports.handler = async (event, context) => {
  for (const level of ['trace', 'debug', 'log', 'info', 'warn', 'error', 'fatal'])
    console[level](level + ' line');
  if (event === 'caught') {
    const error = new RangeError('no quotient');
    console.error(error);
    console.error('failed:', error);
  }
  if (event === 'raised') throw new TypeError('no such order');
  return { group: context.logGroupName, GROUP_NAME: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
           FORMAT: process.env.AWS_LAMBDA_LOG_FORMAT, LEVEL: process.env.AWS_LAMBDA_LOG_LEVEL };
};
"""
INFO = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
TEXT_WITH_LEVEL = ('LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from'
                   ' your request or change the LogFormat to "Json" and try again.')


def teach_boto3():
    """Debian's boto3 is older than LoggingConfig: a model extension (botocore merges it into its
    own model) adds it, as AWS's models have it."""
    word = {"type": "string"}
    members = ("LogFormat", "ApplicationLogLevel", "SystemLogLevel", "LogGroup")
    with_logging = {"members": {"LoggingConfig": {"shape": "LoggingConfig"}}}
    extension = {"version": 1.0, "merge": {"shapes": {
        **{name: word for name in members},
        "LoggingConfig": {"type": "structure", "members": {m: {"shape": m} for m in members}},
        "CreateFunctionRequest": with_logging,
        "UpdateFunctionConfigurationRequest": with_logging,
        "FunctionConfiguration": with_logging}}}
    folder = tempfile.TemporaryDirectory(prefix="proa-models-")
    os.makedirs(os.path.join(folder.name, "lambda/2015-03-31"))
    path = os.path.join(folder.name, "lambda/2015-03-31/service-2.sdk-extras.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(extension, file)
    os.environ["AWS_DATA_PATH"] = folder.name
    boto3.setup_default_session()
    return folder


class LoggingCase(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(teach_boto3().cleanup)

    def make(self, name, code=PYTHON, **more):
        node = {"runtime": "nodejs20.x", "file": "app.js"} if code is NODE else {}
        self.addCleanup(lambda: self.client().delete_function(FunctionName=name))
        return self.deploy(name, code, Timeout=20, **node, **more)

    def shown(self, name):
        """LoggingConfig as every operation shows it."""
        client = self.client()
        listed = [f for f in client.list_functions()["Functions"] if f["FunctionName"] == name]
        shown = [client.get_function_configuration(FunctionName=name),
                 client.get_function(FunctionName=name)["Configuration"], *listed]
        logging = [configuration["LoggingConfig"] for configuration in shown]
        self.assertEqual(logging, [logging[0]] * 3)
        return logging[0]

    def update(self, name, **logging):
        return self.client().update_function_configuration(
            FunctionName=name, LoggingConfig=logging)["LoggingConfig"]

    def call(self, name, event=None):
        """(payload, lines of the tail)"""
        answer = self.client().invoke(FunctionName=name, LogType="Tail",
                                      Payload=json.dumps(event).encode())
        log = base64.b64decode(answer["LogResult"]).decode()
        return json.load(answer["Payload"]), log.splitlines()

    def entries(self, name, event=None):
        """The JSON objects that the function itself wrote in a call."""
        objects = [json.loads(line) for line in self.call(name, event)[1] if line[:1] == "{"]
        entries = [entry for entry in objects if "level" in entry]
        for entry in entries:
            self.assertTrue(entry["timestamp"] and entry["requestId"], entry)
        return entries


class Configuration(LoggingCase):
    def test_text_is_the_default_and_has_no_levels(self):
        self.make("plain")
        self.assertEqual(self.shown("plain"),
                         {"LogFormat": "Text", "LogGroup": "/aws/lambda/plain"})
        said, lines = self.call("plain")
        self.assertEqual((said["group"], said["GROUP_NAME"]), ("/aws/lambda/plain",) * 2)
        self.assertEqual((said["FORMAT"], said["LEVEL"]), (None, None))
        self.assertTrue([line for line in lines if line.startswith("[ERROR]\t")], lines)

    def test_what_is_given_at_creation_stays_also_over_a_restart(self):
        given = {"LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "WARN",
                 "LogGroup": "shop/All_1.b-c#d"}
        self.make("given", LoggingConfig=given)
        self.make("less", LoggingConfig={"LogFormat": "JSON"})
        for _ in range(2):
            self.assertEqual(self.shown("given"), given)
            self.assertEqual(self.shown("less"), {**INFO, "LogGroup": "/aws/lambda/less"})
            said, _ = self.call("given")
            self.assertEqual((said["group"], said["GROUP_NAME"]), ("shop/All_1.b-c#d",) * 2)
            self.assertEqual((said["FORMAT"], said["LEVEL"]), ("JSON", "TRACE"))
            self.assertEqual(self.daemon.stop(), 0)
            self.daemon.start()

    def test_updates_merge_and_reach_the_next_call(self):
        self.make("merge")
        before, _ = self.call("merge")
        self.assertEqual(self.update("merge", LogGroup="/mine"),
                         {"LogFormat": "Text", "LogGroup": "/mine"})
        after, _ = self.call("merge")
        self.assertEqual((before["group"], after["group"]), ("/aws/lambda/merge", "/mine"))
        self.assertNotEqual(before["stream"], after["stream"])
        mine = {**INFO, "LogGroup": "/mine"}
        self.assertEqual(self.update("merge", LogFormat="JSON"), mine)
        self.assertEqual(self.update("merge", ApplicationLogLevel="ERROR"),
                         {**mine, "ApplicationLogLevel": "ERROR"})
        self.assertEqual(self.update("merge", SystemLogLevel="DEBUG"),
                         {**mine, "ApplicationLogLevel": "ERROR", "SystemLogLevel": "DEBUG"})
        self.assertEqual(self.call("merge")[0]["LEVEL"], "ERROR")
        self.assertEqual(self.update("merge", LogFormat="JSON", SystemLogLevel="WARN"),
                         {**mine, "SystemLogLevel": "WARN"})
        self.assertEqual(self.update("merge", LogFormat="Text"),
                         {"LogFormat": "Text", "LogGroup": "/mine"})
        said, _ = self.call("merge")
        self.assertEqual((said["FORMAT"], said["LEVEL"]), (None, None))
        changed = self.client().update_function_configuration(FunctionName="merge", Timeout=9)
        self.assertEqual(changed["LoggingConfig"], {"LogFormat": "Text", "LogGroup": "/mine"})

    def test_refusals_are_lambdas(self):
        client = self.make("strict")

        def refusal(**logging):
            with self.assertRaises(Exception) as raised:
                client.update_function_configuration(FunctionName="strict", LoggingConfig=logging)
            return raised.exception.response["Error"]

        for logging in ({"ApplicationLogLevel": "INFO"},
                        {"LogFormat": "Text", "SystemLogLevel": "WARN"}):
            error = refusal(**logging)
            self.assertEqual(error["Code"], "InvalidParameterValueException")
            self.assertEqual(error["Message"], TEXT_WITH_LEVEL)
        error = refusal(LogFormat="XML", ApplicationLogLevel="LOUD", SystemLogLevel="FATAL",
                        LogGroup="my group")
        self.assertEqual(error["Code"], "ValidationException")
        self.assertEqual(error["Message"].split("; "), [
            "4 validation errors detected: Value 'XML' at 'loggingConfig.logFormat' failed to "
            "satisfy constraint: Member must satisfy enum value set: [JSON, Text]",
            "Value 'LOUD' at 'loggingConfig.applicationLogLevel' failed to satisfy constraint: "
            "Member must satisfy enum value set: [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]",
            "Value 'FATAL' at 'loggingConfig.systemLogLevel' failed to satisfy constraint: "
            "Member must satisfy enum value set: [DEBUG, INFO, WARN]",
            "Value 'my group' at 'loggingConfig.logGroup' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"])
        self.assertEqual(self.shown("strict"),
                         {"LogFormat": "Text", "LogGroup": "/aws/lambda/strict"})


class Lines(LoggingCase):
    def levels(self, name, **logging):
        self.update(name, **logging)
        return [entry["level"] for entry in self.entries(name)]

    def test_python_writes_objects_and_leaves_out_what_is_below(self):
        self.make("python", LoggingConfig={"LogFormat": "JSON"})
        entry = self.entries("python")[0]
        self.assertRegex(entry.pop("timestamp"), STAMP)
        self.assertRegex(entry.pop("requestId"), r"^[0-9a-f-]{36}$")
        self.assertEqual(entry, {"level": "INFO", "message": "info line", "logger": "shop"})
        above = ["INFO", "WARNING", "ERROR", "CRITICAL"]
        self.assertEqual(self.levels("python"), above)
        for level, first in (("TRACE", ["DEBUG", *above]), ("DEBUG", ["DEBUG", *above]),
                             ("WARN", above[1:]), ("ERROR", above[2:]), ("FATAL", above[3:])):
            self.assertEqual(self.levels("python", ApplicationLogLevel=level), first, level)

    def test_python_writes_exceptions_as_members(self):
        self.make("pyfail", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "ERROR"})
        caught = self.entries("pyfail", "caught")[-1]
        self.assertRegex(caught["timestamp"], STAMP)
        self.assertEqual((caught["level"], caught["message"], caught["order"], caught["logger"]),
                         ("ERROR", "no quotient", 7, "shop"))
        self.assertEqual((caught["errorType"], caught["errorMessage"]),
                         ("ZeroDivisionError", "division by zero"))
        self.assertIn("1 / 0", caught["stackTrace"][0])
        self.assertRegex(caught["location"], r"^/var/task/app\.py:handler:\d+$")
        raised = self.entries("pyfail", "raised")[-1]
        self.assertEqual((raised["level"], raised["errorType"], raised["errorMessage"]),
                         ("ERROR", "ValueError", "no such order"))
        self.assertIn("raise ValueError", raised["stackTrace"][0])

    def test_node_writes_objects_and_leaves_out_what_is_below(self):
        self.make("node", NODE, LoggingConfig={"LogFormat": "JSON"})
        said, _ = self.call("node")
        self.assertEqual(said, {"group": "/aws/lambda/node", "GROUP_NAME": "/aws/lambda/node",
                                "FORMAT": "JSON", "LEVEL": "INFO"})
        entry = self.entries("node")[0]
        self.assertRegex(entry.pop("timestamp"), STAMP)
        self.assertRegex(entry.pop("requestId"), r"^[0-9a-f-]{36}$")
        self.assertEqual(entry, {"level": "INFO", "message": "log line"})
        above = ["INFO", "INFO", "WARN", "ERROR", "FATAL"]
        self.assertEqual(self.levels("node"), above)
        for level, first in (("TRACE", ["TRACE", "DEBUG", *above]), ("DEBUG", ["DEBUG", *above]),
                             ("WARN", above[2:]), ("ERROR", above[3:]), ("FATAL", above[4:])):
            self.assertEqual(self.levels("node", ApplicationLogLevel=level), first, level)

    def test_node_writes_errors_as_members(self):
        self.make("nodefail", NODE, LoggingConfig={"LogFormat": "JSON"})
        alone, among = self.entries("nodefail", "caught")[-2:]
        for entry in (alone["message"], among):
            self.assertEqual((entry["errorType"], entry["errorMessage"]),
                             ("RangeError", "no quotient"))
            self.assertEqual(entry["stackTrace"][0], "RangeError: no quotient")
        self.assertTrue(among["message"].startswith("failed: RangeError: no quotient"))
        raised = self.entries("nodefail", "raised")[-1]
        self.assertEqual((raised["level"], raised["message"]["errorType"],
                          raised["message"]["errorMessage"]),
                         ("ERROR", "TypeError", "no such order"))


if __name__ == "__main__":
    unittest.main()
