"""Runs a Python handler: waits for its function on standard input, loads it, then asks the Runtime API for one event after another."""
import sys
import json
import os
import time
import importlib
import traceback
import logging
import http.client

API = "/2018-06-01/runtime"


class Context:
    """What handlers know as `context`."""

    def __init__(self, headers, version):
        env = os.environ
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = version
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        client = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = json.loads(client) if client else None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


class RequestFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = RequestFilter.request_id
        return True


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestFilter())
    logging.getLogger().addHandler(handler)


class Api:
    """The Runtime API over one connection that stays open."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def next(self):
        self.connection.request("GET", API + "/invocation/next")
        response = self.connection.getresponse()
        return response.headers, response.read()

    def post(self, path, body, error_type=None):
        headers = {"Content-Type": "application/json"}
        if error_type is not None:
            headers["Lambda-Runtime-Function-Error-Type"] = error_type
        sys.stdout.flush()
        sys.stderr.flush()
        self.connection.request("POST", API + path, body, headers)
        self.connection.getresponse().read()


class InitError(Exception):
    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.trace = list(trace)


def load(handler):
    module_name, dot, function_name = handler.rpartition(".")
    if not dot or not module_name:
        raise InitError("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error), traceback.format_tb(error.__traceback__))
    except SyntaxError as error:
        raise InitError("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error))
    function = getattr(module, function_name, None)
    if function is None:
        raise InitError("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))
    return function


def error_of(error, request_id):
    frames = [line for line in traceback.format_tb(error.__traceback__) if __file__ not in line]
    return {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": request_id, "stackTrace": frames}


def report(error):
    lines = ["[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]), "Traceback (most recent call last):"]
    print("\n".join(lines) + "\n" + "".join(error.get("stackTrace", [])), flush=True)


def show_trace(trace_id):
    """Only into the mapping: glibc keeps every value that putenv was ever given, until the memory is full."""
    os.environ._data[os.environ.encodekey("_X_AMZN_TRACE_ID")] = os.environ.encodevalue(trace_id)


def answer(api, function, headers, body, version):
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    RequestFilter.request_id = request_id
    show_trace(headers.get("Lambda-Runtime-Trace-Id", ""))
    try:
        result = function(json.loads(body or b"{}"), Context(headers, version))
        try:
            text = json.dumps(result, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise_marshal(error)
        api.post("/invocation/%s/response" % request_id, text.encode("utf-8"))
    except Exception as error:
        described = error_of(error, request_id)
        if isinstance(error, MarshalError):
            described["errorType"] = "Runtime.MarshalError"
        report(described)
        api.post("/invocation/%s/error" % request_id, json.dumps(described).encode("utf-8"), described["errorType"])


class MarshalError(Exception):
    pass


def raise_marshal(error):
    raise MarshalError("Unable to marshal response: %s" % error)


def main():
    start = json.loads(sys.stdin.readline())
    os.environ.clear()
    os.environ.update(start["env"])
    time.tzset()
    os.chdir(start["taskRoot"])
    sys.path[0:1] = [start["taskRoot"], "/opt/python"]
    set_up_logging()
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        function = load(start["handler"])
    except InitError as error:
        described = {"errorMessage": str(error), "errorType": error.error_type, "requestId": "", "stackTrace": error.trace}
        report(described)
        api.post("/init/error", json.dumps(described).encode("utf-8"), error.error_type)
        sys.exit(1)
    except Exception as error:
        described = error_of(error, "")
        report(described)
        api.post("/init/error", json.dumps(described).encode("utf-8"), described["errorType"])
        sys.exit(1)
    while True:
        headers, body = api.next()
        answer(api, function, headers, body, start["version"])


main()
