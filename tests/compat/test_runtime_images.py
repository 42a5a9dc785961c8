"""Functions that run in runtime images (tag proa:runtime): roots that were added as a folder or a
tar file, or built of Debian packages, in containers and, where this host has them, in machines."""
import io
import json
import os
import shutil
import tarfile
import tempfile
import unittest

from daemon import ROLE, DaemonTestCase, zip_of
from guests import MACHINE, give_stock

# Small and pure, and hidden in the host's containers: dist-packages is not shown there.
PACKAGES = "python3,python3-colorama"

SOURCE = """
import os, sys
def handler(event, context):
    said = {"event": event, "version": list(sys.version_info[:2]), "root": sorted(os.listdir("/"))}
    try:
        import colorama
        said["module"] = colorama.__file__
    except ImportError as error:
        said["module"] = str(error)
    for name in ("etc/mark", "opt/layered"):
        try:
            with open("/" + name) as file:
                said[name] = file.read()
        except OSError as error:
            said[name] = error.strerror
    said["host"] = os.path.exists("/usr/bin/gcc")
    import boto3
    said["boto3"] = boto3.__file__
    return said
"""


def why_not_built():
    """A reason why this host cannot build, or an empty text."""
    for program in ("mmdebstrap", "apt-get"):
        if not shutil.which(program):
            return f"{program} is not on this host"
    return ""


