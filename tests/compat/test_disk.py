"""The disk of the data folder: what it holds is told, and the reserve is kept."""
import json
import unittest
import urllib.request

from botocore.exceptions import ClientError

from daemon import ROLE, DaemonTestCase, zip_of

ECHO = "def handler(e, c): return e"


class Disk(DaemonTestCase):
    def get(self, path):
        with urllib.request.urlopen(self.daemon.endpoint + path, timeout=30) as answer:
            return answer.read().decode()

    def refusal(self, call, **arguments):
        with self.assertRaises(ClientError) as raised:
            call(**arguments)
        response = raised.exception.response
        return response["ResponseMetadata"]["HTTPStatusCode"], str(raised.exception)

    def test_below_the_reserve_calls_go_on_and_nothing_more_is_taken_in(self):
        client = self.deploy("kept", ECHO)
        client.invoke(FunctionName="kept", InvocationType="Event", Payload=b"1")
        disk = json.loads(self.get("/proa/v1/status"))["disk"]
        self.assertGreater(disk["bytes"]["blobs"], 0)
        self.assertGreater(disk["total_bytes"], disk["free_bytes"])
        self.assertNotIn("problem", disk)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.arguments += ["--disk-reserve", "1000000000"]
        self.daemon.start()
        client = self.client()
        self.assertEqual(json.load(client.invoke(FunctionName="kept", Payload=b"7")["Payload"]), 7)
        client.update_function_configuration(FunctionName="kept", MemorySize=256)
        code = zip_of({"app.py": ECHO + "\n"})
        for call, arguments in (
                (client.create_function, {"FunctionName": "new", "Runtime": "python3.11",
                                          "Handler": "app.handler", "Role": ROLE,
                                          "Code": {"ZipFile": code}}),
                (client.update_function_code, {"FunctionName": "kept", "ZipFile": code}),
                (client.publish_layer_version, {"LayerName": "l", "Content": {"ZipFile": code}}),
                (client.invoke, {"FunctionName": "kept", "InvocationType": "Event",
                                 "Payload": b"1"})):
            status, text = self.refusal(call, **arguments)
            self.assertEqual(status, 503, text)
            self.assertIn("less than the 1000000000 MiB that --disk-reserve keeps", text)
        self.assertIn("--disk-reserve", json.loads(self.get("/proa/v1/status"))["disk"]["problem"])
        metrics = self.get("/metrics")
        self.assertRegex(metrics, r'proa_disk_bytes\{kind="blobs"\} \d')
        self.assertRegex(metrics, r"proa_disk_free_bytes \d")


if __name__ == "__main__":
    unittest.main()
