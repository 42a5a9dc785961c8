"""docs/reference/api-coverage.md against the installed botocore models and a running daemon."""
import os
import re
import unittest

from daemon import DaemonTestCase

SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", ".")


def table(heading):
    """Operation to status, of the table under `heading`."""
    path = os.path.join(SOURCE_DIR, "docs/reference/api-coverage.md")
    with open(path, encoding="utf-8") as file:
        sections = re.split(r"^# (.+)$", file.read(), flags=re.M)
    section = sections[sections.index(heading) + 1]
    return dict(re.findall(r"^\| (\w+) \| (supported|not supported yet) \|", section, re.M))


class ApiCoverage(DaemonTestCase):
    def test_every_operation_of_the_installed_model_has_a_row(self):
        for service, heading in (("lambda", "API coverage"), ("logs", "CloudWatch Logs")):
            model = self.client(service=service).meta.service_model
            self.assertEqual(set(model.operation_names) - set(table(heading)), set())

    def test_list_operations_that_are_not_supported_say_so_by_name(self):
        client = self.client()
        statuses = table("API coverage")
        for name, method in (("ListEventSourceMappings", client.list_event_source_mappings),
                             ("ListCodeSigningConfigs", client.list_code_signing_configs)):
            self.assertEqual(statuses[name], "not supported yet")
            with self.assertRaisesRegex(Exception, name + " is not supported by Proa yet"):
                method()

    def test_operations_for_logs_that_are_not_supported_say_so_by_name(self):
        client = self.client(service="logs")
        statuses = table("CloudWatch Logs")
        for name, call in (("DescribeQueries", client.describe_queries),
                           ("CreateLogGroup", lambda: client.create_log_group(logGroupName="g"))):
            self.assertEqual(statuses[name], "not supported yet")
            with self.assertRaisesRegex(Exception, name + " is not supported by Proa yet"):
                call()


if __name__ == "__main__":
    unittest.main()
