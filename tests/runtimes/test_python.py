"""The Python bootstrap, as the host meets it. PROA_TEST_PYTHON names another interpreter."""
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from frames import (  # noqa: E402
    ARN,
    CONFIGURE,
    MAX_ANSWER,
    REQUEST_ID,
    ROOT,
    TRACE_ID,
    RuntimeTest,
    frame,
    invoke_frame,
)

PYTHON = os.environ.get("PROA_TEST_PYTHON", "/usr/bin/python3")
BOOTSTRAP = os.path.join(ROOT, "runtimes", "python", "bootstrap.py")


class PythonTest(RuntimeTest):
    def bootstrap(self):
        return [PYTHON, "-B", BOOTSTRAP]

    def serve_code(self, code, **variables):
        return self.serve({"app.py": code}, "app.handler", **variables)

    def evaluated(self, expression, event=None):
        """What a handler that returns `expression` answers, as (kind, bytes)."""
        code = "import decimal, collections, math\ndef handler(event, context):\n    return %s\n"
        return self.serve_code(code % expression).invoke(json.dumps(event).encode())


class Start(PythonTest):
    def test_parks_with_its_version_and_becomes_ready_after_configure(self):
        self.write({"app.py": "def handler(event, context):\n    return event\n"})
        runtime = self.start(PROA_PRELOAD="1")
        self.assertEqual(runtime.configure(self.config("app.handler")), ("ready", b""))
        self.assertRegex(runtime.identity, r"^python3\.\d+\.\d+$")
        self.assertEqual(runtime.result({"a": 1}), {"a": 1})

    def test_finds_code_that_appeared_while_it_was_parked(self):
        os.rmdir(self.task_root)
        runtime = self.start()
        os.mkdir(self.task_root)
        self.write({"app.py": "def handler(event, context):\n    return 'late'\n"})
        self.assertEqual(runtime.configure(self.config("app.handler"))[0], "ready")
        self.assertEqual(runtime.result(), "late")

    def test_replaces_the_environment_entirely(self):
        code = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
        self.write({"app.py": code})
        runtime = self.start(LEFT_OVER="1", PROA_BUNDLED_PYTHON="/bundled", PROA_PRELOAD="0")
        config = self.config("app.handler", MINE="ü")
        self.assertEqual(runtime.configure(config)[0], "ready")
        seen = runtime.result()
        self.assertEqual(seen.pop("_X_AMZN_TRACE_ID"), TRACE_ID)
        self.assertEqual(seen, config["environment"])

    def test_a_copied_process_begins_its_random_numbers_anew(self):
        self.write({"app.py": "import random\ndef handler(e, c):\n    return random.random()\n",
                    "site/sitecustomize.py": "import random\nrandom.seed(1)\n"})
        for is_restored in (False, True):
            runtime = self.start(PYTHONPATH=os.path.join(self.task_root, "site"))
            config = {**self.config("app.handler"), "restored": is_restored}
            self.assertEqual(runtime.configure(config)[0], "ready")
            check = self.assertNotEqual if is_restored else self.assertEqual
            check(runtime.result(), 0.13436424411240122)

    def test_applies_the_time_zone_and_the_working_folder(self):
        code = """
            import os, time
            def handler(event, context):
                return [time.strftime("%Z", time.localtime(0)), os.getcwd()]
        """
        runtime = self.serve_code(code, TZ="Asia/Tokyo")
        self.assertEqual(runtime.result(), ["JST", os.path.realpath(self.task_root)])

    def test_orders_the_import_path_task_layers_standard_library_bundled(self):
        code = "import sys\ndef handler(event, context):\n    return sys.path\n"
        self.write({"app.py": code})
        runtime = self.start(PROA_BUNDLED_PYTHON="/somewhere/bundled")
        self.assertEqual(runtime.configure(self.config("app.handler"))[0], "ready")
        path = runtime.result()
        version = re.match(r"python(\d+\.\d+)", runtime.identity).group(1)
        layer = "/opt/python/lib/python%s/site-packages" % version
        self.assertEqual(path[:3], [self.task_root, layer, "/opt/python"])
        self.assertEqual(path[-1], "/somewhere/bundled")
        self.assertNotIn(os.path.dirname(BOOTSTRAP), path)

    def test_does_not_hide_modules_of_the_user_behind_its_own(self):
        files = {
            "app.py": "import bootstrap, link\ndef handler(e, c): return [bootstrap.X, link.X]\n",
            "bootstrap.py": "X = 'mine'\n",
            "link.py": "X = 'mine too'\n",
        }
        self.assertEqual(self.serve(files, "app.handler").result(), ["mine", "mine too"])

    def test_does_not_pass_the_link_on_to_child_processes(self):
        code = """
            import os, subprocess
            def handler(event, context):
                return subprocess.call(["test", "-e", "/proc/self/fd/3"], close_fds=False)
        """
        self.assertEqual(self.serve_code(code).result(), 1)

    def test_ends_quietly_when_the_host_closes_the_link(self):
        runtime = self.serve_code("def handler(event, context): pass\n")
        runtime.close_link()
        self.assertEqual(runtime.wait_for_exit(), 0)
        self.assertEqual(runtime.stderr, "")

    def test_takes_configure_and_the_first_calls_sent_in_one_go(self):
        self.write({"app.py": "def handler(event, context):\n    return event\n"})
        runtime = self.start()
        self.assertEqual(runtime.receive()[0], "parked")
        configure = frame(CONFIGURE, json.dumps(self.config("app.handler")).encode())
        runtime.send(configure + invoke_frame(1, b'"a"') + invoke_frame(2, b'"b"'))
        self.assertEqual(runtime.receive()[0], "ready")
        self.assertEqual(runtime.answer(1), ("response", b'"a"'))
        self.assertEqual(runtime.answer(2), ("response", b'"b"'))


