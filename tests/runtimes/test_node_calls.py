"""The Node bootstrap: answers, errors, ways of waiting, streams."""
import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from frames import MAX_ANSWER, REQUEST_ID, invoke_frame  # noqa: E402
from node_case import STAMP, NodeTest  # noqa: E402


class Answers(NodeTest):
    def check(self, code, expected, event=None):
        self.assertEqual(self.serve_code(code).invoke(json.dumps(event).encode()), expected)

    def test_answers_what_an_async_handler_returns(self):
        cases = {
            "undefined": b"null",
            "'ü€😀'": '"ü€😀"'.encode(),
            "({a: [1, 2.5, true]})": b'{"a":[1,2.5,true]}',
            "(() => 1)": b"null",
            "'\\ud800'": b'"\\ud800"',
        }
        for expression, expected in cases.items():
            with self.subTest(expression):
                self.check("exports.handler = async () => %s;" % expression, ("response", expected))

    def test_ignores_the_result_of_a_handler_that_is_not_async(self):
        self.check("exports.handler = () => 5;", ("response", b"null"))

    def test_takes_any_thenable(self):
        code = "exports.handler = () => ({ then(resolve) { resolve('thenable'); } });"
        self.check(code, ("response", b'"thenable"'))

    def test_answers_by_callback(self):
        self.check("exports.handler = (e, c, cb) => cb(null, 'x');", ("response", b'"x"'))
        code = "exports.handler = (e, c, cb) => { setTimeout(cb, 5, null, 'later'); };"
        self.check(code, ("response", b'"later"'))

    def test_a_callback_waits_for_the_event_loop_to_be_empty(self):
        code = """
            let done = false;
            exports.handler = (event, context, callback) => {
              const result = {};
              setTimeout(() => { result.done = true; }, 20);
              callback(null, result);
            };
        """
        self.check(code, ("response", b'{"done":true}'))

    def test_a_callback_waits_for_work_that_node_does_not_list_as_active(self):
        code = """
            exports.handler = (event, context, callback) => {
              const result = {};
              require('zlib').gzip('x'.repeat(3e6), (_, packed) => { result.done = true; });
              callback(null, result);
            };
        """
        runtime = self.serve_code(code)
        for _ in range(8):
            self.assertEqual(runtime.result(), {"done": True})

    def test_a_callback_does_not_wait_when_told_so(self):
        code = """
            exports.handler = (event, context, callback) => {
              context.callbackWaitsForEmptyEventLoop = false;
              setInterval(() => {}, 1000);
              callback(null, context.callbackWaitsForEmptyEventLoop);
            };
        """
        self.check(code, ("response", b"false"))

    def test_answers_by_the_methods_of_context(self):
        self.check("exports.handler = (e, c) => c.succeed(1);", ("response", b"1"))
        self.check("exports.handler = (e, c) => c.done(null, 2);", ("response", b"2"))
        code = "exports.handler = (e, c) => { setInterval(() => {}, 1e3); c.succeed(3); };"
        self.check(code, ("response", b"3"))
        code = "exports.handler = (e, c) => c.fail(new TypeError('no'));"
        kind, report = self.serve_code(code).call()
        self.assertEqual((kind, report["errorType"]), ("error", "TypeError"))
        kind, report = self.serve_code("exports.handler = (e, c) => c.fail();").call()
        self.assertEqual((report["errorType"], report["errorMessage"]), ("string", "handled"))

    def test_counts_only_the_first_answer(self):
        code = "exports.handler = (e, c, cb) => { c.succeed(1); c.fail('x'); cb(null, 2); };"
        runtime = self.serve_code(code)
        self.assertEqual(runtime.result(), 1)
        self.assertEqual(runtime.result(), 1)

    def test_answers_null_when_the_loop_is_empty_and_nothing_was_decided(self):
        self.check("exports.handler = () => new Promise(() => {});", ("response", b"null"))
        self.check("exports.handler = () => {};", ("response", b"null"))
        code = "exports.handler = () => { setTimeout(() => {}, 5); };"
        runtime = self.serve_code(code)
        self.assertIsNone(runtime.result())
        self.assertIsNone(runtime.result())

    def test_gives_an_empty_object_for_no_event(self):
        runtime = self.serve_code("exports.handler = async (event) => event;")
        self.assertEqual(runtime.invoke(b""), ("response", b"{}"))

    def test_takes_and_returns_six_mebibytes(self):
        payload = b'"' + b"x" * (6 * 1024 * 1024 - 2) + b'"'
        for idle in ("", "setInterval(() => {}, 1000);"):
            runtime = self.serve_code(idle + "exports.handler = async (event) => event;")
            for _ in range(2):
                self.assertEqual(runtime.invoke(payload), ("response", payload))
            self.assertEqual(runtime.result(1), 1)

    def test_sends_a_long_answer_while_it_listens(self):
        code = "setInterval(() => {}, 1000); exports.handler = async (n) => 'y'.repeat(n);"
        runtime = self.serve_code(code)
        for size in (5000000, 3, 5000000):
            self.assertEqual(len(runtime.result(size)), size)

    def test_sends_the_largest_answer_and_refuses_one_byte_more(self):
        runtime = self.serve_code("exports.handler = async (n) => 'y'.repeat(n) + 'ü€';")
        fits = MAX_ANSWER - len('"ü€"'.encode())
        kind, body = runtime.invoke(str(fits).encode())
        self.assertEqual((kind, len(body)), ("response", MAX_ANSWER))
        kind, body = runtime.invoke(str(fits + 1).encode())
        self.assertEqual((kind, int.from_bytes(body, "little")), ("too_large", MAX_ANSWER + 1))
        self.assertEqual(runtime.result(0), "ü€")

    def test_cuts_an_error_that_no_frame_could_carry(self):
        code = "exports.handler = async () => { throw new Error('z'.repeat(7000000)); };"
        kind, report = self.serve_code(code).call()
        self.assertEqual((kind, len(report["errorMessage"])), ("error", 65536))


