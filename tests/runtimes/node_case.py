"""What the tests of the Node bootstrap share. PROA_TEST_NODE names another interpreter."""
import os

from frames import ROOT, RuntimeTest

NODE = os.environ.get("PROA_TEST_NODE", "/usr/bin/node")
BOOTSTRAP = os.path.join(ROOT, "runtimes", "node", "bootstrap.cjs")
# The time at the start of a log line.
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t"


class NodeTest(RuntimeTest):
    def bootstrap(self):
        return [NODE, BOOTSTRAP]

    def serve_code(self, code, **variables):
        return self.serve({"index.js": code}, "index.handler", **variables)

    def fail_code(self, code, handler="index.handler"):
        return self.fail_init({"index.js": code}, handler)
