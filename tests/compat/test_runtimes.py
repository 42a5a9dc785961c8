"""Which interpreter runs which runtime, on real interpreters of this host (BASE-15)."""
import glob
import json
import os
import platform
import subprocess
import tempfile
import unittest
import urllib.request

from daemon import BINARY_DIR, DaemonTestCase, free_port, zip_of

WHO = """
import os, subprocess, sys
def handler(event, context):
    child = subprocess.run(["python3", "-c", "import ssl, sys; print(sys.version_info[1])"],
                           capture_output=True, text=True)
    return {"version": list(sys.version_info[:2]), "child": child.stdout.strip(),
            "executable": sys.executable}
"""


def minor_of_usr():
    names = glob.glob("/usr/bin/python3.[0-9]*")
    return sorted(int(name.split(".")[1]) for name in names if name.split(".")[1].isdigit())[-1]


def pyenv_minors():
    """Python 3 minors of pyenv in root's home that Proa can run: minor to version."""
    found = {}
    for path in glob.glob("/root/.pyenv/versions/3.*/bin/python3.[0-9]*"):
        minor = path.rsplit(".", 1)[1]
        if minor.isdigit() and int(minor) >= 7:
            found[int(minor)] = path.split("/")[4]
    return found


class Interpreters(DaemonTestCase):
    def invoke(self, client, name):
        answer = client.invoke(FunctionName=name, Payload=b"{}")
        self.assertNotIn("FunctionError", answer, answer["Payload"])
        return (json.load(answer["Payload"]),
                answer["ResponseMetadata"]["HTTPHeaders"]["x-proa-runtime"])

    def status(self):
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status") as answer:
            return json.load(answer)

    def test_every_listed_interpreter_runs_and_is_what_it_says(self):
        listed = self.status()["interpreters"]
        self.assertIn(f"python3.{minor_of_usr()}", [one["runtime"] for one in listed])
        for one in listed:
            name = one["runtime"].replace(".", "-")
            if one["runtime"].startswith("python"):
                client = self.deploy(name, WHO, runtime=one["runtime"])
                answer, said = self.invoke(client, name)
                self.assertEqual(said, "python" + one["version"])
                minor = one["version"].split(".")[1]
                self.assertEqual([answer["version"][1], answer["child"]], [int(minor), minor], one)
            else:
                client = self.deploy(name, "exports.handler = async () => process.version;",
                                     runtime=one["runtime"], handler="index.handler",
                                     file="index.js")
                answer, said = self.invoke(client, name)
                self.assertEqual((answer, said), ("v" + one["version"], "node" + one["version"]))

    def test_a_python_in_a_home_that_only_root_may_enter_runs_from_var_lang(self):
        others = set(pyenv_minors()) - {minor_of_usr()}
        if os.stat("/root").st_mode & 0o005 or not others:
            self.skipTest("no pyenv Python in a closed /root on this machine")
        minor = max(others)
        client = self.deploy("home", WHO, runtime=f"python3.{minor}")
        answer, _ = self.invoke(client, "home")
        folder = f"/var/lang/python3.{minor}/bin/"
        self.assertEqual(answer["executable"], f"{folder}python3.{minor}")

    def test_packages_of_the_hosts_python_are_not_seen(self):
        code = """
import os, sys
def handler(event, context):
    return [path for path in sys.path if path.endswith("-packages") and os.path.isdir(path)
            and os.listdir(path)]
"""
        for one in self.status()["interpreters"]:
            if one["runtime"].startswith("python"):
                name = "clean-" + one["runtime"].replace(".", "-")
                client = self.deploy(name, code, runtime=one["runtime"])
                self.assertEqual(self.invoke(client, name)[0], [], one)

    def test_a_runtime_that_is_not_installed_runs_on_the_nearest(self):
        installed = {one["runtime"]: one["version"] for one in self.status()["interpreters"]}
        client = self.deploy("newest", WHO, runtime="python3.14")
        newest = max(int(name[8:]) for name in installed if name.startswith("python3."))
        if newest < 14:
            self.assertEqual(self.invoke(client, "newest")[1],
                             "python" + installed[f"python3.{newest}"])

    def test_modules_are_checked_against_the_python_that_will_run(self):
        """python3.6 is nobody's real interpreter here: the nearest decides."""
        installed = [int(one["runtime"][8:]) for one in self.status()["interpreters"]
                     if one["runtime"].startswith("python3.")]
        oldest = min(installed)
        machine = platform.machine()
        with open("/usr/bin/true", "rb") as file:
            elf = file.read()
        module = f"fast.cpython-%d-{machine}-linux-gnu.so"
        client = self.client()
        for tag, is_refused in (("36m", True), (f"3{oldest}", False)):
            package = zip_of({"app.py": WHO})
            name = module.replace("%d", tag)
            package = add_to_zip(package, name, elf)
            make = lambda: client.create_function(
                FunctionName="native-" + tag, Runtime="python3.6", Handler="app.handler",
                Role="arn:aws:iam::000000000000:role/any", Code={"ZipFile": package})
            if is_refused:
                with self.assertRaisesRegex(client.exceptions.InvalidParameterValueException,
                                            f"(?s){name}.*runs here on CPython 3.{oldest}"):
                    make()
            else:
                make()


