"""What handlers meet inside a container, as on Lambda: context, logs, errors, ways to answer.

The bootstraps alone are tested in tests/runtimes; here is what needs the daemon around them.
"""
import base64
import json
import re
import time
import unittest

from daemon import ROLE, DaemonTestCase, zip_of

PYTHON = "python3.11"
NODE = "nodejs20.x"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class HandlerCase(DaemonTestCase):
    def make(self, name, files, runtime, handler, **more):
        client = self.client()
        client.create_function(FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE,
                               Code={"ZipFile": zip_of(files)}, **{"Timeout": 20, **more})
        return client

    def call(self, name, event=None, **more):
        """(payload, head of the answer, log lines between START and END)"""
        answer = self.client().invoke(FunctionName=name, LogType="Tail",
                                      Payload=json.dumps(event or {}).encode(), **more)
        log = base64.b64decode(answer["LogResult"]).decode()
        lines = re.search(r"START [^\n]*\n(.*)END RequestId", log, re.S).group(1)
        return json.load(answer["Payload"]), answer, lines

    def answer(self, name, event=None, **more):
        payload, answer, _ = self.call(name, event, **more)
        self.assertNotIn("FunctionError", answer, payload)
        return payload

    def error(self, name, event=None):
        """(payload, log lines) of a call that must fail."""
        payload, answer, log = self.call(name, event)
        self.assertEqual(answer.get("FunctionError"), "Unhandled", payload)
        return payload, log


