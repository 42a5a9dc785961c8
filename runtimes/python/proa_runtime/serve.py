"""The life of a Python runtime process: parked, configure, ready, then call after call."""
import json
import os
import sys
import time

from . import link as frames
from . import loading, logs, payload
from .context import LambdaContext, Settings
from .faults import Fault, flush_output, report_of
from .trace import set_trace_id

# Lambda's limit on an answer: 6 MiB and 100 bytes.
MAX_ANSWER = 6 * 1024 * 1024 + 100
_MAX_REPORT_TEXT = 64 * 1024
_REHEARSAL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rehearsal")
# What functions commonly import; loaded while the process is parked, where it costs no one time.
_PRELOAD = (
    "base64 collections datetime decimal functools hashlib hmac http.client io itertools math"
    " random re socket ssl string threading typing urllib.parse urllib.request uuid"
).split()


def main():
    """Runs until the host closes the link or user code ends the process."""
    fd = int(os.environ.pop("PROA_RUNTIME_FD"))
    answer_fd = int(os.environ.pop("PROA_ANSWER_FD"))
    bundled = os.environ.pop("PROA_BUNDLED_PYTHON", None)
    logs.unbuffer_streams()
    link = frames.Link(fd, answer_fd)
    try:
        if os.environ.pop("PROA_PRELOAD", "") == "1":
            _preload()
        _say_parked(link)
        handler, log = _configure(link, bundled)
        _serve(link, handler, log)
    except frames.LinkClosed:
        flush_output()


def _say_parked(link):
    identity = "python%d.%d.%d" % sys.version_info[:3]
    link.write(frames.PARKED, json.dumps({"runtime": identity}).encode())


def _preload():
    for name in _PRELOAD:
        try:
            __import__(name)
        except ImportError:  # a Python built without it, e.g. without ssl
            pass


def _configure(link, bundled):
    """Waits for configure, becomes that function, and says ready."""
    kind, body = link.read()
    while kind == frames.REHEARSE:
        _rehearse(frames.Invoke(body))
        _say_parked(link)
        kind, body = link.read()
    if kind != frames.CONFIGURE:
        raise frames.MalformedFrame("frame of type %d in place of configure" % kind)
    log = None
    try:
        config = _Configuration(body)
        config.apply(bundled)
        log = logs.FunctionLog(os.environ)
        handler = loading.load(config.handler)
    except Exception as error:
        _fail_init(link, log or logs.FunctionLog({}), error)
    flush_output()
    link.write(frames.READY)
    return handler, log


def _rehearse(call):
    """Loads and calls a function of nobody.

    A machine that was copied remembers everything and has run nothing: what its processor has
    translated or cached is no part of its memory. The first start and the first call pay for that;
    here they happen before anybody waits for them.
    """
    sys.path.insert(0, _REHEARSAL)
    try:
        handler = loading.load("proa_rehearsal.handler")
        _run(handler, call, Settings())
        # Modules of users have no byte code, which that one may have.
        file = sys.modules["proa_rehearsal"].__file__
        with open(file, encoding="utf-8") as source:
            exec(compile(source.read(), file, "exec"), {"__name__": "proa_rehearsal"})
    finally:
        sys.path.remove(_REHEARSAL)
        sys.modules.pop("proa_rehearsal", None)


def _fail_init(link, log, error):
    report = report_of(error)
    log.error(report)
    link.write(frames.INIT_ERROR, _report_bytes(report))
    sys.exit(1)


class _Configuration:
    """The body of configure, checked. See runtimes/README.md."""

    def __init__(self, body):
        try:
            given = json.loads(str(body, "utf-8"))
            self.handler = _text(given, "handler")
            self.task_root = _text(given, "task_root")
            self.cwd = _text(given, "cwd") if "cwd" in given else self.task_root
            # Without it the process was started with the function's variables, perhaps by an
            # AWS_LAMBDA_EXEC_WRAPPER that has changed them.
            self.environment = given["environment"] if "environment" in given else dict(os.environ)
            for name in self.environment:
                _text(self.environment, name)
            self.is_restored = given.get("restored", False)
        except Exception as error:
            message = "configure: %s: %s" % (type(error).__name__, error)
            raise Fault("Runtime.InvalidTaskConfig", message) from None

    def apply(self, bundled):
        """Makes the process that of the function: environment, folder, import path."""
        if self.is_restored:
            _reseed()
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        try:
            os.chdir(self.cwd)
        except OSError as error:
            message = "Cannot use '%s' as working folder: %s" % (self.cwd, error.strerror)
            raise Fault("Runtime.InvalidWorkingDir", message) from None
        loading.extend_path(self.task_root, bundled)


def _reseed():
    """Parts a copied process from its copies: what was seeded before is the same in all of them.

    The kernel's generator is new already, and OpenSSL's notices by the clock that its time is over.
    """
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def _text(given, name):
    value = given[name]
    if not isinstance(value, str):
        raise TypeError("member '%s' is not a string" % name)
    return value


def _serve(link, handler, log):
    settings = Settings()
    while True:
        kind, body = link.read()
        if kind != frames.INVOKE:
            raise frames.MalformedFrame("frame of type %d in place of invoke" % kind)
        call = frames.Invoke(body)
        del body
        log.begin(call.request_id)
        set_trace_id(call.trace_id)
        try:
            answer = _run(handler, call, settings)
        except Exception as error:  # SystemExit and KeyboardInterrupt end the process, as on Lambda
            report = report_of(error, call.request_id)
            log.error(report)
            _send(link, frames.ERROR, call, _report_bytes(report))
        else:
            _send(link, frames.RESPONSE, call, answer)
            answer = None


def _run(handler, call, settings):
    context = LambdaContext(call, settings)
    event = payload.decode(call.payload)
    call.payload = None
    return payload.encode(handler(event, context))


def _send(link, kind, call, answer):
    flush_output()
    if len(answer) > MAX_ANSWER:
        size = len(answer).to_bytes(8, "little")
        link.write(frames.TOO_LARGE, call.request_id_bytes, size)
        return
    link.write(kind, call.request_id_bytes, answer)


def _report_bytes(report):
    """JSON of a report; one that no frame could carry is cut down to what helps."""
    data = payload.to_bytes(json.dumps(report, ensure_ascii=False))
    if len(data) <= MAX_ANSWER:
        return data
    message = report["errorMessage"][:_MAX_REPORT_TEXT]
    short = {**report, "errorMessage": message, "stackTrace": []}
    return payload.to_bytes(json.dumps(short, ensure_ascii=False))
