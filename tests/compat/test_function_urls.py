"""Function URLs and permissions: made by the AWS CLI and boto3, called by curl and botocore."""
import http.client
import json
import re
import signal
import subprocess
import unittest
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from daemon import ROLE, DaemonTestCase, patience, zip_of

ECHO = """import json
def handler(event, context):
    return {"statusCode": 201, "headers": {"Content-Type": "application/json", "X-Own": "1"},
            "cookies": ["a=1", "b=2"],
            "body": json.dumps([event, context.invoked_function_arn.split(":", 6)[6]])}"""
BYTES = """import base64
def handler(event, context):
    body = event["body"]
    data = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    return {"statusCode": 200, "body": base64.b64encode(data[::-1]).decode(),
            "headers": {"Content-Type": "application/octet-stream"}, "isBase64Encoded": True}"""
FAILS = """def handler(event, context):
    raise ValueError("secret detail")"""


class UrlTestCase(DaemonTestCase):
    def permit(self, client, name, auth="NONE", principal="*", **more):
        return client.add_permission(FunctionName=name, StatementId="public",
                                     Action="lambda:InvokeFunctionUrl", Principal=principal,
                                     FunctionUrlAuthType=auth, **more)

    def public(self, name, code, **config):
        client = self.deploy(name, code)
        url = client.create_function_url_config(FunctionName=name, AuthType="NONE", **config)
        self.permit(client, name)
        return client, url["FunctionUrl"]

    def fetch(self, url, method="GET", path="", body=None, headers=None):
        """Status, headers and body of one request; names under localhost need no resolver."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=patience(30))
        try:
            connection.request(method, parts.path.rstrip("/") + "/" + path, body,
                               {"Host": parts.netloc, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


class FunctionUrls(UrlTestCase):
    def test_a_public_url_is_called_by_host_name_and_by_path(self):
        _, url = self.public("echo", ECHO)
        self.assertRegex(url, r"^http://[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+/$")
        done = subprocess.run(
            ["curl", "-sS", "-i", "--max-time", str(patience(30)), "-X", "PUT",
             "-H", "Cookie: c=3; d=4", "-H", "Content-Type: text/plain", "-d", "caf\u00e9",
             url + "a%20b/c?x=1&x=2&y=%2B"],
            capture_output=True, timeout=patience(60), check=True)
        head, body = done.stdout.decode().split("\r\n\r\n", 1)
        self.assertTrue(head.startswith("HTTP/1.1 201 "), head)
        self.assertIn("\r\nX-Own: 1", head)
        self.assertEqual(re.findall(r"Set-Cookie: (\S+)", head), ["a=1", "b=2"])
        event, arn = json.loads(body)
        self.assertEqual(arn, "echo")
        self.assertEqual((event["version"], event["rawPath"], event["rawQueryString"]),
                         ("2.0", "/a%20b/c", "x=1&x=2&y=%2B"))
        self.assertEqual(event["queryStringParameters"], {"x": "1,2", "y": "+"})
        self.assertEqual((event["cookies"], event["body"]), (["c=3", "d=4"], "caf\u00e9"))
        context = event["requestContext"]
        self.assertEqual(context["http"]["method"], "PUT")
        self.assertEqual(context["http"]["sourceIp"], "127.0.0.1")
        self.assertEqual(context["domainPrefix"], urlsplit(url).hostname.split(".")[0])
        by_path = f"{self.daemon.endpoint}/lambda-url/{context['apiId']}/p/q"
        answer = subprocess.run(["curl", "-sS", "--max-time", str(patience(30)), by_path],
                                capture_output=True, timeout=patience(60), check=True)
        self.assertEqual(json.loads(answer.stdout)[0]["rawPath"], "/p/q")

    def test_bodies_that_are_no_text_go_through_unharmed(self):
        _, url = self.public("bytes", BYTES)
        data = bytes(range(256)) * 40
        status, headers, body = self.fetch(url, "POST", body=data)
        self.assertEqual((status, headers["Content-Type"]), (200, "application/octet-stream"))
        self.assertEqual(body, data[::-1])

    def test_a_failure_tells_the_world_nothing(self):
        client, url = self.public("fails", FAILS)
        status, _, body = self.fetch(url)
        self.assertEqual((status, body), (502, b"Internal Server Error"))
        client.put_function_concurrency(FunctionName="fails", ReservedConcurrentExecutions=0)
        self.assertEqual(self.fetch(url)[0], 429)

    def test_without_a_permission_nobody_is_let_in(self):
        client = self.deploy("closed", ECHO)
        url = client.create_function_url_config(FunctionName="closed",
                                                AuthType="NONE")["FunctionUrl"]
        status, _, body = self.fetch(url)
        self.assertEqual(status, 403)
        self.assertTrue(json.loads(body)["Message"].startswith("Forbidden."))
        self.permit(client, "closed")
        self.assertEqual(self.fetch(url)[0], 201)
        client.remove_permission(FunctionName="closed", StatementId="public")
        self.assertEqual(self.fetch(url)[0], 403)

    def test_an_alias_has_a_url_of_its_own_that_follows_it(self):
        client = self.deploy("aliased", ECHO)
        client.publish_version(FunctionName="aliased")
        client.create_alias(FunctionName="aliased", Name="live", FunctionVersion="1")
        url = client.create_function_url_config(FunctionName="aliased", Qualifier="live",
                                                AuthType="NONE")["FunctionUrl"]
        self.permit(client, "aliased", Qualifier="live")
        self.assertEqual(json.loads(self.fetch(url)[2])[1], "aliased:live")
        client.delete_alias(FunctionName="aliased", Name="live")
        self.assertEqual(self.fetch(url)[0], 404)

    def test_cors_is_answered_without_the_function(self):
        cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET", "PUT"],
                "AllowHeaders": ["x-one"], "ExposeHeaders": ["x-own"], "MaxAge": 60}
        _, url = self.public("cors", ECHO, Cors=cors)
        page = {"Origin": "https://a.example"}
        status, headers, body = self.fetch(
            url, "OPTIONS", headers={**page, "Access-Control-Request-Method": "PUT"})
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(headers["Access-Control-Allow-Methods"], "GET,PUT")
        status, headers, _ = self.fetch(url, headers=page)
        self.assertEqual((status, headers["Access-Control-Allow-Origin"],
                          headers["Access-Control-Expose-Headers"]),
                         (201, "https://a.example", "x-own"))
        headers = self.fetch(url, headers={"Origin": "https://b.example"})[1]
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_the_aws_cli_makes_shows_and_removes_them(self):
        self.deploy("cli", ECHO)
        made = json.loads(self.aws("lambda", "create-function-url-config", "--function-name",
                                   "cli", "--auth-type", "NONE"))
        self.assertEqual(made["AuthType"], "NONE")
        self.aws("lambda", "add-permission", "--function-name", "cli", "--statement-id", "s",
                 "--action", "lambda:InvokeFunctionUrl", "--principal", "*",
                 "--function-url-auth-type", "NONE")
        policy = json.loads(self.aws("lambda", "get-policy", "--function-name", "cli"))
        statement = json.loads(policy["Policy"])["Statement"][0]
        self.assertEqual((statement["Sid"], statement["Principal"]), ("s", "*"))
        listed = json.loads(self.aws("lambda", "list-function-url-configs", "--function-name",
                                     "cli"))
        self.assertEqual([one["FunctionUrl"] for one in listed["FunctionUrlConfigs"]],
                         [made["FunctionUrl"]])
        self.assertEqual(self.fetch(made["FunctionUrl"])[0], 201)
        self.aws("lambda", "delete-function-url-config", "--function-name", "cli")
        self.assertEqual(self.fetch(made["FunctionUrl"])[0], 404)


class UrlsOverACrash(UrlTestCase):
    def test_urls_and_permissions_outlive_kill_9(self):
        _, url = self.public("kept", ECHO)
        self.daemon.process.send_signal(signal.SIGKILL)
        self.daemon.process.wait()
        self.daemon.start()
        again = url.replace(f":{urlsplit(url).port}/", f":{urlsplit(self.daemon.endpoint).port}/")
        self.assertEqual(self.fetch(again)[0], 201)


class SignedUrls(UrlTestCase):
    """One story: a daemon with keys of two accounts."""

    def signed(self, url, key, headers=None):
        parts = urlsplit(url)
        request = AWSRequest(method="GET", url=url, headers={"Host": parts.netloc})
        SigV4Auth(Credentials(*key), "lambda", "us-east-1").add_auth(request)
        return self.fetch(url, headers={**dict(request.headers), **(headers or {})})

    def test_a_signature_and_a_right_or_a_permission_open_the_door(self):
        admin = self.make_key()
        client = self.client(admin)
        client.create_function(FunctionName="signed", Runtime="python3.11", Role=ROLE,
                               Handler="app.handler",
                               Code={"ZipFile": zip_of({"app.py": ECHO})})
        url = client.create_function_url_config(FunctionName="signed",
                                                AuthType="AWS_IAM")["FunctionUrl"]
        self.assertEqual(self.fetch(url)[0], 403)
        status, _, body = self.signed(url, admin)
        self.assertEqual(status, 201)
        event = json.loads(body)[0]
        self.assertNotIn("authorization", event["headers"])
        self.assertEqual(event["requestContext"]["authorizer"]["iam"]["accessKey"], admin[0])
        self.assertEqual(self.signed(url, (admin[0], "wrong"))[0], 403)
        status, _, error = self.proa("account", "create", "other", "--id", "111111111111",
                                     key=admin)
        self.assertEqual(status, 0, error)
        other = self.make_key("--account", "111111111111", "--right", "invoke", key=admin)
        self.assertEqual(self.signed(url, other)[0], 403)
        self.permit(client, "signed", "AWS_IAM", "111111111111")
        status, _, body = self.signed(url, other)
        self.assertEqual(status, 201)
        self.assertEqual(json.loads(body)[0]["requestContext"]["accountId"], "111111111111")
        client.update_function_url_config(FunctionName="signed", AuthType="NONE")
        self.assertEqual(self.fetch(url)[0], 403, "public takes a permission for everybody")


if __name__ == "__main__":
    unittest.main()
