"""A function of nobody, which a waiting process runs once (rehearse in runtimes/README.md).

It does what handlers commonly do when they are loaded and called; what it gives is thrown away.
"""
import json
import os
import re
import time

_WORD = re.compile(r"(\w+)-(\d+)")


class _Seen:
    def __init__(self, event):
        self.names = sorted(event)
        self.count = len(self.names)

    def as_dict(self):
        return {name: getattr(self, name) for name in ("names", "count")}


def handler(event, context):
    try:
        event["missing"]
    except KeyError as error:
        missing = f"{error!s}: {context.aws_request_id}"
    found = [match.groups() for match in map(_WORD.search, event["words"]) if match]
    return {
        "seen": _Seen(event).as_dict(),
        "found": json.dumps({name: int(number) for name, number in found}),
        "left": context.get_remaining_time_in_millis() // 1000,
        "region": os.environ.get("AWS_REGION", "none"),
        "time": time.time(),
        "missing": missing,
    }
