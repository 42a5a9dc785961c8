"""The second argument of a handler, as Lambda's Python runtime makes it."""
import json
import os
import sys
import time

from .faults import Fault


class LambdaContext:
    """Facts about the running call. Attributes are those of Lambda; all sizes and times are text or
    int as there (memory_limit_in_mb is a string)."""

    def __init__(self, call, settings):
        self.aws_request_id = call.request_id
        self.log_group_name = settings.log_group_name
        self.log_stream_name = settings.log_stream_name
        self.function_name = settings.function_name
        self.memory_limit_in_mb = settings.memory_limit_in_mb
        self.function_version = settings.function_version
        self.invoked_function_arn = call.invoked_arn
        self.tenant_id = None
        self.client_context = None
        self.identity = CognitoIdentity()
        if call.client_context:
            self.client_context = _client_context(_parse(call.client_context, "Client Context"))
        if call.cognito_identity:
            identity = _parse(call.cognito_identity, "Cognito Identity")
            self.identity.cognito_identity_id = identity.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")
        self._deadline_ms = call.deadline_ms

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, msg):
        sys.stdout.write(str(msg))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb"
            " function_version invoked_function_arn client_context identity tenant_id"
        )
        return _shown(self, names.split(), "LambdaContext")


class Settings:
    """What the context repeats from the environment variables; read once, after configure."""

    def __init__(self):
        env = os.environ.get
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self):
        self.cognito_identity_id = None
        self.cognito_identity_pool_id = None

    def __repr__(self):
        return _shown(self, self.__slots__, "CognitoIdentity")


class Client:
    __slots__ = (
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )

    def __repr__(self):
        return _shown(self, self.__slots__, "Client")


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __repr__(self):
        return _shown(self, self.__slots__, "ClientContext")


def _client_context(given):
    context = _filled(ClientContext(), given)
    if context.client is not None:
        context.client = _filled(Client(), context.client)
    return context


def _filled(target, given):
    for name in target.__slots__:
        setattr(target, name, given.get(name))
    return target


def _parse(text, what):
    try:
        value = json.loads(text)
    except Exception as error:
        message = "Unable to parse %s JSON: %s" % (what, error)
        raise Fault("Runtime.LambdaContextUnmarshalError", message) from None
    if not isinstance(value, dict):
        message = "Unable to parse %s JSON: not an object" % what
        raise Fault("Runtime.LambdaContextUnmarshalError", message)
    return value


def _shown(value, names, title):
    return "%s([%s])" % (title, ",".join("%s=%s" % (n, getattr(value, n)) for n in names))