class Python(HandlerCase):
    def test_the_context_has_every_member(self):
        code = """
import os
def handler(event, context):
    return {
        "left": context.get_remaining_time_in_millis(), "id": context.aws_request_id,
        "name": context.function_name, "version": context.function_version,
        "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
        "group": context.log_group_name, "stream": context.log_stream_name,
        "identity": [context.identity.cognito_identity_id,
                     context.identity.cognito_identity_pool_id],
        "tenant": context.tenant_id, "trace": os.environ["_X_AMZN_TRACE_ID"],
        "client": context.client_context and [context.client_context.client.app_title,
                                              context.client_context.custom,
                                              context.client_context.env]}
"""
        self.make("context", {"app.py": code}, PYTHON, "app.handler", MemorySize=192, Timeout=20)
        context = {"client": {"app_title": "t"}, "custom": {"k": "v"}, "env": {"locale": "de"}}
        encoded = base64.b64encode(json.dumps(context).encode()).decode()
        seen, answer, _ = self.call("context", ClientContext=encoded)
        self.assertTrue(15_000 < seen.pop("left") <= 20_000)
        self.assertEqual(seen.pop("id"), answer["ResponseMetadata"]["RequestId"])
        self.assertRegex(seen.pop("stream"), r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertRegex(seen.pop("trace"), "^Root=1-[0-9a-f]{8}-[0-9a-f]{24}")
        self.assertEqual(seen, {
            "name": "context", "version": "$LATEST", "memory": "192",
            "arn": "arn:aws:lambda:us-east-1:000000000000:function:context",
            "group": "/aws/lambda/context", "identity": [None, None], "tenant": None,
            "client": ["t", {"k": "v"}, {"locale": "de"}]})
        self.assertIsNone(self.answer("context")["client"])

    def test_logging_and_print_look_as_on_lambda(self):
        code = """
import logging
logger = logging.getLogger()
logger.setLevel("INFO")
def handler(event, context):
    print("printed", event["n"])
    logger.info("informed %d", event["n"])
    logging.getLogger("part").warning("warned")
    logger.debug("not seen")
"""
        self.make("logs", {"app.py": code}, PYTHON, "app.handler")
        _, answer, log = self.call("logs", {"n": 7})
        request = answer["ResponseMetadata"]["RequestId"]
        self.assertRegex(log, rf"^printed 7\n\[INFO\]\t{STAMP}\t{request}\tinformed 7\n\n?"
                              rf"\[WARNING\]\t{STAMP}\t{request}\twarned\n\n?$")

    def test_errors_have_type_message_stack_and_the_log_entry(self):
        code = """
class NoGood(Exception): pass
def inner(): raise NoGood("really")
def handler(event, context):
    inner()
"""
        self.make("errors", {"app.py": code}, PYTHON, "app.handler")
        payload, log = self.error("errors")
        self.assertRegex(payload.pop("requestId"), "^[0-9a-f-]{36}$")
        self.assertEqual(payload, {"errorMessage": "really", "errorType": "NoGood", "stackTrace": [
            '  File "/var/task/app.py", line 5, in handler\n    inner()\n',
            '  File "/var/task/app.py", line 3, in inner\n'
            '    def inner(): raise NoGood("really")\n']})
        self.assertRegex(log, r'^\[ERROR\] NoGood: really\nTraceback \(most recent call last\):\n'
                              r'\s+File "/var/task/app.py", line 5, in handler\n\s+inner\(\)\n')

    def test_handlers_in_folders_and_packages_are_found(self):
        code = "def handler(event, context): return __name__"
        files = {"src/app.py": code, "a/__init__.py": "", "a/b.py": code, "a/__init__.py": code}
        for name, handler, module in (("slash", "src/app.handler", "src.app"),
                                      ("dots", "a.b.handler", "a.b"), ("top", "a.handler", "a")):
            self.make(name, files, PYTHON, handler)
            self.assertEqual(self.answer(name), module)

    def test_wrong_handlers_are_named(self):
        for name, handler, files, kind, text in (
                ("no-file", "lost.handler", {}, "Runtime.ImportModuleError",
                 "Unable to import module 'lost': No module named 'lost'"),
                ("no-name", "app.lost", {}, "Runtime.HandlerNotFound",
                 "Handler 'lost' missing on module 'app'"),
                ("no-dot", "app", {}, "Runtime.MalformedHandlerName", "Bad handler 'app'"),
                ("syntax", "app.handler", {"app.py": "def handler(:"},
                 "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'")):
            self.make(name, {"app.py": "x = 1", **files}, PYTHON, handler)
            payload, _ = self.error(name)
            self.assertEqual(payload["errorType"], kind)
            self.assertIn(text, payload["errorMessage"])


class Node(HandlerCase):
    def node(self, name, code, file="index.js", handler="index.handler", more=None, **options):
        self.make(name, {file: code, **(more or {})}, NODE, handler, **options)

    def test_the_context_has_every_member(self):
        code = """
exports.handler = async (event, context) => ({
    left: context.getRemainingTimeInMillis(), id: context.awsRequestId,
    name: context.functionName, version: context.functionVersion,
    arn: context.invokedFunctionArn, memory: context.memoryLimitInMB,
    group: context.logGroupName, stream: context.logStreamName,
    client: context.clientContext, waits: context.callbackWaitsForEmptyEventLoop,
    tenant: context.tenantId ?? null, identity: context.identity ?? null,
});
"""
        self.node("context", code, MemorySize=192)
        encoded = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
        seen, answer, _ = self.call("context", ClientContext=encoded)
        self.assertTrue(15_000 < seen.pop("left") <= 20_000)
        self.assertEqual(seen.pop("id"), answer["ResponseMetadata"]["RequestId"])
        self.assertRegex(seen.pop("stream"), r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertEqual(seen, {
            "name": "context", "version": "$LATEST", "memory": "192",
            "arn": "arn:aws:lambda:us-east-1:000000000000:function:context",
            "group": "/aws/lambda/context", "client": {"custom": {"k": "v"}}, "waits": True,
            "tenant": None, "identity": None})

    def test_callbacks_wait_for_the_event_loop_unless_told_not_to(self):
        code = """
let done = 0;
exports.handler = (event, context, callback) => {
    context.callbackWaitsForEmptyEventLoop = event.waits;
    setTimeout(() => { done += 1; }, 700);
    callback(null, { done });
};
"""
        self.node("callbacks", code)
        begin = time.monotonic()
        self.assertEqual(self.answer("callbacks", {"waits": True}), {"done": 0})
        self.assertGreater(time.monotonic() - begin, 0.7)
        self.assertEqual(self.answer("callbacks", {"waits": False}), {"done": 1})

    def test_an_error_given_to_the_callback_is_the_answer(self):
        code = "exports.handler = (e, c, callback) => callback(new RangeError('far'));"
        self.node("refuses", code)
        payload, _ = self.error("refuses")
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("RangeError", "far"))

    def test_every_kind_of_module_and_place_is_found(self):
        common = "exports.handler = async () => typeof require;"
        module = ("const value = await Promise.resolve('waited');\n"
                  "export const handler = async () => value;\nexport const deep = { er: handler };")
        package = {"package.json": '{"type": "module"}'}
        for name, file, code, handler, more, expected in (
                ("common", "index.js", common, "index.handler", {}, "function"),
                ("cjs", "index.cjs", common, "index.handler", package, "function"),
                ("mjs", "index.mjs", module, "index.handler", {}, "waited"),
                ("type-module", "index.js", module, "index.handler", package, "waited"),
                ("folder", "src/app.mjs", module, "src/app.handler", {}, "waited"),
                ("nested", "a.mjs", module, "a.deep.er", {}, "waited")):
            self.node(name, code, file, handler, more)
            self.assertEqual(self.answer(name), expected, name)

    def test_errors_have_type_message_trace_and_the_log_entry(self):
        code = """
class NoGood extends Error { constructor(text) { super(text); this.name = 'NoGood'; } }
exports.handler = async () => { throw new NoGood('really'); };
"""
        self.node("errors", code)
        payload, log = self.error("errors")
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("NoGood", "really"))
        self.assertEqual(payload["trace"][0], "NoGood: really")
        self.assertRegex(payload["trace"][1], r"at .*handler \(/var/task/index.js:3:\d+\)")
        self.assertRegex(log, rf"^{STAMP}\t[0-9a-f-]{{36}}\tERROR\tInvoke Error \t\{{"
                              r'"errorType":"NoGood","errorMessage":"really"')

    def test_console_lines_have_time_request_and_level(self):
        code = "exports.handler = async () => { console.log('hi', {a: 1}); console.warn('oh'); };"
        self.node("console", code)
        _, answer, log = self.call("console")
        request = answer["ResponseMetadata"]["RequestId"]
        self.assertRegex(log, rf"^{STAMP}\t{request}\tINFO\thi {{ a: 1 }}\n"
                              rf"{STAMP}\t{request}\tWARN\toh\n$")

    def test_an_unhandled_rejection_is_the_answer_and_the_next_call_works(self):
        code = """
exports.handler = async (event) => {
    if (event.fails) { Promise.reject(new Error('nobody cares')); await new Promise(() => {}); }
    return 'fine';
};
"""
        self.node("rejects", code)
        payload, _ = self.error("rejects", {"fails": True})
        self.assertEqual(payload["errorType"], "Runtime.UnhandledPromiseRejection")
        self.assertEqual(payload["errorMessage"], "Error: nobody cares")
        self.assertEqual(self.answer("rejects"), "fine")

    def test_wrong_handlers_are_named(self):
        for name, handler, code, kind in (
                ("no-file", "lost.handler", "", "Runtime.ImportModuleError"),
                ("no-name", "index.lost", "exports.handler = 1;", "Runtime.HandlerNotFound"),
                ("no-dot", "index", "", "Runtime.MalformedHandlerName"),
                ("syntax", "index.handler", "exports.handler = (", "Runtime.UserCodeSyntaxError")):
            self.node(name, code, handler=handler)
            payload, _ = self.error(name)
            self.assertEqual((name, payload["errorType"]), (name, kind))


if __name__ == "__main__":
    unittest.main()