class HandlerNames(PythonTest):
    def test_resolves_packages_by_dot_and_folders_by_slash(self):
        files = {
            "pkg/__init__.py": "",
            "pkg/mod.py": "def run(event, context):\n    return __name__\n",
            "folder/mod.py": "def run(event, context):\n    return __name__\n",
        }
        self.assertEqual(self.serve(files, "pkg.mod.run").result(), "pkg.mod")
        self.assertEqual(self.serve(files, "folder/mod.run").result(), "folder.mod")

    def check(self, files, handler, error_type, message):
        report, runtime, status = self.fail_init(files, handler)
        self.assertEqual(report["errorType"], error_type)
        self.assertEqual(report["errorMessage"], message)
        self.assertEqual(report["requestId"], "")
        self.assertEqual(status, 1)
        self.assertIn("[ERROR] %s: %s\nTraceback" % (error_type, message), runtime.stdout)
        return report

    def test_names_a_module_that_is_missing(self):
        message = "Unable to import module 'nothere': No module named 'nothere'"
        self.check({}, "nothere.handler", "Runtime.ImportModuleError", message)

    def test_names_an_import_that_fails_inside_the_module(self):
        message = "Unable to import module 'app': No module named 'nolib'"
        files = {"app.py": "import nolib\n"}
        self.check(files, "app.handler", "Runtime.ImportModuleError", message)

    def test_names_a_function_that_is_missing(self):
        message = "Handler 'handler' missing on module 'app'"
        self.check({"app.py": "x = 1\n"}, "app.handler", "Runtime.HandlerNotFound", message)

    def test_names_a_handler_without_a_dot(self):
        message = "Bad handler 'app': not enough values to unpack (expected 2, got 1)"
        self.check({}, "app", "Runtime.MalformedHandlerName", message)

    def test_refuses_a_built_in_module(self):
        message = "Cannot use built-in module sys as a handler module"
        self.check({}, "sys.exit", "Runtime.BuiltInModuleConflict", message)

    def test_points_at_a_syntax_error(self):
        report, _, status = self.fail_init({"app.py": "def handler(:\n"}, "app.handler")
        self.assertEqual(report["errorType"], "Runtime.UserCodeSyntaxError")
        message = r"^Syntax error in module 'app': .*\(app.py, line 1\)"
        self.assertRegex(report["errorMessage"], message)
        self.assertIn('app.py" Line 1\n    def handler(:', report["stackTrace"][0])
        self.assertEqual(status, 1)


