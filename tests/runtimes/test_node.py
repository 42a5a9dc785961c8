"""The Node bootstrap: start, handler names, init, context, console."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from frames import ARN, CONFIGURE, REQUEST_ID, TRACE_ID, frame, invoke_frame  # noqa: E402
from node_case import STAMP, NodeTest  # noqa: E402


class Start(NodeTest):
    def test_parks_with_its_version_and_becomes_ready_after_configure(self):
        self.write({"index.js": "exports.handler = async (event) => event;"})
        runtime = self.start(PROA_PRELOAD="1")
        self.assertEqual(runtime.configure(self.config("index.handler")), ("ready", b""))
        self.assertRegex(runtime.identity, r"^node\d+\.\d+\.\d+$")
        self.assertEqual(runtime.result({"a": 1}), {"a": 1})

    def test_replaces_the_environment_entirely(self):
        self.write({"index.js": "exports.handler = async () => ({...process.env});"})
        runtime = self.start(LEFT_OVER="1", PROA_PRELOAD="0")
        config = self.config("index.handler", MINE="ü")
        self.assertEqual(runtime.configure(config)[0], "ready")
        seen = runtime.result()
        self.assertEqual(seen.pop("_X_AMZN_TRACE_ID"), TRACE_ID)
        self.assertEqual(seen, config["environment"])

    def test_applies_time_zone_working_folder_and_module_path(self):
        code = """
            exports.handler = async () => [new Date(0).getHours(), process.cwd(), require('lib').x];
        """
        files = {"index.js": code, "layer/lib/index.js": "exports.x = 'layer';"}
        layer = os.path.join(self.task_root, "layer")
        runtime = self.serve(files, "index.handler", TZ="Asia/Tokyo", NODE_PATH=layer)
        self.assertEqual(runtime.result(), [9, os.path.realpath(self.task_root), "layer"])

    def test_a_copied_process_begins_its_random_numbers_and_its_time_anew(self):
        code = """
            const vm = require('vm');
            exports.handler = async () => ({
              main: Math.random(), other: vm.runInNewContext('Math.random()'),
              lag: Date.now() - performance.timeOrigin - performance.now(),
              are_in_range: Array.from({length: 5000}, Math.random).every((x) => x >= 0 && x < 1)});
        """
        self.write({"index.js": code, "seed.cjs":
                    "require('v8').setFlagsFromString('--random-seed=1');"})
        seed = os.path.join(self.task_root, "seed.cjs")
        seen = {}
        for is_restored in (False, True):
            for attempt in range(2):
                runtime = self.start(NODE_OPTIONS=f"--require {seed}")
                config = {**self.config("index.handler"), "restored": is_restored}
                self.assertEqual(runtime.configure(config)[0], "ready")
                seen[is_restored, attempt] = runtime.result()
        for member in ("main", "other"):
            self.assertEqual(seen[False, 0][member], seen[False, 1][member])
            self.assertNotEqual(seen[True, 0][member], seen[True, 1][member])
            self.assertNotEqual(seen[True, 0][member], seen[False, 0][member])
        self.assertTrue(seen[True, 0]["are_in_range"])
        self.assertLess(abs(seen[True, 0]["lag"]), 1000)

    def test_does_not_pass_the_link_on_to_child_processes(self):
        code = """
            const { spawnSync } = require('child_process');
            exports.handler = async () => spawnSync('test', ['-e', '/proc/self/fd/3']).status;
        """
        self.assertEqual(self.serve_code(code).result(), 1)

    def test_ends_quietly_when_the_host_closes_the_link(self):
        for code in (
            "exports.handler = async () => 1;",
            "setInterval(() => {}, 1000); exports.handler = async () => 1;",
        ):
            runtime = self.serve_code(code)
            runtime.result()
            runtime.close_link()
            self.assertEqual(runtime.wait_for_exit(), 0)
            self.assertEqual(runtime.stderr, "")

    def test_takes_configure_and_the_first_calls_sent_in_one_go(self):
        for code in (
            "exports.handler = async (event) => event;",
            "exports.handler = (event) => new Promise((r) => setTimeout(r, 5, event));",
            "setInterval(() => {}, 1000); exports.handler = async (event) => event;",
        ):
            self.write({"index.js": code})
            runtime = self.start()
            self.assertEqual(runtime.receive()[0], "parked")
            configure = frame(CONFIGURE, json.dumps(self.config("index.handler")).encode())
            runtime.send(configure + invoke_frame(1, b'"a"') + invoke_frame(2, b'"b"'))
            self.assertEqual(runtime.receive()[0], "ready")
            self.assertEqual(runtime.answer(1), ("response", b'"a"'))
            self.assertEqual(runtime.answer(2), ("response", b'"b"'))


class HandlerNames(NodeTest):
    CJS = "exports.handler = async () => 'cjs'; exports.a = { b: async () => 'nested' };"
    ESM = "export const handler = async () => 'esm ' + typeof require;"

    def check(self, files, handler, expected):
        self.assertEqual(self.serve(files, handler).result(), expected)

    def test_loads_commonjs(self):
        self.check({"index.js": self.CJS}, "index.handler", "cjs")
        self.check({"sub/index.js": self.CJS}, "sub/index.handler", "cjs")
        self.check({"only.cjs": self.CJS}, "only.handler", "cjs")

    def test_loads_nested_names(self):
        self.check({"index.js": self.CJS}, "index.a.b", "nested")

    def test_loads_es_modules_by_ending_and_by_package(self):
        self.check({"m.mjs": self.ESM}, "m.handler", "esm undefined")
        package = '{"type": "module"}'
        files = {"index.js": self.ESM, "package.json": package}
        self.check(files, "index.handler", "esm undefined")
        self.check({"c.cjs": self.CJS, "package.json": package}, "c.handler", "cjs")

    def test_waits_for_top_level_await(self):
        code = """
            const x = await new Promise((r) => setTimeout(r, 5, 'late'));
            export const handler = async () => x;
        """
        self.check({"t.mjs": code}, "t.handler", "late")

    def test_loads_a_folder_and_a_package(self):
        self.check({"app/index.js": self.CJS}, "app.handler", "cjs")
        self.check({"node_modules/pkg/index.js": self.CJS}, "pkg.handler", "cjs")

    def test_names_a_module_that_is_missing(self):
        report, runtime, status = self.fail_init({}, "nothere.handler")
        self.assertEqual(report["errorType"], "Runtime.ImportModuleError")
        self.assertTrue(report["errorMessage"].startswith("Error: Cannot find module 'nothere'"))
        self.assertTrue(report["trace"][0].startswith("Runtime.ImportModuleError: Error: Cannot"))
        self.assertEqual(status, 1)
        line = r"^" + STAMP + r"undefined\tERROR\tUncaught Exception \t\{.*ImportModuleError"
        self.assertRegex(runtime.stdout, line)

    def test_names_an_import_that_fails_inside_the_module(self):
        report, _, _ = self.fail_code("require('nolib');")
        self.assertEqual(report["errorType"], "Runtime.ImportModuleError")
        self.assertIn("Cannot find module 'nolib'", report["errorMessage"])

    def test_names_a_function_that_is_missing_or_none(self):
        report, _, status = self.fail_code("exports.x = 1;")
        expected = ("Runtime.HandlerNotFound", "index.handler is undefined or not exported", 1)
        self.assertEqual((report["errorType"], report["errorMessage"], status), expected)
        report, _, _ = self.fail_code("exports.handler = 1;")
        self.assertEqual(report["errorMessage"], "index.handler is not a function")

    def test_names_a_malformed_handler(self):
        report, _, status = self.fail_code(self.CJS, "index")
        expected = ("Runtime.MalformedHandlerName", "Bad handler", 1)
        self.assertEqual((report["errorType"], report["errorMessage"], status), expected)
        report, _, _ = self.fail_code(self.CJS, "../index.handler")
        self.assertEqual(report["errorType"], "Runtime.MalformedHandlerName")
        self.assertTrue(report["errorMessage"].startswith("'../index.handler' is not a valid"))

    def test_names_a_syntax_error(self):
        for name in ("index.js", "m.mjs"):
            handler = name.split(".")[0] + ".handler"
            report, _, status = self.fail_init({name: "export const = ;"}, handler)
            self.assertEqual((report["errorType"], status), ("Runtime.UserCodeSyntaxError", 1))
            self.assertTrue(report["errorMessage"].startswith("SyntaxError: "))


class Init(NodeTest):
    def test_reports_what_the_module_threw(self):
        report, runtime, status = self.fail_code("throw new RangeError('at load ü');")
        seen = (report["errorType"], report["errorMessage"])
        self.assertEqual(seen, ("RangeError", "at load ü"))
        self.assertIn("index.js:1", report["trace"][1])
        self.assertEqual(status, 1)

    def test_reports_late_errors_of_the_module(self):
        code = "setTimeout(() => { throw new Error('late') }, 1); await new Promise(() => {});"
        report, _, status = self.fail_init({"a.mjs": code}, "a.handler")
        self.assertEqual((report["errorMessage"], status), ("late", 1))
        code = "Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 999));"
        report, _, status = self.fail_init({"b.mjs": code}, "b.handler")
        expected = ("Runtime.UnhandledPromiseRejection", "Error: lost", 1)
        self.assertEqual((report["errorType"], report["errorMessage"], status), expected)

    def test_leaves_process_exit_at_load_to_the_process(self):
        self.write({"index.js": "console.log('bye'); process.exit(7);"})
        runtime = self.start()
        self.assertEqual(runtime.configure(self.config("index.handler"))[0], "closed")
        self.assertEqual(runtime.wait_for_exit(), 7)
        self.assertIn("INFO\tbye\n", runtime.stdout)

    def test_names_what_is_wrong_in_configure(self):
        cases = (
            ({"handler": None}, "Runtime.InvalidTaskConfig"),
            ({"environment": {"A": 1}}, "Runtime.InvalidTaskConfig"),
            ({"environment": None}, "Runtime.InvalidTaskConfig"),
            ({"cwd": "/not/here"}, "Runtime.InvalidWorkingDir"),
        )
        for broken, error_type in cases:
            runtime = self.start()
            kind, report = runtime.configure({**self.config("index.handler"), **broken})
            self.assertEqual((kind, report["errorType"]), ("init_error", error_type))
            self.assertEqual(runtime.wait_for_exit(), 1)


class Context(NodeTest):
    def test_has_the_members_of_lambda(self):
        code = """
            exports.handler = async (e, c) => [c.awsRequestId, c.logGroupName, c.logStreamName,
              c.functionName, c.memoryLimitInMB, c.functionVersion, c.invokedFunctionArn,
              c.clientContext, c.identity, c.callbackWaitsForEmptyEventLoop];
        """
        stream = "2026/01/01/[$LATEST]0123456789abcdef"
        expected = [REQUEST_ID % 1, "/aws/lambda/probe", stream, "probe", "128", "$LATEST", ARN]
        self.assertEqual(self.serve_code(code).result(), expected + [None, None, True])

    def test_carries_client_context_and_identity(self):
        code = "exports.handler = async (e, c) => [c.clientContext, c.identity];"
        runtime = self.serve_code(code)
        client, identity = {"custom": {"k": "ü"}}, {"cognitoIdentityId": "i"}
        seen = runtime.result(
            client_context=json.dumps(client), cognito_identity=json.dumps(identity)
        )
        self.assertEqual(seen, [client, identity])

    def test_counts_the_remaining_time(self):
        runtime = self.serve_code("exports.handler = async (e, c) => c.getRemainingTimeInMillis();")
        self.assertTrue(50000 < runtime.result() <= 60000)

    def test_sets_the_trace_id_for_each_call_and_removes_it(self):
        runtime = self.serve_code("exports.handler = async () => process.env._X_AMZN_TRACE_ID;")
        self.assertEqual(runtime.result(), TRACE_ID)
        self.assertEqual(runtime.result(trace_id="Root=2"), "Root=2")
        self.assertIsNone(runtime.result(trace_id=""))


class Logging(NodeTest):
    CODE = """
        exports.handler = async () => {
          console.log('hello %s', 'ü', { a: 1 });
          console.debug('d'); console.warn('w'); console.error(new Error('e')); console.trace('t');
        };
    """

    def test_writes_text_lines_with_the_request_id(self):
        runtime = self.serve_code(self.CODE)
        runtime.result()
        lines = runtime.stdout.split("\n")
        self.assertRegex(lines[0], "^" + STAMP + REQUEST_ID % 1 + r"\tINFO\thello ü \{ a: 1 \}$")
        for level in ("DEBUG\td", "WARN\tw", "ERROR\tError: e", "TRACE\tt"):
            self.assertIn("\t" + level + "\n", runtime.stdout)

    def test_writes_json_lines_at_the_level_asked_for(self):
        options = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN"}
        runtime = self.serve_code(self.CODE, **options)
        runtime.result()
        entries = [json.loads(line) for line in runtime.stdout.splitlines()]
        self.assertEqual([e["level"] for e in entries], ["WARN", "ERROR"])
        self.assertEqual((entries[0]["message"], entries[0]["requestId"]), ("w", REQUEST_ID % 1))
        self.assertEqual(entries[1]["message"]["errorMessage"], "e")

    def test_writes_failed_calls_as_json_when_asked_for(self):
        code = "exports.handler = async () => { throw new TypeError('x'); };"
        runtime = self.serve_code(code, AWS_LAMBDA_LOG_FORMAT="JSON")
        runtime.call()
        entry = json.loads(runtime.stdout)
        self.assertEqual((entry["level"], entry["message"]["errorType"]), ("ERROR", "TypeError"))


if __name__ == "__main__":
    unittest.main()
