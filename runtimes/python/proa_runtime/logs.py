"""Output of a function: unbuffered streams, and the logging set-up that Lambda makes.

AWS_LAMBDA_LOG_FORMAT (Text, JSON) and AWS_LAMBDA_LOG_LEVEL mean what they mean there. Everything
goes to stdout, a pipe to the host; the host adds its own START, END and REPORT lines.
"""
import io
import json
import logging
import sys
import time
import traceback

from .faults import flush_output, log_lines
from .payload import to_bytes

_DATE = "%Y-%m-%dT%H:%M:%S"
_TEXT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
# Attributes every record has; what else is there was given by `extra`.
_OWN_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {
    "asctime",
    "message",
    "taskName",
    "aws_request_id",
}


class Unbuffered(io.TextIOWrapper):
    """A text stream that hands each write to the kernel at once: a kill loses nothing."""

    def write(self, text):
        count = super().write(text)
        self.flush()
        return count


def unbuffer_streams():
    sys.stdout = sys.__stdout__ = _unbuffered(sys.stdout)
    sys.stderr = sys.__stderr__ = _unbuffered(sys.stderr)


def _unbuffered(stream):
    if stream is None:  # the descriptor is closed
        return None
    errors = stream.errors
    fresh = Unbuffered(stream.detach(), encoding="utf-8", errors=errors, newline="\n")
    fresh.mode = "w"
    return fresh


class RequestIdFilter(logging.Filter):
    """Puts the id of the running call on each record."""

    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True


class StdoutHandler(logging.Handler):
    def emit(self, record):
        try:
            text = self.format(record)
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the members Lambda gives it."""

    def format(self, record):
        level = min(50, max(0, record.levelno)) // 10 * 10
        entry = {
            "timestamp": time.strftime(_DATE, time.gmtime(record.created))
            + ".%03dZ" % record.msecs,
            "level": logging.getLevelName(level),
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": record.aws_request_id,
        }
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            entry["stackTrace"] = traceback.format_tb(trace)
            entry["errorType"] = kind.__name__
            entry["errorMessage"] = str(error)
            entry["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        for name, value in record.__dict__.items():
            if name not in _OWN_FIELDS and name not in entry and value is not None:
                entry[name] = value
        return json.dumps(entry, ensure_ascii=False, default=str) + "\n"


class FunctionLog:
    """The log of one function. Made once, after configure."""

    def __init__(self, environment):
        self._is_json = environment.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._filter = RequestIdFilter()
        self._stream = sys.stdout
        logging.Formatter.converter = time.gmtime
        handler = StdoutHandler()
        handler.setFormatter(
            JsonFormatter() if self._is_json else logging.Formatter(_TEXT, _DATE)
        )
        handler.addFilter(self._filter)
        root = logging.getLogger()
        root.addHandler(handler)
        level = environment.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
        level = "DEBUG" if level == "TRACE" else level
        if isinstance(logging.getLevelName(level), int):
            root.setLevel(level)

    def begin(self, request_id):
        self._filter.request_id = request_id

    def error(self, report):
        """Writes the line(s) that Lambda writes for a failed call or init."""
        if self._is_json:
            entry = {"timestamp": time.strftime(_DATE, time.gmtime()), "level": "ERROR", **report}
            text = json.dumps(entry, ensure_ascii=False)
        else:
            text = "\n".join(log_lines(report))
        flush_output()
        try:
            self._stream.buffer.write(to_bytes(text + "\n"))
            self._stream.flush()
        except Exception:  # user code closed the stream
            pass
