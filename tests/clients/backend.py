# SPDX-License-Identifier: MIT
"""A backend that speaks JSON-RPC over HTTP: what the proxy's users write, with everything that can go wrong in it."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import socket
import socketserver
import threading
import time

from server import HANG
from waiting import wait_for


class Refusal(Exception):
    """A JSON-RPC error."""

    def __init__(self, message, number=1, **data):
        super().__init__(message)
        self.error = {"code": number, "message": message, "data": data}


class Raw(Exception):
    """Say exactly these bytes as the body, with this status."""

    def __init__(self, body=b"", status=200, **headers):
        super().__init__(body)
        self.body, self.status, self.headers = body, status, headers


class Hang(Exception):
    """Close the connection without a word."""


class Backend:
    """`methods`: functions of (args, session), by name; hooks that are not there accept, calls echo what they got.

    tls     an SSL context of the server's side: https

    heard   every request, in the order in which it came: dictionaries with method, args, session, id
    """

    def __init__(self, port=0, path=None, tls=None, **methods):
        self.methods = {("$" + name[1:] if name.startswith("_") else name): run for name, run in methods.items()}
        self.heard, self.headers, self.lock = [], [], threading.Lock()
        self.release = threading.Event()
        self.is_dead = False
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = not path

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if backend.is_dead:
                    self.close_connection = True
                    return
                with backend.lock:
                    backend.headers.append((dict(self.headers.items()), body, self.path))
                try:
                    self.say(backend.answer(json.loads(body)))
                except Raw as raw:
                    self.say(raw.body, raw.status, raw.headers)
                except Hang:
                    self.close_connection = True

            def say(self, body, status=200, headers=None):
                with contextlib.suppress(OSError):  # who asked has had enough
                    self.send_response(status)
                    for name, value in (headers or {}).items():
                        self.send_header(name.replace("_", "-"), value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

            def address_string(self):
                return "somebody"

        class Many(http.server.ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # connections break

        class Local(socketserver.ThreadingUnixStreamServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Local(path, Handler) if path else Many(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = None if path else self.server.server_address[1]
        self.url = f"unix:{path}:/rpc" if path else f"http{'s' if tls else ''}://localhost:{self.port}/rpc"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_dead = True
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, request):
        if isinstance(request, list):
            replies = [self.one(each) for each in request]
            return json.dumps([each for each in replies if each][::-1]).encode()  # any order will do
        reply = self.one(request)
        return json.dumps(reply).encode() if reply else b""

    def one(self, request):
        method, params = request["method"], request["params"]
        with self.lock:
            self.heard.append({"method": method, "id": request.get("id"), "args": params["args"], "session": params["session"]})
        run = self.methods.get(method, (lambda args, session: {}) if method[0] == "$" else lambda args, session: args and args[0])
        try:
            reply = {"result": run(params["args"], params["session"])}
        except Refusal as refusal:
            reply = {"error": refusal.error}
        return {"jsonrpc": "2.0", "id": request["id"], **reply} if "id" in request else None

    def names(self):
        with self.lock:
            return [each["method"] for each in self.heard]

    def wait(self, method, n=1):
        """The n-th request of that name."""
        def found():
            with self.lock:
                those = [each for each in self.heard if each["method"] == method]
            return those[n - 1] if len(those) >= n else None
        return wait_for(found, f"the backend hears of {method}")

    def hold(self, seconds=HANG):
        self.release.wait(seconds)


def verify(secret, headers, body):
    """As Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return abs(time.time() - int(headers["webhook-timestamp"])) < 300 and wanted in headers["webhook-signature"].split(" ")


@contextlib.contextmanager
def deaf():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"
