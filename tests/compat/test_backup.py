"""`proa backup` of a daemon that serves and is changed meanwhile, and `proa restore` of it."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from daemon import Daemon, DaemonTestCase, zip_of

ECHO = "def handler(e, c): print('seen', e); return [e, c.function_version]"


class Backup(DaemonTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="proa-backup-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def back_up(self, name="backup.tar.zst", key=None):
        file = os.path.join(self.folder, name)
        status, out, error = self.proa("backup", file, "--json", key=key)
        self.assertEqual(status, 0, error)
        return file, json.loads(out)

    def restored(self, file):
        """A second daemon on what was in the file."""
        daemon = Daemon()
        self.addCleanup(daemon.close)
        daemon.stop()
        data = os.path.join(daemon.folder, "data")
        shutil.rmtree(data)
        status, out, error = self.proa("restore", file, "--data", data)
        self.assertEqual(status, 0, error)
        daemon.start()
        return daemon, out

    def call(self, daemon, name, payload=b"1"):
        import boto3
        client = boto3.client("lambda", endpoint_url=daemon.endpoint, region_name="us-east-1",
                              aws_access_key_id="any", aws_secret_access_key="any")
        self.addCleanup(client.close)
        return json.load(client.invoke(FunctionName=name, Payload=payload)["Payload"])

    def test_a_restored_daemon_has_functions_versions_urls_logs_and_events(self):
        client = self.deploy("kept", ECHO)
        client.publish_version(FunctionName="kept")
        client.create_alias(FunctionName="kept", Name="live", FunctionVersion="1")
        client.create_function_url_config(FunctionName="kept", AuthType="AWS_IAM")
        self.assertEqual(self.call(self.daemon, "kept", b'"first"'), ["first", "$LATEST"])
        self.deploy("fails", "def handler(e, c): raise ValueError('why')")
        client.put_function_event_invoke_config(FunctionName="fails", MaximumRetryAttempts=0)
        client.invoke(FunctionName="fails", InvocationType="Event", Payload=b'"lost"')
        deadline = time.monotonic() + 30
        while "fails" not in self.proa("dead-letters", "list")[1]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        deadline = time.monotonic() + 30  # the line is in the segment some ms after the call
        while "seen first" not in self.proa("logs", "kept")[1]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        file, told = self.back_up()
        self.assertGreater(told["files"], 4)
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        client.delete_function(FunctionName="kept")
        daemon, out = self.restored(file)
        self.assertIn("is as it was at", out)
        kept = self.daemon
        try:
            type(self).daemon = daemon
            urls = self.client().list_function_url_configs(FunctionName="kept")
            self.assertEqual(len(urls["FunctionUrlConfigs"]), 1)
            self.assertIn("seen first", self.proa("logs", "kept")[1])
            self.assertEqual(self.call(daemon, "kept:live"), [1, "1"])
            self.assertIn("fails", self.proa("dead-letters", "list")[1])
        finally:
            type(self).daemon = kept

    def test_changes_meanwhile_leave_a_whole_backup(self):
        client = self.deploy("busy", ECHO)
        self.deploy("gone", ECHO)
        ends = threading.Event()
        failures = []

        def change():
            at = 0
            while not ends.is_set():
                at += 1
                try:
                    client.update_function_code(
                        FunctionName="busy",
                        ZipFile=zip_of({"app.py": ECHO + f"\n# {at}", "more.bin": "x" * 100_000}))
                    client.invoke(FunctionName="busy", Payload=b"2")
                except Exception as failure:
                    failures.append(failure)
                    return

        changer = threading.Thread(target=change)
        changer.start()
        try:
            files = [self.back_up(f"{at}.tar")[0] for at in range(8)]
        finally:
            ends.set()
            changer.join(60)
        self.assertEqual(failures, [])
        for file in (files[0], files[-1]):
            self.assertEqual(self.call(self.restored(file)[0], "busy"), [1, "$LATEST"])
        self.assertEqual(os.listdir(os.path.join(self.daemon.folder, "data", "backups")), [])

    def test_the_archive_is_a_tar_that_other_tools_verify(self):
        self.deploy("plain", ECHO)
        file, _ = self.back_up("plain.tar.gz")
        apart = os.path.join(self.folder, "apart")
        os.mkdir(apart)
        subprocess.run(["tar", "xzf", file, "-C", apart], check=True, timeout=60)
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=apart, check=True,
                       timeout=60)

    def test_what_cannot_be_is_refused_by_name(self):
        file, _ = self.back_up("mine.tar")
        status, _, error = self.proa("backup", file)
        self.assertEqual(status, 6)
        self.assertIn(file + " exists", error)
        data = os.path.join(self.daemon.folder, "data")
        status, _, error = self.proa("restore", file, "--data", data)
        self.assertEqual(status, 6)
        self.assertIn("is not an empty folder", error)
        with open(file, "r+b") as half:
            half.truncate(os.path.getsize(file) // 2)
        status, _, error = self.proa("restore", file, "--data", os.path.join(self.folder, "new"))
        self.assertEqual(status, 1)
        self.assertRegex(error, "damaged|cut off")
        self.assertEqual(os.listdir(self.folder), ["mine.tar"])


class BackupWithKeys(DaemonTestCase):
    def test_only_an_admin_takes_one(self):
        _, out, _ = self.proa("key", "create")
        admin = tuple(re.findall(r"export AWS_\w+=(\S+)", out))
        _, out, _ = self.proa("key", "create", "--right", "deploy", key=admin)
        deployer = tuple(re.findall(r"export AWS_\w+=(\S+)", out))
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "b.tar")
            status, _, error = self.proa("backup", file, key=deployer)
            self.assertEqual(status, 5, error)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(self.proa("backup", file, key=admin)[0], 0)


if __name__ == "__main__":
    unittest.main()