class Init(PythonTest):
    def test_reports_an_exception_at_import_with_the_frames_of_user_code(self):
        report, runtime, status = self.fail_init({"app.py": "raise KeyError('k')\n"}, "app.handler")
        self.assertEqual((report["errorType"], report["errorMessage"]), ("KeyError", "'k'"))
        trace = "".join(report["stackTrace"])
        self.assertIn("app.py\", line 1, in <module>\n    raise KeyError('k')\n", trace)
        self.assertNotIn("proa_runtime", trace)
        self.assertEqual(status, 1)
        self.assertIn("[ERROR] KeyError: 'k'\n", runtime.stdout)

    def test_leaves_sys_exit_at_import_to_the_process(self):
        self.write({"app.py": "import sys\nprint('bye')\nsys.exit(7)\n"})
        runtime = self.start()
        self.assertEqual(runtime.configure(self.config("app.handler"))[0], "closed")
        self.assertEqual(runtime.wait_for_exit(), 7)
        self.assertEqual(runtime.stdout, "bye\n")

    def test_leaves_a_keyboard_interrupt_at_import_to_the_process(self):
        self.write({"app.py": "raise KeyboardInterrupt()\n"})
        runtime = self.start()
        self.assertEqual(runtime.configure(self.config("app.handler"))[0], "closed")
        self.assertNotEqual(runtime.wait_for_exit(), 0)

    def test_names_a_working_folder_that_is_missing(self):
        runtime = self.start()
        config = {**self.config("app.handler"), "cwd": "/not/here"}
        kind, report = runtime.configure(config)
        self.assertEqual((kind, report["errorType"]), ("init_error", "Runtime.InvalidWorkingDir"))
        self.assertIn("'/not/here'", report["errorMessage"])

    def test_names_what_is_wrong_in_configure(self):
        for broken in ({"handler": None}, {"environment": {"A": 1}}, {"environment": None}):
            runtime = self.start()
            kind, report = runtime.configure({**self.config("app.handler"), **broken})
            expected = ("init_error", "Runtime.InvalidTaskConfig")
            self.assertEqual((kind, report["errorType"]), expected)

    def test_output_of_the_module_is_there_before_ready(self):
        runtime = self.serve_code("print('loading', end='')\ndef handler(e, c): pass\n")
        self.assertEqual(runtime.stdout, "loading")


