"""Functions of container images (PackageType=Image): loaded from an OCI layout or from what docker
save writes, called in containers and, where this host has them, in virtual machines."""
import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from daemon import ISOLATION, ROLE, DaemonTestCase
from guests import MACHINE, give_stock, why_not

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "image_function.c")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def tar_of(nodes):
    """A tar file of (path, bytes or None: a folder, mode)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, data, mode in nodes:
            node = tarfile.TarInfo(path)
            node.mode = mode
            node.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            node.size = len(data or b"")
            archive.addfile(node, io.BytesIO(data or b""))
    return out.getvalue()


class Image:
    """An image of tar layers, in both forms."""

    def __init__(self, layers, config, architecture="amd64"):
        self.layers = layers
        self.config = json.dumps({
            "architecture": architecture, "os": "linux", "config": config,
            "rootfs": {"type": "layers",
                       "diff_ids": ["sha256:" + sha256(layer) for layer in layers]}}).encode()

    def write_layout(self, folder, name):
        """An OCI layout with gzipped layers; gives the digest of the manifest."""
        blobs = os.path.join(folder, "blobs", "sha256")
        os.makedirs(blobs)

        def add(data, kind):
            with open(os.path.join(blobs, sha256(data)), "wb") as file:
                file.write(data)
            return {"mediaType": f"application/vnd.oci.image.{kind}",
                    "digest": "sha256:" + sha256(data), "size": len(data)}
        manifest = json.dumps({
            "schemaVersion": 2, "config": add(self.config, "config.v1+json"),
            "layers": [add(gzip.compress(layer), "layer.v1.tar+gzip")
                       for layer in self.layers]}).encode()
        entry = dict(add(manifest, "manifest.v1+json"),
                     annotations={"org.opencontainers.image.ref.name": name})
        for path, document in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                               ("index.json", {"schemaVersion": 2, "manifests": [entry]})):
            with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
                json.dump(document, file)
        return sha256(manifest)

    def saved(self, name):
        """The bytes that docker save wrote before it wrote layouts."""
        names = [f"{index}/layer.tar" for index in range(len(self.layers))]
        config = sha256(self.config) + ".json"
        manifest = json.dumps([{"Config": config, "RepoTags": [name], "Layers": names}]).encode()
        return tar_of([(config, self.config, 0o644),
                       *((path, layer, 0o644) for path, layer in zip(names, self.layers)),
                       ("manifest.json", manifest, 0o644)])


class ImageCase(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        compiler = shutil.which("musl-gcc") or shutil.which("cc")
        if not compiler:
            raise unittest.SkipTest("no compiler for the function in the image")
        cls.folder = tempfile.mkdtemp(prefix="proa-compat-image-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        program = os.path.join(cls.folder, "function")
        subprocess.run([compiler, "-static", "-O1", "-o", program, SOURCE], check=True)
        with open(program, "rb") as file:
            cls.program = file.read()

    def image(self, text=b"first", **config):
        config = {"Entrypoint": ["function", "--flag"], "Cmd": ["word"],
                  "Env": ["PATH=/app/bin:/bin", "MINE=of the image"], "WorkingDir": "/app",
                  **config}
        return Image([
            tar_of([("etc/", None, 0o755), ("etc/hidden", b"secret", 0o600),
                    ("etc/layered", b"below", 0o644),
                    ("app/bin/function", self.program, 0o700)]),
            tar_of([("etc/.wh.hidden", b"", 0o644), ("etc/layered", text, 0o600)]),
        ], config)

    def load(self, image, name):
        path = os.path.join(self.folder, "image.tar")
        with open(path, "wb") as file:
            file.write(image.saved(name))
        code, out, failure = self.proa("image", "load", path, "--json")
        self.assertEqual(code, 0, failure)
        return json.loads(out)

    def create(self, name, uri, **more):
        client = self.client()
        more.setdefault("Timeout", 30)
        client.create_function(FunctionName=name, PackageType="Image", Role=ROLE,
                               Code={"ImageUri": uri}, **more)
        return client

    def call(self, client, name, event=None):
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), LogType="Tail")
        said = json.loads(answer["Payload"].read())
        self.assertNotIn("FunctionError", answer, said)
        return said, base64.b64decode(answer["LogResult"]).decode()

    def check_inside(self, said):
        self.assertEqual(said["cwd"], "/app")
        self.assertEqual(said["uid"], "993")
        self.assertEqual((said["layered"], said["hidden"]), ("first", None))
        self.assertEqual((said["mine"], said["path"]), ("of the image", "/app/bin:/bin"))
        self.assertEqual((said["handler"], said["task_root"]), (None, None))
        self.assertEqual(sorted(said["root"]), ["app", "dev", "etc", "proc", "sys", "tmp"])
        self.assertEqual(said["proc"].strip(), "function")
        self.assertEqual(said["etc_written"], "Read-only file system")
        self.assertEqual((said["tmp_written"], said["null_written"]), ("written", "written"))
        self.assertIn("nameserver", said["resolver"])


class Images(ImageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if ISOLATION == "microvm" and (reason := why_not()):
            raise unittest.SkipTest(reason)

    def test_a_function_runs_in_its_image(self):
        loaded = self.load(self.image(), "app:1")
        self.assertEqual(loaded["names"], ["app:1"])
        client = self.create("f", "app:1", Environment={"Variables": {"MORE": "1"}})
        said, log = self.call(client, "f", {"n": 1})
        self.assertEqual(said["event"], {"n": 1})
        self.assertEqual(said["arguments"], ["/app/bin/function", "--flag", "word"])
        self.assertEqual(said["name"], "f")
        self.check_inside(said)
        self.assertIn("called in an image", log)
        again, _ = self.call(client, "f", {"n": 2})
        self.assertEqual(again["event"], {"n": 2})

    def test_an_oci_layout_is_loaded_as_a_folder_and_as_a_file(self):
        folder = os.path.join(self.folder, "layout")
        digest = self.image(b"layout").write_layout(folder, "layout:1")
        code, out, failure = self.proa("image", "load", folder)
        self.assertEqual(code, 0, failure)
        self.assertIn("layout:1", out)
        path = os.path.join(self.folder, "layout.tar.gz")
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, ".")
        code, out, failure = self.proa("image", "load", path, "--name", "other/name:2", "--json")
        self.assertEqual(code, 0, failure)
        self.assertEqual(json.loads(out)["digest"], "sha256:" + digest)
        self.assertEqual(sorted(json.loads(out)["names"]), ["layout:1", "other/name:2"])
        client = self.create("layout", "other/name@sha256:" + digest)
        self.assertEqual(self.call(client, "layout")[0]["layered"], "layout")

    def test_the_api_tells_of_an_image_what_lambda_tells(self):
        loaded = self.load(self.image(), "told:1")
        digest = loaded["digest"]
        client = self.create("told", "told:1", ImageConfig={"Command": ["other"]})
        told = client.get_function(FunctionName="told")
        self.assertEqual(told["Code"], {"RepositoryType": "ECR", "ImageUri": "told:1",
                                        "ResolvedImageUri": "told@" + digest})
        configuration = told["Configuration"]
        self.assertEqual(configuration["PackageType"], "Image")
        self.assertEqual(configuration["CodeSha256"], digest.split(":")[1])
        self.assertEqual(configuration["CodeSize"], 0)
        self.assertEqual(configuration["ImageConfigResponse"],
                         {"ImageConfig": {"Command": ["other"]}})
        for absent in ("Runtime", "Handler", "RuntimeVersionConfig", "Layers"):
            self.assertNotIn(absent, configuration)
        self.assertEqual(self.call(client, "told")[0]["arguments"][1:], ["--flag", "other"])
        client.update_function_configuration(
            FunctionName="told", ImageConfig={"EntryPoint": ["/app/bin/function"],
                                              "WorkingDirectory": "/etc"})
        said, _ = self.call(client, "told")
        self.assertEqual((said["arguments"], said["cwd"]), (["/app/bin/function", "word"], "/etc"))
        client.update_function_configuration(FunctionName="told", ImageConfig={})
        self.assertNotIn("ImageConfigResponse",
                         client.get_function_configuration(FunctionName="told"))

    def test_new_code_is_another_image_and_versions_keep_theirs(self):
        self.load(self.image(b"one"), "moving")
        client = self.create("moving", "moving", Publish=True)
        self.load(self.image(b"two"), "moving")
        self.assertEqual(self.call(client, "moving")[0]["layered"], "one")
        client.update_function_code(FunctionName="moving", ImageUri="moving:latest")
        self.assertEqual(self.call(client, "moving")[0]["layered"], "two")
        self.assertEqual(self.call(client, "moving:1")[0]["layered"], "one")

    def refusal(self, **request):
        client = self.client()
        with self.assertRaises(client.exceptions.InvalidParameterValueException) as raised:
            client.create_function(FunctionName="refused", Role=ROLE, **request)
        return raised.exception.response["Error"]["Message"]

    def test_what_does_not_go_with_an_image_is_refused(self):
        self.load(self.image(), "refused:1")
        image = dict(PackageType="Image", Code={"ImageUri": "refused:1"})
        self.assertEqual(
            self.refusal(PackageType="Image", Code={"ImageUri": "none:1"}),
            "Source image none:1 does not exist. Provide a valid source image.")
        intended = ("Please don't provide Handler or Runtime or Layer when the intended function "
                    "PackageType is Image.")
        for more in ({"Runtime": "python3.11"}, {"Handler": "a.b"}):
            self.assertEqual(self.refusal(**image, **more), intended)
        self.assertIn("ImageUri", self.refusal(PackageType="Image", Code={"ZipFile": b"x"}))
        self.refusal(Runtime="python3.11", Handler="a.b", Code={"ImageUri": "refused:1"})

    def test_a_program_that_is_not_there_is_the_calls_failure(self):
        self.load(self.image(Entrypoint=["missing"]), "missing:1")
        client = self.create("missing", "missing:1")
        answer = client.invoke(FunctionName="missing")
        self.assertEqual(answer["FunctionError"], "Unhandled")
        self.assertEqual(json.load(answer["Payload"])["errorType"], "Runtime.InvalidEntrypoint")

    def test_damaged_and_hostile_archives_are_refused_and_leave_nothing(self):
        image = self.image()
        path = os.path.join(self.folder, "bad.tar")
        saved = image.saved("bad:1")
        hostile = self.image()
        hostile.layers[1] = tar_of([("../../outside", b"x", 0o644)])
        hostile = Image(hostile.layers, {"Cmd": ["x"]})
        for data, words in ((saved[:len(saved) // 2], "damaged"),
                            (saved.replace(b"below", b"BELOW"), "damaged"),
                            (Image(image.layers, {}, "arm64").saved("bad:1"), "is for arm64"),
                            (hostile.saved("bad:1"), "leads outside"), (b"text", "damaged")):
            with open(path, "wb") as file:
                file.write(data)
            code, _, failure = self.proa("image", "load", path)
            self.assertNotEqual(code, 0, words)
            self.assertIn(words, failure)
        _, out, _ = self.proa("image", "list", "--json")
        names = [name for each in json.loads(out)["images"] for name in each["names"]]
        self.assertNotIn("bad:1", names)

    def test_images_are_listed_shown_and_removed(self):
        self.load(self.image(b"listed"), "listed:1")
        client = self.create("listed", "listed:1")
        self.assertIn("listed:1", self.proa("image", "list")[1])
        self.assertIn("ENTRYPOINT:   function --flag", self.proa("image", "show", "listed:1")[1])
        code, out, _ = self.proa("image", "remove", "listed:1")
        self.assertEqual((code, out),
                         (0, "Image listed:1 is removed. Functions made of it go on.\n"))
        self.assertNotEqual(self.proa("image", "show", "listed:1")[0], 0)
        self.assertEqual(self.call(client, "listed")[0]["layered"], "listed")


class ImagesInMachines(ImageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        give_stock(cls.daemon)

    def test_an_image_is_the_root_of_a_machine(self):
        self.load(self.image(), "app:1")
        client = self.create("machine", "app:1", Tags=MACHINE, Timeout=60)
        said, log = self.call(client, "machine", {"n": 1})
        self.check_inside(said)
        self.assertEqual(said["arguments"], ["/app/bin/function", "--flag", "word"])
        self.assertIn("called in an image", log)
        self.assertEqual(self.call(client, "machine", {"n": 2})[0]["event"], {"n": 2})


if __name__ == "__main__":
    unittest.main()