class Errors(NodeTest):
    def test_reports_a_rejection_and_a_throw(self):
        for code in (
            "exports.handler = async () => { throw new TypeError('bad ü'); };",
            "exports.handler = () => { throw new TypeError('bad ü'); };",
            "exports.handler = (e, c, cb) => cb(new TypeError('bad ü'));",
            """exports.handler = () => new Promise((_, no) => {
                 setTimeout(no, 1, new TypeError('bad ü'));
               });""",
        ):
            with self.subTest(code):
                runtime = self.serve_code(code)
                for number in (1, 2):
                    kind, report = runtime.call()
                    self.assertEqual(kind, "error")
                    self.assertEqual(set(report), {"errorType", "errorMessage", "trace"})
                    self.assertEqual(report["errorType"], "TypeError")
                    self.assertEqual(report["errorMessage"], "bad ü")
                    self.assertEqual(report["trace"][0], "TypeError: bad ü")
                line = STAMP + REQUEST_ID % 1 + r"\tERROR\tInvoke Error \t\{.errorType.:.TypeError"
                self.assertRegex(runtime.stdout, "^" + line)

    def test_reports_what_is_no_error(self):
        for value, error_type, message in (("'s'", "string", "s"), ("5", "number", "5")):
            code = "exports.handler = async () => { throw %s; };" % value
            kind, report = self.serve_code(code).call()
            expected = {"errorType": error_type, "errorMessage": message, "trace": []}
            self.assertEqual((kind, report), ("error", expected))

    def test_reports_a_result_that_json_cannot_carry(self):
        for value in ("10n", "(() => { const a = {}; a.a = a; return a; })()"):
            runtime = self.serve_code("exports.handler = async () => %s;" % value)
            kind, report = runtime.call()
            message = "Unable to stringify response body"
            self.assertEqual((kind, report["errorMessage"]), ("error", message))

    def test_reports_an_event_or_client_context_that_is_no_json(self):
        runtime = self.serve_code("exports.handler = async (event) => event;")
        kind, body = runtime.invoke(b"{nope")
        self.assertEqual((kind, json.loads(body)["errorType"]), ("error", "SyntaxError"))
        kind, report = runtime.call(client_context="{")
        self.assertTrue(report["errorMessage"].startswith("Cannot parse ClientContext as json: "))
        self.assertEqual(runtime.result("again"), "again")

    def test_an_uncaught_exception_is_the_answer_and_the_end(self):
        code = """
            exports.handler = () => new Promise(() => {
              setTimeout(() => { throw new Error('from a timer'); }, 1);
            });
        """
        runtime = self.serve_code(code)
        kind, report = runtime.call()
        self.assertEqual((kind, report["errorMessage"]), ("last_error", "from a timer"))
        self.assertEqual(runtime.wait_for_exit(), 129)
        self.assertIn("ERROR\tUncaught Exception \t{", runtime.stdout)

    def test_an_unhandled_rejection_is_the_answer_and_the_end(self):
        code = """
            exports.handler = () => new Promise((resolve) => {
              Promise.reject(new Error('lost'));
              setTimeout(resolve, 1000);
            });
        """
        runtime = self.serve_code(code)
        kind, report = runtime.call()
        self.assertEqual(report["errorType"], "Runtime.UnhandledPromiseRejection")
        self.assertEqual((kind, report["errorMessage"]), ("last_error", "Error: lost"))
        self.assertEqual(runtime.wait_for_exit(), 128)

    def test_a_rejection_left_behind_by_an_answered_call_ends_the_process(self):
        code = "exports.handler = async () => { Promise.reject(new Error('lost')); return 1; };"
        runtime = self.serve_code(code)
        self.assertEqual(runtime.result(), 1)
        self.assertEqual(runtime.wait_for_exit(), 128)

    def test_leaves_process_exit_in_a_call_to_the_process(self):
        runtime = self.serve_code("exports.handler = async () => process.exit(3);")
        self.assertEqual(runtime.call()[0], "closed")
        self.assertEqual(runtime.wait_for_exit(), 3)

    def test_output_is_in_the_pipe_before_the_answer_and_before_the_end(self):
        code = """
            exports.handler = async (event) => {
              process.stdout.write('a'.repeat(200000));
              console.log('b');
              process.stderr.write('c'.repeat(200000));
              if (event) process.exit(0);
            };
        """
        for event, kind in ((None, "response"), (1, "closed")):
            runtime = self.serve_code(code)
            self.assertEqual(runtime.call(event)[0], kind)
            if kind == "closed":
                runtime.wait_for_exit()
            self.assertEqual(runtime.stdout[:200000], "a" * 200000)
            self.assertTrue(runtime.stdout.endswith("INFO\tb\n"))
            self.assertEqual(runtime.stderr, "c" * 200000)