class Answers(PythonTest):
    def test_returns_what_the_handler_returns_as_json(self):
        cases = {
            "None": b"null",
            "'ü€😀'": '"ü€😀"'.encode(),
            "{'a': [1, 2.5, True], 3: (4,)}": b'{"a": [1, 2.5, true], "3": [4]}',
            "decimal.Decimal('1.100')": b"1.100",
            "[decimal.Decimal('12345678901234567890.5'), '1']": b'[12345678901234567890.5, "1"]',
            "[math.nan, decimal.Decimal('NaN'), math.inf]": b"[NaN, NaN, Infinity]",
            "{'b': b'text', b'k': 1}": b'{"b": "text", "k": 1}',
            "collections.namedtuple('P', 'x y')(1, 2)": b'{"x": 1, "y": 2}',
            "collections.OrderedDict(a=1)": b'{"a": 1}',
            "b'\\x00\\xff raw'": b"\x00\xff raw",
            "'\\ud800'": b'"\\ud800"',
        }
        for expression, expected in cases.items():
            with self.subTest(expression):
                self.assertEqual(self.evaluated(expression), ("response", expected))

    def test_names_the_type_that_json_cannot_carry(self):
        for expression, name in (("{1, 2}", "set"), ("object()", "object"), ("1j", "complex")):
            kind, body = self.evaluated(expression)
            report = json.loads(body)
            self.assertEqual((kind, report["errorType"]), ("error", "Runtime.MarshalError"))
            message = "Unable to marshal response: Object of type %s is not JSON serializable"
            self.assertEqual(report["errorMessage"], message % name)

    def test_refuses_cycles(self):
        code = "def handler(e, c):\n    a = []\n    a.append(a)\n    return a\n"
        kind, report = self.serve_code(code).call()
        self.assertEqual((kind, report["errorType"]), ("error", "Runtime.MarshalError"))

    def test_refuses_coroutines_as_lambda_does(self):
        code = "async def handler(event, context):\n    return 1\n"
        kind, report = self.serve_code(code).call()
        self.assertEqual((kind, report["errorType"]), ("error", "Runtime.MarshalError"))
        self.assertIn("Object of type coroutine", report["errorMessage"])

    def test_gives_an_empty_object_for_no_event(self):
        runtime = self.serve_code("def handler(event, context):\n    return event\n")
        self.assertEqual(runtime.invoke(b""), ("response", b"{}"))

    def test_names_an_event_that_is_no_json_and_goes_on(self):
        runtime = self.serve_code("def handler(event, context):\n    return event\n")
        kind, body = runtime.invoke(b"{nope")
        report = json.loads(body)
        self.assertEqual((kind, report["errorType"]), ("error", "Runtime.UnmarshalError"))
        self.assertTrue(report["errorMessage"].startswith("Unable to unmarshal input: "))
        self.assertEqual(runtime.result("again"), "again")

    def test_takes_and_returns_six_mebibytes(self):
        runtime = self.serve_code("def handler(event, context):\n    return event\n")
        payload = b'"' + b"x" * (6 * 1024 * 1024 - 2) + b'"'
        self.assertEqual(runtime.invoke(payload), ("response", payload))
        self.assertEqual(runtime.result(1), 1)

    def test_sends_the_largest_answer_and_refuses_one_byte_more(self):
        code = "def handler(event, context):\n    return 'y' * event\n"
        runtime = self.serve_code(code)
        kind, body = runtime.invoke(str(MAX_ANSWER - 2).encode())
        self.assertEqual((kind, len(body)), ("response", MAX_ANSWER))
        kind, body = runtime.invoke(str(MAX_ANSWER - 1).encode())
        self.assertEqual((kind, int.from_bytes(body, "little")), ("too_large", MAX_ANSWER + 1))
        self.assertEqual(runtime.result(3), "yyy")

    def test_cuts_an_error_that_no_frame_could_carry(self):
        code = "def handler(event, context):\n    raise ValueError('z' * 7000000)\n"
        kind, report = self.serve_code(code).call()
        self.assertEqual((kind, report["errorType"]), ("error", "ValueError"))
        self.assertEqual(len(report["errorMessage"]), 65536)


class Errors(PythonTest):
    def test_reports_an_exception_with_the_frames_of_user_code_only(self):
        code = """
            def inner():
                raise ValueError("bad thing ü")
            def handler(event, context):
                inner()
        """
        runtime = self.serve_code(code)
        kind, report = runtime.call()
        self.assertEqual(kind, "error")
        path = os.path.join(self.task_root, "app.py")
        expected = {
            "errorMessage": "bad thing ü",
            "errorType": "ValueError",
            "requestId": REQUEST_ID % 1,
            "stackTrace": [
                '  File "%s", line 5, in handler\n    inner()\n' % path,
                '  File "%s", line 3, in inner\n    raise ValueError("bad thing ü")\n' % path,
            ],
        }
        self.assertEqual(report, expected)
        log = "[ERROR] ValueError: bad thing ü\nTraceback (most recent call last):\n"
        log += '\u00a0\u00a0File "%s", line 5, in handler\n\u00a0\u00a0\u00a0\u00a0inner()\n' % path
        self.assertTrue(runtime.stdout.startswith(log), runtime.stdout)
        self.assertEqual(runtime.call()[0], "error")

    def test_survives_an_exception_without_usable_text(self):
        code = """
            class Odd(Exception):
                def __str__(self): raise RuntimeError()
            def handler(event, context): raise Odd()
        """
        kind, report = self.serve_code(code).call()
        self.assertEqual((kind, report["errorType"]), ("error", "Odd"))

    def test_leaves_sys_exit_in_a_call_to_the_process(self):
        runtime = self.serve_code("import sys\ndef handler(e, c):\n    print(1)\n    sys.exit(3)\n")
        self.assertEqual(runtime.call()[0], "closed")
        self.assertEqual((runtime.wait_for_exit(), runtime.stdout), (3, "1\n"))

    def test_loses_no_output_when_the_process_is_killed(self):
        code = """
            import os, signal, sys
            def handler(event, context):
                print("a line")
                print("half a line", end="")
                sys.stderr.write("on stderr")
                os.kill(os.getpid(), signal.SIGKILL)
        """
        runtime = self.serve_code(code)
        self.assertEqual(runtime.call()[0], "closed")
        self.assertEqual(runtime.wait_for_exit(), -9)
        self.assertEqual((runtime.stdout, runtime.stderr), ("a line\nhalf a line", "on stderr"))

    def test_output_is_in_the_pipe_before_the_answer(self):
        code = """
            import sys
            def handler(event, context):
                sys.stdout.buffer.write(b"raw ")
                sys.stdout.write("text")
        """
        runtime = self.serve_code(code)
        runtime.result()
        self.assertEqual(runtime.stdout, "raw text")

    def test_answers_though_the_handler_replaced_or_closed_the_streams(self):
        code = """
            import sys
            def handler(event, context):
                sys.stdout.close()
                sys.stderr = None
                raise ValueError("x")
        """
        runtime = self.serve_code(code)
        self.assertEqual(runtime.call()[0], "error")
        self.assertEqual(runtime.call()[0], "error")


