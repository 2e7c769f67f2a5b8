"""Runs a Python handler as awslambdaric does: takes its function from standard input, or from the environment when it was started for it; then one event after another."""
import sys
import json
import os
import time
import uuid
import decimal
import importlib
import re
import traceback
import logging
import http.client

API = "/2018-06-01/runtime"
# Versions whose JSON keeps characters as they are (awslambdaric, lambda_runtime_marshaller.py).
PLAIN_UNICODE_FROM = 12
INDENT = "\u00a0"


class Fault(Exception):
    """An error of the runtime's own, with Lambda's name for it."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace or []


class Fields:
    """An object whose members are the keys of a dictionary; those that it lacks are None."""

    __slots__ = []

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self):
        shown = ",".join("%s=%s" % (name, getattr(self, name)) for name in self.__slots__)
        return "%s([%s])" % (type(self).__name__, shown)


class CognitoIdentity(Fields):
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client(Fields):
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class ClientContext(Fields):
    __slots__ = ["custom", "env", "client"]


class LambdaContext:
    """What handlers know as `context`."""

    def __init__(self, headers):
        env = os.environ.get
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.tenant_id = None
        self.client_context = client_context_of(headers.get("Lambda-Runtime-Client-Context"))
        self.identity = CognitoIdentity({})
        self._epoch_deadline_time_in_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version invoked_function_arn client_context identity tenant_id"
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names.split())


def client_context_of(text):
    if not text:
        return None
    try:
        found = ClientContext(json.loads(text))
    except Exception as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse Client Context JSON: %s" % error)
    if found.client is not None:
        found.client = Client(found.client)
    return found


class Encoder(json.JSONEncoder):
    """Decimals become numbers as they are written, bytes their text: what simplejson, which Lambda uses, makes of them."""

    def __init__(self):
        super().__init__(ensure_ascii=sys.version_info[1] < PLAIN_UNICODE_FROM, allow_nan=True)
        # A number cannot be given to the encoder as text: its place is marked, and nobody else knows the mark.
        self.mark = uuid.uuid4().hex
        self.numbers = []

    def default(self, value):
        if isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            self.numbers.append(str(value))
            return "%s:%d" % (self.mark, len(self.numbers) - 1)
        if isinstance(value, bytes):
            return value.decode("utf-8")
        return super().default(value)

    def text_of(self, value):
        self.numbers = []
        text = self.encode(value)
        if not self.numbers:
            return text
        return re.sub('"%s:(\\d+)"' % self.mark, lambda found: self.numbers[int(found[1])], text)


class RequestFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = RequestFilter.request_id
        return True


class JsonFormatter(logging.Formatter):
    """A record as an object, with what the program added to it (awslambdaric, lambda_runtime_log_utils.py)."""

    OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}

    def format(self, record):
        failure = record.exc_info if record.exc_info and record.exc_info[0] else None
        shown = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_list(traceback.extract_tb(failure[2])) if failure else None,
            "errorType": failure[0].__name__ if failure else None,
            "errorMessage": str(failure[1]) if failure else None,
            "requestId": record.aws_request_id or None,
            "location": "%s:%s:%d" % (record.pathname, record.funcName, record.lineno) if failure else None,
        }
        shown.update((name, value) for name, value in vars(record).items() if name not in self.OWN and name not in shown)
        return json.dumps({name: value for name, value in shown.items() if value is not None}, ensure_ascii=False, default=str)


def is_json_log():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    formatter = JsonFormatter() if is_json_log() else logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    logging.Formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestFilter())
    logging.getLogger().addHandler(handler)
    # Python knows no TRACE; FATAL is its CRITICAL.
    level = {"TRACE": "DEBUG"}.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""), os.environ.get("AWS_LAMBDA_LOG_LEVEL"))
    if is_json_log() and level:
        logging.getLogger().setLevel(level)


class Api:
    """The Runtime API over one connection that stays open."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def next(self):
        self.connection.request("GET", API + "/invocation/next")
        response = self.connection.getresponse()
        return response.headers, response.read()

    def post(self, path, body, content_type="application/json", error_type=None):
        headers = {"Content-Type": content_type}
        if error_type is not None:
            headers["Lambda-Runtime-Function-Error-Type"] = error_type
        sys.stdout.flush()
        sys.stderr.flush()
        self.connection.request("POST", API + path, body, headers)
        self.connection.getresponse().read()


def load(handler):
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace)
    if not hasattr(module, function_name):
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))
    return getattr(module, function_name)


def error_of(error, request_id):
    if isinstance(error, Fault):
        return {"errorMessage": error.message, "errorType": error.error_type, "requestId": request_id, "stackTrace": error.trace}
    frames = traceback.extract_tb(error.__traceback__)
    # Where user code begins: frames of the runtime help nobody.
    own = next((at for at, frame in enumerate(frames) if "/bootstrap.py" not in frame.filename), 0)
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames[own:]),
    }


def report(error):
    """One record of several lines, indented by no-break spaces, as Lambda's log shows it; or an object."""
    if is_json_log():
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(json.dumps({"timestamp": timestamp, "log_level": "ERROR", **error}, ensure_ascii=False), flush=True)
        return
    lines = ["[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]), "Traceback (most recent call last):"]
    for frame in error["stackTrace"]:
        for line in frame.splitlines():
            bare = line.lstrip(" ")
            lines.append(INDENT * (len(line) - len(bare)) + bare)
    print("\r".join(lines), flush=True)


def show_trace(trace_id):
    """Only into the mapping: glibc keeps every value that putenv was ever given, until the memory is full."""
    os.environ._data[os.environ.encodekey("_X_AMZN_TRACE_ID")] = os.environ.encodevalue(trace_id)


def event_of(body):
    try:
        return json.loads(body or b"{}")
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)


def marshalled(encoder, result):
    """The bytes of an answer and their type; bytes are given back as they are."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return encoder.text_of(result).encode("utf-8"), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def answer(api, encoder, function, headers, body):
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    RequestFilter.request_id = request_id
    show_trace(headers.get("Lambda-Runtime-Trace-Id", ""))
    try:
        context = LambdaContext(headers)
        result, content_type = marshalled(encoder, function(event_of(body), context))
    except Exception as error:
        described = error_of(error, request_id)
        report(described)
        api.post("/invocation/%s/error" % request_id, encoder.text_of(described).encode("utf-8"), error_type=described["errorType"])
        return
    api.post("/invocation/%s/response" % request_id, result, content_type)


def take_environment():
    """A python that was started for its function has the environment already."""
    if "anew" in sys.argv[1:]:
        return
    start = json.loads(sys.stdin.readline())
    os.environ.clear()
    os.environ.update(start["env"])
    time.tzset()


def main():
    take_environment()
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    os.chdir(task_root)
    layers = ["/opt/python/lib/python3.%d/site-packages" % sys.version_info[1], "/opt/python"]
    # One that was started before it knew its function has not read the function's PYTHONPATH.
    own = [place for place in os.environ.get("PYTHONPATH", "").split(":") if place and place not in sys.path[1:]]
    sys.path[0:1] = [task_root, *layers, *own]
    set_up_logging()
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    encoder = Encoder()
    try:
        function = load(os.environ["_HANDLER"])
    except Exception as error:
        described = error_of(error, "")
        report(described)
        api.post("/init/error", encoder.text_of(described).encode("utf-8"), error_type=described["errorType"])
        sys.exit(1)
    while True:
        headers, body = api.next()
        answer(api, encoder, function, headers, body)


main()
