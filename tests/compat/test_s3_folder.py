"""Code out of a folder that stands for S3, with boto3 and the AWS CLI."""
import json
import os
import shutil
import tempfile
import unittest

from daemon import ROLE, DaemonTestCase, zip_of

CODE = "def handler(e, c): return 'from s3'"


class S3Folder(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        cls.s3 = tempfile.mkdtemp(prefix="proa-s3-")
        cls.addClassCleanup(shutil.rmtree, cls.s3)
        os.chmod(cls.s3, 0o755)
        os.makedirs(os.path.join(cls.s3, "bucket", "some"))
        with open(os.path.join(cls.s3, "bucket", "some", "code.zip"), "wb") as file:
            file.write(zip_of({"app.py": CODE, "python/in_layer.py": "VALUE = 1"}))
        cls.arguments = ("--s3-folder", cls.s3)
        super().setUpClass()

    def answer(self, name):
        return json.load(self.client().invoke(FunctionName=name, Payload=b"{}")["Payload"])

    def create(self, name, **code):
        return self.client().create_function(FunctionName=name, Runtime="python3.11", Role=ROLE,
                                             Handler="app.handler", Code=code)

    def test_functions_and_layers_come_from_objects(self):
        self.create("object", S3Bucket="bucket", S3Key="some/code.zip")
        self.assertEqual(self.answer("object"), "from s3")
        self.deploy("sent", "def handler(e, c): return 'sent'")
        self.aws("lambda", "update-function-code", "--function-name", "sent", "--s3-bucket",
                 "bucket", "--s3-key", "some/code.zip")
        self.assertEqual(self.answer("sent"), "from s3")
        layer = self.client().publish_layer_version(
            LayerName="object", Content={"S3Bucket": "bucket", "S3Key": "some/code.zip"})
        self.deploy("layered", "import in_layer\ndef handler(e, c): return in_layer.VALUE",
                    Layers=[layer["LayerVersionArn"]])
        self.assertEqual(self.answer("layered"), 1)

    def test_what_is_not_there_is_missed_in_lambdas_words(self):
        os.symlink("/etc/passwd", os.path.join(self.s3, "bucket", "link"))
        begin = r"Error occurred while GetObject\. S3 Error Code: "
        for bucket, key, text in (
                ("bucket", "none.zip", begin + "NoSuchKey. S3 Error Message: The specified key"),
                ("bucket", "../../etc/passwd", begin + "NoSuchKey"),
                ("nobucket", "code.zip", begin + "NoSuchBucket"),
                ("bucket", "link", "Your access has been denied by S3")):
            with self.assertRaisesRegex(Exception, "InvalidParameterValueException.*" + text):
                self.create("missing", S3Bucket=bucket, S3Key=key)
        with self.assertRaisesRegex(Exception, "S3ObjectVersion is not supported by Proa yet"):
            self.create("missing", S3Bucket="bucket", S3Key="some/code.zip", S3ObjectVersion="1")


class NoFolder(DaemonTestCase):
    def test_without_the_option_there_is_no_bucket(self):
        with self.assertRaisesRegex(Exception, "NoSuchBucket.*without --s3-folder"):
            self.client().create_function(
                FunctionName="f", Runtime="python3.11", Handler="app.handler", Role=ROLE,
                Code={"S3Bucket": "bucket", "S3Key": "k"})


if __name__ == "__main__":
    unittest.main()