class Context(PythonTest):
    def test_has_the_attributes_of_lambda(self):
        code = """
            def handler(event, c):
                return [c.aws_request_id, c.log_group_name, c.log_stream_name, c.function_name,
                        c.memory_limit_in_mb, c.function_version, c.invoked_function_arn,
                        c.client_context, c.identity.cognito_identity_id, c.tenant_id]
        """
        stream = "2026/01/01/[$LATEST]0123456789abcdef"
        expected = [REQUEST_ID % 1, "/aws/lambda/probe", stream, "probe", "128", "$LATEST", ARN]
        self.assertEqual(self.serve_code(code).result(), expected + [None, None, None])

    def test_carries_client_context_and_identity(self):
        code = """
            def handler(event, c):
                x = c.client_context
                return [x.custom, x.env, x.client.app_title, x.client.installation_id,
                        c.identity.cognito_identity_id, c.identity.cognito_identity_pool_id,
                        repr(c)]
        """
        runtime = self.serve_code(code)
        members = {"custom": {"k": "ü"}, "client": {"app_title": "t"}, "env": {"e": "1"}}
        client = json.dumps(members)
        identity = json.dumps({"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"})
        seen = runtime.result(client_context=client, cognito_identity=identity)
        self.assertEqual(seen[:6], [{"k": "ü"}, {"e": "1"}, "t", None, "i", "p"])
        self.assertTrue(seen[6].startswith("LambdaContext([aws_request_id="))
        self.assertIsNone(self.serve_code("def handler(e, c): return c.client_context\n").result())

    def test_names_a_client_context_that_is_no_json(self):
        runtime = self.serve_code("def handler(event, context): pass\n")
        for broken in ("{", "[1]"):
            kind, report = runtime.call(client_context=broken)
            self.assertEqual(report["errorType"], "Runtime.LambdaContextUnmarshalError")

    def test_counts_the_remaining_time_down_to_zero(self):
        code = "def handler(event, context):\n    return context.get_remaining_time_in_millis()\n"
        runtime = self.serve_code(code)
        self.assertTrue(50000 < runtime.result() <= 60000)
        self.assertEqual(runtime.result(deadline_ms=5), 0)

    def test_programs_that_the_function_starts_see_the_trace_id_of_the_call(self):
        runtime = self.serve_code(
            "import os, subprocess\n"
            "def handler(event, context):\n"
            "    if event == 'remove': del os.environ['_X_AMZN_TRACE_ID']\n"
            "    return subprocess.check_output(['/usr/bin/env'], text=True)\n"
        )
        self.assertIn("_X_AMZN_TRACE_ID=Root=1\n", runtime.result(trace_id="Root=1"))
        self.assertIn("_X_AMZN_TRACE_ID=Root=22\n", runtime.result(trace_id="Root=22"))
        self.assertNotIn("_X_AMZN_TRACE_ID", runtime.result("remove", trace_id="Root=3"))
        self.assertIn("_X_AMZN_TRACE_ID=Root=4\n", runtime.result(trace_id="Root=4"))
        long = "Root=" + "5" * 600
        self.assertIn("_X_AMZN_TRACE_ID=%s\n" % long, runtime.result(trace_id=long))
        self.assertIn("_X_AMZN_TRACE_ID=Root=6\n", runtime.result(trace_id="Root=6"))
        self.assertNotIn("_X_AMZN_TRACE_ID", runtime.result(trace_id=""))

    def test_trace_ids_do_not_fill_the_memory(self):
        runtime = self.serve_code(
            "def handler(event, context):\n"
            "    with open('/proc/self/statm') as file: return int(file.read().split()[1])\n"
        )
        trace_id = "Root=1-5759e988-%024x;Parent=53995c3f42cd8ad8;Sampled=0"
        first = [runtime.result(trace_id=trace_id % number) for number in range(2_000)][-1]
        last = [runtime.result(trace_id=trace_id % number) for number in range(2_000, 17_000)][-1]
        self.assertLess((last - first) * 4096, 15_000 * 50)  # setenv(3): 145 bytes a call

    def test_sets_the_trace_id_for_each_call_and_removes_it(self):
        code = "import os\ndef handler(e, c):\n    return os.environ.get('_X_AMZN_TRACE_ID')\n"
        runtime = self.serve_code(code)
        self.assertEqual(runtime.result(), TRACE_ID)
        self.assertEqual(runtime.result(trace_id="Root=2"), "Root=2")
        self.assertIsNone(runtime.result(trace_id=""))


