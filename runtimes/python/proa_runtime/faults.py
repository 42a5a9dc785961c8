"""Errors in the form that Lambda gives them: {errorMessage, errorType, requestId, stackTrace}."""
import os
import sys
import traceback

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_ENTRY = os.path.join(os.path.dirname(_FOLDER), "bootstrap.py")


class Fault(Exception):
    """A failure that Lambda names itself (Runtime.Xxx), as opposed to an exception of user code."""

    def __init__(self, error_type, message, stack=()):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.stack = list(stack)

    def report(self, request_id=""):
        return make_report(self.error_type, self.message, self.stack, request_id)


def make_report(error_type, message, stack, request_id):
    return {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": stack,
    }


def report_of(error, request_id=""):
    """The report of an exception that user code raised."""
    if isinstance(error, Fault):
        return error.report(request_id)
    return make_report(type(error).__name__, _text_of(error), _stack_of(error), request_id)


def _text_of(error):
    try:
        return str(error)
    except Exception:  # a __str__ of user code that raises
        return "<%s whose text cannot be made>" % type(error).__name__


def _stack_of(error):
    """The frames of user code, oldest first, each as Python prints it (without column marks)."""
    found = traceback.extract_tb(error.__traceback__)
    frames = [(f.filename, f.lineno, f.name, f.line) for f in found]
    first = 0
    while first < len(frames) and _is_ours(frames[first][0]):
        first += 1
    return traceback.format_list(frames[first:] if first < len(frames) else frames)


def _is_ours(filename):
    return filename.startswith(_FOLDER + os.sep) or filename == _ENTRY


def log_lines(report):
    """The lines that Lambda writes to the log for a report, in text format."""
    head = "[ERROR]"
    if report["errorType"]:
        head += " " + report["errorType"]
    if report["errorMessage"]:
        head += (": " if report["errorType"] else " ") + report["errorMessage"]
    lines = [head, "Traceback (most recent call last):"]
    for entry in report["stackTrace"]:
        lines += [_indented(line) for line in entry.splitlines()] or [""]
    return lines


def _indented(line):
    """Log viewers drop leading blanks; Lambda writes no-break spaces instead."""
    text = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(text)) + text


def flush_output():
    """Pushes what user code printed into the pipes; whatever user code made of the streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