def add_to_zip(package, name, content):
    import io
    import zipfile
    out = io.BytesIO(package)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()


class Exact(DaemonTestCase):
    arguments = ("--runtime-exact",)

    def test_other_versions_are_refused_by_name_at_every_door(self):
        missing = next(f"python3.{minor}" for minor in (6, 14)
                       if minor not in pyenv_minors() and minor != minor_of_usr())
        client = self.deploy("exact", WHO, runtime=f"python3.{minor_of_usr()}")
        refused = self.assertRaisesRegex(
            client.exceptions.InvalidParameterValueException,
            f"Runtime {missing} is not installed.*--runtime-exact.*python3.{minor_of_usr()}")
        with refused:
            self.deploy("other", WHO, runtime=missing)
        with refused:
            client.update_function_configuration(FunctionName="exact", Runtime=missing)
        client.update_function_code(FunctionName="exact", ZipFile=zip_of({"app.py": WHO}))
        answer = client.invoke(FunctionName="exact", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"])["version"][1], minor_of_usr())


class Given(unittest.TestCase):
    def start(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
            return subprocess.run(
                [os.path.join(BINARY_DIR, "proa"), "serve", "--listen",
                 f"127.0.0.1:{free_port()}", "--data", folder + "/data", *arguments],
                env=environment, capture_output=True, text=True, timeout=60)

    def test_one_that_is_another_version_ends_the_start_with_the_reason(self):
        if os.geteuid() != 0:
            self.skipTest("proa serve needs root to make environments")
        path = f"/usr/bin/python3.{minor_of_usr()}"
        ended = self.start("--runtime", f"python3.7={path}")
        self.assertNotEqual(ended.returncode, 0)
        self.assertRegex(ended.stderr, rf"--runtime python3.7={path}: it is Python 3")

    def test_nonsense_ends_the_start_with_what_was_expected(self):
        if os.geteuid() != 0:
            self.skipTest("proa serve needs root to make environments")
        ended = self.start("--runtime", "ruby3.2=/usr/bin/ruby")
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("--runtime ruby3.2=/usr/bin/ruby: expected RUNTIME=PATH", ended.stderr)


class GivenPrefix(DaemonTestCase):
    """A copy of the distribution's Python in a folder of its own, named by --runtime."""

    @classmethod
    def setUpClass(cls):
        version = f"python3.{minor_of_usr()}"
        cls.python = tempfile.mkdtemp(prefix="proa-python-")
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-rf", cls.python], check=True))
        os.chmod(cls.python, 0o700)
        os.makedirs(cls.python + "/bin")
        os.makedirs(cls.python + "/lib")
        subprocess.run(["cp", "/usr/bin/" + version, cls.python + "/bin/"], check=True)
        subprocess.run(["cp", "-r", "/usr/lib/" + version, cls.python + "/lib/"], check=True)
        cls.runtime = version
        cls.arguments = ("--runtime", f"{version}={cls.python}")
        super().setUpClass()

    def test_it_runs_before_the_distributions_own(self):
        client = self.deploy("given", WHO, runtime=self.runtime)
        answer = client.invoke(FunctionName="given", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"])["executable"],
                         f"/var/lang/{self.runtime}/bin/{self.runtime}")


if __name__ == "__main__":
    unittest.main()