class Waiting(NodeTest):
    def test_next_ticks_and_microtasks_of_a_call_run_before_the_next_wait(self):
        code = """
            exports.handler = async () => {
              process.nextTick(() => console.log('tick'));
              Promise.resolve().then(() => Promise.resolve()).then(() => console.log('micro'));
            };
        """
        runtime = self.serve_code(code)
        runtime.result()
        runtime.wait_for_output("\ttick\n")
        runtime.wait_for_output("\tmicro\n")

    def test_background_work_goes_on_after_the_answer(self):
        code = """
            exports.handler = async () => { setTimeout(() => console.log('background'), 20); };
        """
        runtime = self.serve_code(code)
        for _ in range(2):
            runtime.result()
        runtime.wait_for_output("\tbackground\n")

    def test_background_work_that_node_does_not_list_goes_on_after_the_answer(self):
        code = """
            exports.handler = async (event) => {
              require('zlib').gzip('x'.repeat(3e6), () => console.log('packed %s', event));
            };
        """
        runtime = self.serve_code(code)
        for number in range(12):
            runtime.result(number)
            runtime.wait_for_output("\tpacked %d\n" % number)

    def test_takes_a_call_that_comes_while_one_is_running(self):
        code = """
            exports.handler = async (event) => {
              console.log('begin', event);
              await new Promise((r) => setTimeout(r, 20));
              console.log('end', event);
              return event;
            };
        """
        runtime = self.serve_code(code)
        for number in range(8):  # until it keeps listening
            runtime.result(number)
        runtime.send(invoke_frame(98, b"98"))
        runtime.wait_for_output("begin 98")
        runtime.send(invoke_frame(99, b"99"))
        self.assertEqual(runtime.answer(98), ("response", b"98"))
        self.assertEqual(runtime.answer(99), ("response", b"99"))
        steps = [line.split("\t")[-1] for line in runtime.stdout.splitlines()[-4:]]
        self.assertEqual(steps, ["begin 98", "end 98", "begin 99", "end 99"])
        long = b'"' + b"x" * 100000 + b'"'
        runtime.send(invoke_frame(100, b"1") + invoke_frame(101, long) + invoke_frame(102, b"3"))
        self.assertEqual(runtime.answer(100), ("response", b"1"))
        self.assertEqual(runtime.answer(101), ("response", long))
        self.assertEqual(runtime.answer(102), ("response", b"3"))

    def test_unreferenced_timers_get_turns_while_calls_come(self):
        code = """
            let count = 0;
            setInterval(() => { count++; }, 5).unref();
            exports.handler = async () => count;
        """
        runtime = self.serve_code(code)
        deadline = time.monotonic() + 20
        while runtime.result() < 3:
            self.assertLess(time.monotonic(), deadline)

    def test_timers_are_not_early_after_a_long_wait(self):
        code = """
            exports.handler = async () => {
              const start = performance.now();
              await new Promise((r) => setTimeout(r, 50));
              return performance.now() - start;
            };
        """
        runtime = self.serve_code(code)
        for _ in range(3):
            time.sleep(0.1)  # the wait is what is tested
            self.assertGreater(runtime.result(), 48)

    def test_a_connection_closed_between_calls_is_seen_before_the_next_one(self):
        code = """
            const net = require('net');
            let seen = 'open', peer;
            exports.handler = async (port) => {
              if (!port) return seen;
              peer = net.connect(port, '127.0.0.1');
              await new Promise((r) => peer.on('connect', r));
              peer.on('close', () => { seen = 'closed'; });
              peer.resume().unref();
            };
        """
        runtime = self.serve_code(code)
        with socket.create_server(("127.0.0.1", 0)) as server:
            accepted = []
            thread = threading.Thread(target=lambda: accepted.append(server.accept()[0]))
            thread.start()
            runtime.result(server.getsockname()[1])
            thread.join()
        accepted[0].close()
        time.sleep(0.05)  # longer than the time after which a turn is due
        self.assertEqual(runtime.result(), "closed")

    def test_signal_handlers_run_while_waiting(self):
        code = """
            process.on('SIGTERM', () => { console.log('term'); process.exit(5); });
            exports.handler = async () => 1;
        """
        runtime = self.serve_code(code)
        runtime.result()
        runtime.process.terminate()
        self.assertEqual(runtime.wait_for_exit(), 5)
        self.assertIn("\tterm\n", runtime.stdout)

    def test_goes_between_blocking_and_listening(self):
        code = """
            let timer;
            exports.handler = async (event) => {
              if (event === 'on') timer = setInterval(() => {}, 1000);
              if (event === 'off') clearInterval(timer);
              if (event === 'wait') await new Promise((r) => setTimeout(r, 2));
              return event;
            };
        """
        runtime = self.serve_code(code)
        events = ["a", "on", "b", "wait", "c", "off", "d", "wait", "e", "on", "off", "f"] * 10
        for event in events + ["wait"] * 20 + ["x"] * 20 + events:
            self.assertEqual(runtime.result(event), event)