class Logging(PythonTest):
    CODE = """
        import logging
        log = logging.getLogger("mine")
        def handler(event, context):
            log.warning("warn %s", "ü")
            log.info("info")
            log.debug("debug")
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("failed", extra={"order": 7})
            context.log("from context\\n")
    """

    def test_writes_text_lines_with_the_request_id(self):
        runtime = self.serve_code(self.CODE)
        runtime.result()
        lines = runtime.stdout.split("\n")
        stamp = r"\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t" + REQUEST_ID % 1 + r"\t"
        self.assertRegex(lines[0], r"^\[WARNING\]" + stamp + "warn ü$")
        self.assertRegex(lines[1], r"^\[ERROR\]" + stamp + "failed$")
        self.assertIn("ZeroDivisionError: division by zero", lines)
        self.assertIn("from context", lines)
        self.assertNotIn("info", runtime.stdout)

    def test_writes_json_lines_at_the_level_asked_for(self):
        options = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
        runtime = self.serve_code(self.CODE, **options)
        runtime.result()
        entries = [json.loads(line) for line in runtime.stdout.split("\n")[:3]]
        self.assertEqual([e["level"] for e in entries], ["WARNING", "INFO", "ERROR"])
        self.assertEqual((entries[0]["message"], entries[0]["logger"]), ("warn ü", "mine"))
        self.assertEqual(entries[0]["requestId"], REQUEST_ID % 1)
        self.assertRegex(entries[0]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(entries[2]["errorType"], "ZeroDivisionError")
        self.assertEqual(entries[2]["order"], 7)
        self.assertRegex(entries[2]["location"], r"app\.py:handler:\d+$")
        self.assertTrue(entries[2]["stackTrace"])

    def test_trace_level_means_debug(self):
        runtime = self.serve_code(self.CODE, AWS_LAMBDA_LOG_LEVEL="TRACE")
        runtime.result()
        self.assertIn("[DEBUG]", runtime.stdout)

    def test_writes_failed_calls_as_json_when_asked_for(self):
        code = "def handler(event, context):\n    raise ValueError('x')\n"
        runtime = self.serve_code(code, AWS_LAMBDA_LOG_FORMAT="JSON")
        runtime.call()
        entry = json.loads(runtime.stdout)
        self.assertEqual((entry["level"], entry["errorType"]), ("ERROR", "ValueError"))
        self.assertEqual(entry["requestId"], REQUEST_ID % 1)


if __name__ == "__main__":
    unittest.main()
