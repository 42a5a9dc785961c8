"""What a process that waits does once for nobody (rehearse in runtimes/README.md)."""
import json
import os
import sys
import textwrap
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import test_python  # noqa: E402
from node_case import NodeTest  # noqa: E402

EVENT = b'{"words":["one-1","two"],"nested":{"number":2.5}}'


def check_nothing_is_left(case, handler):
    """The function finds the same with a rehearsal before it and without, and nothing of one."""
    seen = []
    for is_rehearsed in (False, True):
        runtime = case.start()
        if is_rehearsed:
            case.assertEqual(runtime.rehearse(EVENT)[0], "parked")
        case.assertEqual(runtime.configure(case.config(handler))[0], "ready")
        kind, body = runtime.invoke(b'"mine"')
        case.assertEqual(kind, "response", body)
        seen.append(json.loads(body))
        case.assertEqual((runtime.stdout, runtime.stderr), ("", ""))
    case.assertEqual(seen[0], seen[1])
    case.assertEqual(seen[1][0], [])


class PythonRehearsal(test_python.PythonTest):
    def test_leaves_nothing_to_its_function(self):
        code = """
            import os, sys
            LEFT = [name for name in [*sys.modules, *sys.path] if "rehears" in name]
            def handler(event, context):
                return [LEFT, len(os.listdir("/proc/self/fd")), event, context.aws_request_id]
        """
        self.write({"app.py": textwrap.dedent(code)})
        check_nothing_is_left(self, "app.handler")

    def test_may_come_more_than_once(self):
        self.write({"app.py": "def handler(event, context):\n    return event\n"})
        runtime = self.start()
        self.assertEqual(runtime.rehearse(EVENT)[0], "parked")
        self.assertEqual(runtime.rehearse(EVENT)[0], "parked")
        self.assertEqual(runtime.configure(self.config("app.handler"))[0], "ready")
        self.assertEqual(runtime.invoke(b'"a"'), ("response", b'"a"'))

    def test_that_fails_ends_the_process_with_its_reason(self):
        runtime = self.start()
        self.assertEqual(runtime.rehearse(b"{}")[0], "closed")
        self.assertNotEqual(runtime.wait_for_exit(), 0)
        self.assertIn("KeyError", runtime.stderr)


class NodeRehearsal(NodeTest):
    def test_leaves_nothing_to_its_function(self):
        code = """
            const left = Object.keys(require.cache).filter((name) => name.includes('rehearsal/'));
            exports.handler = async (event, context) => [left, Object.keys(globalThis).sort(),
              event, context.awsRequestId];
        """
        self.write({"index.js": code})
        check_nothing_is_left(self, "index.handler")

    def test_may_come_more_than_once(self):
        self.write({"index.js": "exports.handler = async (event) => event;"})
        runtime = self.start()
        self.assertEqual(runtime.rehearse(EVENT)[0], "parked")
        self.assertEqual(runtime.rehearse(EVENT)[0], "parked")
        self.assertEqual(runtime.configure(self.config("index.handler"))[0], "ready")
        for event in (b'"a"', b'"b"'):
            self.assertEqual(runtime.invoke(event), ("response", event))

    def test_leaves_calls_that_wait_for_the_event_loop_as_they_were(self):
        self.write({"index.js": """
            exports.handler = async (event) => {
              await new Promise((resolve) => setTimeout(resolve, event));
              return event;
            };
        """})
        runtime = self.start()
        self.assertEqual(runtime.rehearse(EVENT)[0], "parked")
        self.assertEqual(runtime.configure(self.config("index.handler"))[0], "ready")
        for event in (b"1", b"20", b"0"):
            self.assertEqual(runtime.invoke(event), ("response", event))

    def test_that_fails_ends_the_process_with_its_reason(self):
        runtime = self.start()
        self.assertEqual(runtime.rehearse(b"{}")[0], "closed")
        self.assertNotEqual(runtime.wait_for_exit(), 0)
        self.assertIn("rehearsal: error", runtime.stderr)


if __name__ == "__main__":
    unittest.main()
