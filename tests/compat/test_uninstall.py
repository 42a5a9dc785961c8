"""`proa uninstall`: what a daemon leaves that was killed goes, data only when that is asked for."""
import contextlib
import os
import shutil
import signal
import unittest

from daemon import Daemon, children_of
from test_network import Uplink, until_answered

SLEEPS = "import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'done'"


class Uninstall(Uplink):
    def all_killed(self):
        """A daemon with a warm environment, and its launcher, ended so that nobody cleans up."""
        client = self.deploy("left", SLEEPS)
        until_answered(lambda: client.invoke(FunctionName="left", Payload=b"0"))
        # Each stands still before its children are listed: it makes no more, and a launcher that
        # sees its daemon go would clean up.
        pids = [self.daemon.process.pid]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(pid, signal.SIGSTOP)
                pids += children_of(pid)
        for pid in reversed(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.daemon.process.wait()

    def disks(self):
        """Images of /tmp disks; the devices behind them go with their last user."""
        return [name for _, _, names in os.walk(os.path.join(self.data, "disks"))
                for name in names if not name.startswith("template")]

    def uninstall(self, *words):
        return self.proa("uninstall", "--data", self.data, *words)

    def test_nothing_is_left_of_a_daemon_that_was_killed(self):
        self.data = os.path.join(self.daemon.folder, "data")
        status, _, error = self.uninstall()
        self.assertEqual(status, 6, "it runs")
        self.assertIn("stop it first", error)
        self.all_killed()
        self.assertTrue(self.disks(), "there is something to remove")
        # It takes the number of the dead one on this host, which is told by nothing but the folder.
        other = Daemon()
        self.addCleanup(other.close)
        status, out, error = self.uninstall()
        self.assertEqual(status, 0, error)
        self.assertIn(self.data + " stays", out)
        self.assertEqual(self.disks(), [])
        self.daemon.start()  # and what stays is whole
        client = self.client()
        until_answered(lambda: client.invoke(FunctionName="left", Payload=b"0"))
        self.assertEqual(self.daemon.stop(), 0)
        status, _, error = self.uninstall("--purge")
        self.assertEqual(status, 2)
        self.assertIn("--yes", error)
        self.assertTrue(os.path.exists(self.data))
        status, out, error = self.uninstall("--purge", "--yes")
        self.assertEqual(status, 0, error)
        self.assertFalse(os.path.exists(self.data))
        status, _, error = self.uninstall("--purge", "--yes")
        self.assertEqual(status, 0, "again is no error: " + error)

    def test_no_other_folder_is_removed(self):
        self.data = os.path.join(self.daemon.folder, "mine")
        os.makedirs(os.path.join(self.data, "catalog"))
        self.addCleanup(shutil.rmtree, self.data, True)
        status, _, error = self.uninstall("--purge", "--yes")
        self.assertEqual(status, 2)
        self.assertIn("is no data folder of Proa's", error)
        self.assertTrue(os.path.exists(self.data))


if __name__ == "__main__":
    unittest.main()