class Streaming(NodeTest):
    def stream(self, body):
        code = "exports.handler = awslambda.streamifyResponse(async (event, out, context) => {%s});"
        return self.serve_code(code % body)

    def test_answers_the_collected_stream(self):
        body = "out.write('a'); out.write({b: 1}); await 0; out.end(Buffer.from('ü'));"
        runtime = self.stream(body)
        for _ in range(2):
            self.assertEqual(runtime.invoke(b"{}"), ("response", 'a{"b":1}ü'.encode()))

    def test_takes_a_pipeline_over_time(self):
        runtime = self.stream("""
            const { Readable } = require('stream');
            async function* parts() {
              for (const x of 'abc') { await new Promise((r) => setTimeout(r, 2)); yield x; }
            }
            await require('stream/promises').pipeline(Readable.from(parts()), out);
        """)
        self.assertEqual(runtime.invoke(b"{}"), ("response", b"abc"))

    def test_begins_with_the_http_metadata(self):
        runtime = self.stream("""
            out = awslambda.HttpResponseStream.from(out, { statusCode: 201 });
            out.write('body'); out.end();
        """)
        expected = b'{"statusCode":201}' + b"\0" * 8 + b"body"
        self.assertEqual(runtime.invoke(b"{}"), ("response", expected))

    def test_reports_errors_before_and_amid_the_stream(self):
        for body in ("throw new TypeError('x');", "out.write('a'); throw new TypeError('x');"):
            kind, report = self.stream(body).call()
            self.assertEqual((kind, report["errorType"]), ("error", "TypeError"))

    def test_reports_a_stream_that_never_ends(self):
        runtime = self.stream("out.write('a');")
        for _ in range(2):
            kind, report = runtime.call()
            message = "Response stream is not finished."
            self.assertEqual((kind, report["errorMessage"]), ("error", message))

    def test_refuses_handlers_that_are_not_async_and_late_content_types(self):
        code = "exports.handler = awslambda.streamifyResponse((e, out) => { out.end('x'); });"
        kind, report = self.serve_code(code).call()
        message = "Streaming does not support non-async handlers."
        self.assertEqual((kind, report["errorMessage"]), ("error", message))
        kind, report = self.stream("out.write('x'); out.setContentType('a/b');").call()
        self.assertEqual(report["errorType"], "Runtime.InvalidStreamingOperation")

    def test_refuses_more_than_the_limit(self):
        body = "for (let i = 0; i < 8; i++) out.write('x'.repeat(1 << 20)); out.end();"
        runtime = self.stream(body)
        kind, body = runtime.invoke(b"{}")
        self.assertEqual((kind, int.from_bytes(body, "little")), ("too_large", 8 << 20))


if __name__ == "__main__":
    unittest.main()
