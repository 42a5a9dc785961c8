"""Functions that are changed in every way while calls of them run: no call is lost, and none gets
anything but what its function said before or after a change (BASE-16)."""
import json
import threading
import unittest

from daemon import ROLE, DaemonTestCase, zip_of

FUNCTIONS = 4
CALLERS = 4
ROUNDS = 12


def code(number):
    return zip_of({"app.py": f"def handler(event, context):\n  return {number}\n"})


class ChangesUnderLoad(DaemonTestCase):
    def setUp(self):
        self.stop = threading.Event()
        self.problems = []
        self.calls = 0

    def worker(self, work):
        """`work` in a thread; what goes wrong in it is kept for the test."""
        def run():
            try:
                work()
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append(repr(error))
                self.stop.set()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def caller(self, number):
        """Calls all functions in turn until the test ends. A client of its own is a connection of
        its own, which either shard may have accepted."""
        seen = [0] * FUNCTIONS
        while not self.stop.is_set():
            client = self.client()
            for _ in range(20):
                number = (number + 1) % FUNCTIONS
                answer = client.invoke(FunctionName=f"f{number}", Payload=b"{}")
                body = answer["Payload"].read()
                if "FunctionError" in answer:
                    raise AssertionError(body)
                version = json.loads(body)
                if version < seen[number]:  # an answer of code that was replaced long ago
                    raise AssertionError(f"f{number}: {version} after {seen[number]}")
                seen[number] = version
                self.calls += 1

    def change_code(self, client):
        for version in range(1, ROUNDS + 1):
            for number in range(FUNCTIONS):
                client.update_function_code(FunctionName=f"f{number}", ZipFile=code(version))

    def change_settings(self, client):
        for turn in range(ROUNDS):
            name = f"f{turn % FUNCTIONS}"
            arn = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
            client.update_function_configuration(FunctionName=name, Timeout=10 + turn,
                                                 MemorySize=128 + turn)
            client.tag_resource(Resource=arn, Tags={"proa:idle": f"remove={turn + 1}s"})
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=20)
            client.delete_function_concurrency(FunctionName=name)
            client.untag_resource(Resource=arn, TagKeys=["proa:idle"])

    def change_others(self, client):
        for turn in range(ROUNDS):
            client.create_function(FunctionName="passing", Runtime="python3.11", Role=ROLE,
                                   Handler="app.handler", Code={"ZipFile": code(turn)})
            layer = client.publish_layer_version(
                LayerName="passing", Content={"ZipFile": zip_of({"python/l.py": str(turn)})})
            client.invoke(FunctionName="passing", Payload=b"{}")
            client.list_functions()
            client.get_account_settings()
            client.delete_function(FunctionName="passing")
            client.delete_layer_version(LayerName="passing", VersionNumber=layer["Version"])

    def test_calls_are_answered_by_the_code_before_or_after_each_change(self):
        client = self.client()
        for number in range(FUNCTIONS):
            client.create_function(FunctionName=f"f{number}", Runtime="python3.11", Role=ROLE,
                                   Handler="app.handler", Code={"ZipFile": code(0)})
        callers = [self.worker(lambda at=number: self.caller(at)) for number in range(CALLERS)]
        changes = [self.worker(lambda with_client=self.client(), work=work: work(with_client))
                   for work in (self.change_code, self.change_settings, self.change_others)]
        for thread in changes:
            thread.join()
        self.stop.set()
        for thread in callers:
            thread.join()
        self.assertEqual(self.problems, [])
        self.assertGreater(self.calls, 0)
        for number in range(FUNCTIONS):
            answer = client.invoke(FunctionName=f"f{number}", Payload=b"{}")
            self.assertEqual(json.load(answer["Payload"]), ROUNDS)
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