class RuntimeCase(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="proa-compat-runtime-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def tar_of(self, nodes, name="root.tar"):
        """A tar file of (path, bytes or a str: a link)."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz" if name.endswith("gz") else "w") as archive:
            for path, data in nodes:
                node = tarfile.TarInfo(path)
                if isinstance(data, str):
                    node.type, node.linkname = tarfile.SYMTYPE, data
                else:
                    node.size, node.mode = len(data), 0o755
                archive.addfile(node, io.BytesIO(data if isinstance(data, bytes) else b""))
        return self.write(name, out.getvalue())

    def runtime(self, *words):
        code, out, failure = self.proa("runtime", *words)
        self.assertEqual(code, 0, failure)
        return out

    def create(self, name, image, runtime="python3.11", **more):
        client = self.client()
        tags = {"proa:runtime": image, **more.pop("Tags", {})}
        more.setdefault("Timeout", 60)
        client.create_function(FunctionName=name, Runtime=runtime, Handler="app.handler", Role=ROLE,
                               Code={"ZipFile": zip_of({"app.py": SOURCE})}, Tags=tags, **more)
        return client

    def call(self, client, name, event=None):
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}))
        said = json.loads(answer["Payload"].read())
        self.assertNotIn("FunctionError", answer, said)
        return said

    def check_inside(self, said):
        self.assertEqual(said["version"], [3, 11])
        self.assertEqual(said["module"], "/usr/lib/python3/dist-packages/colorama/__init__.py")
        self.assertFalse(said["host"])
        self.assertTrue(said["boto3"].startswith("/var/runtime/python_modules/"), said["boto3"])


class RuntimeRecords(RuntimeCase):
    """What needs no interpreter: a shell script stands for one."""

    def add(self, name, nodes=None, file="root.tar"):
        path = self.tar_of(nodes or [("usr/bin/python3.11", b"#!/bin/sh\n")], file)
        return json.loads(self.runtime("add", name, path, "--json"))

    def test_roots_are_added_listed_shown_and_removed(self):
        added = self.add("listed", file="root.tar.gz")
        self.assertEqual(added["interpreters"], [
            {"runtime": "python3.11", "version": "3.11", "program": "/usr/bin/python3.11"}])
        self.assertIn("listed", self.runtime("list"))
        self.assertIn("python3.11", self.runtime("show", "listed"))
        code, _, failure = self.proa("runtime", "add", "listed", os.path.join(self.folder,
                                                                             "root.tar.gz"))
        self.assertEqual(code, 6, failure)
        self.assertIn("already", failure)
        self.runtime("remove", "listed")
        self.assertEqual(self.proa("runtime", "show", "listed")[0], 4)

    def test_a_folder_comes_with_its_links_and_always_the_same(self):
        folder = os.path.join(self.folder, "root")
        os.makedirs(os.path.join(folder, "usr", "bin"))
        os.makedirs(os.path.join(folder, "proc", "1"))
        with open(os.path.join(folder, "usr", "bin", "node"), "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n")
        os.chmod(file.name, 0o755)
        include = os.path.join(folder, "usr", "include", "node")
        os.makedirs(include)
        with open(os.path.join(include, "node_version.h"), "w", encoding="ascii") as file:
            for name, number in (("MAJOR", 22), ("MINOR", 3), ("PATCH", 1)):
                file.write(f"#define NODE_{name}_VERSION {number}\n")
        os.symlink("usr/bin", os.path.join(folder, "bin"))
        added = json.loads(self.runtime("add", "folder", folder, "--json"))
        self.assertEqual(added["interpreters"], [
            {"runtime": "nodejs22.x", "version": "22.3.1", "program": "/usr/bin/node"}])
        again = json.loads(self.runtime("add", "folder-again", folder, "--json"))
        self.assertEqual(again["sha256"], added["sha256"])

    def test_one_that_is_used_is_not_removed(self):
        self.add("used")
        client = self.create("user", "used")
        code, _, failure = self.proa("runtime", "remove", "used")
        self.assertEqual(code, 6, failure)
        self.assertIn("us-east-1/user", failure)
        self.assertIn("us-east-1/user", self.runtime("list"))
        client.delete_function(FunctionName="user")
        self.runtime("remove", "used")

    def test_an_interpreter_that_it_lacks_is_refused(self):
        self.add("lacking")
        client = self.client()
        for image, words in (("lacking", "has no nodejs20.x. It has python3.11"),
                             ("none", "There is no runtime image 'none'")):
            with self.assertRaises(client.exceptions.InvalidParameterValueException) as raised:
                self.create("refused", image, runtime="nodejs20.x")
            self.assertIn(words, raised.exception.response["Error"]["Message"])

    def test_hostile_and_damaged_archives_are_refused_and_leave_nothing(self):
        outside = os.path.join(self.folder, "outside")
        good = [("usr/bin/python3.11", b"#!/bin/sh\n")]
        for nodes, words in (
                ([*good, ("../../outside", b"x")], "leads outside"),
                ([("file", b"x")], "no root folder")):
            code, _, failure = self.proa("runtime", "add", "bad", self.tar_of(nodes))
            self.assertNotEqual(code, 0)
            self.assertIn(words, failure)
        with open(self.tar_of(good, "good.tar.gz"), "rb") as file:
            data = file.read()
        code, _, failure = self.proa("runtime", "add", "bad",
                                     self.write("half.tar.gz", data[:len(data) // 2]))
        self.assertNotEqual(code, 0)
        self.assertIn("damaged", failure)
        # A link leads inside, wherever it says it leads.
        self.add("linked", [*good, ("etc", self.folder), ("etc/outside", b"x")])
        self.assertFalse(os.path.exists(outside))
        self.assertNotEqual(self.proa("runtime", "show", "bad")[0], 0)


class BuiltRuntimes(RuntimeCase):
    @classmethod
    def setUpClass(cls):
        if reason := why_not_built():
            raise unittest.SkipTest(reason)
        super().setUpClass()

    def build(self, name, packages=PACKAGES):
        code, out, failure = self.proa("runtime", "build", name, "--packages", packages, "--json",
                                       limit=300)
        if code != 0 and "mmdebstrap ended with status" in failure:
            self.skipTest("apt brings nothing here: " + failure)
        self.assertEqual(code, 0, failure)
        return json.loads(out)

    def test_a_built_root_runs_functions_and_is_the_same_again(self):
        built = self.build("built")
        self.assertEqual([each["runtime"] for each in built["interpreters"]], ["python3.11"])
        self.assertIn("python3-colorama", [each["name"] for each in built["packages"]])
        client = self.create("built", "built")
        said = self.call(client, "built", {"n": 1})
        self.assertEqual(said["event"], {"n": 1})
        self.check_inside(said)
        self.assertEqual(self.build("again")["sha256"], built["sha256"])

    def test_in_a_machine(self):
        give_stock(self.daemon)
        self.build("machine")
        client = self.create("machine", "machine", Tags=MACHINE, Timeout=120)
        self.check_inside(self.call(client, "machine", {"n": 1}))

    def test_packages_that_are_not_there_are_told(self):
        for name, words in (("-x", "no name of a Debian package"),):
            code, _, failure = self.proa("runtime", "build", "none", "--packages=" + name)
            self.assertNotEqual(code, 0)
            self.assertIn(words, failure)
        self.assertNotEqual(self.proa("runtime", "show", "none")[0], 0)


if __name__ == "__main__":
    unittest.main()
