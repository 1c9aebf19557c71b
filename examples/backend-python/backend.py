# SPDX-License-Identifier: MIT
"""FMSPy's chat as a backend of Playhouse: python3 backend.py [PORT]. Needs Python 3.9 or later, nothing else. docs/jsonrpc.md"""
import base64, hashlib, hmac, json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ.get("SECRET", "")
names = {}  # by session


def everybody(session, method, *args):
    return {"method": "broadcast", "params": {"room": session["room"], "method": method, "args": args}}


def identify(args, session):
    names[session["id"]] = args[0]
    return {"$result": None, "$actions": [everybody(session, "joined", args[0])]}


def say(args, session):
    if session["id"] not in names:
        raise ValueError("Say who you are first: identify(name).")
    return {"$result": None, "$actions": [everybody(session, "message", names[session["id"]], args[0])]}


methods = {"$connect": lambda args, session: {"user": args[0] if args else ""}, "identify": identify, "say": say,
           "$disconnect": lambda args, session: names.pop(session["id"], None) and {} or {}, "echo": lambda args, session: args[0]}


def is_signed(headers, body):
    """Standard Webhooks: who does not know the secret is not heard."""
    if not SECRET:
        return True
    head = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, head + body, hashlib.sha256).digest()).decode()
    shown = (headers["webhook-signature"] or "").split(" ")
    return abs(time.time() - int(headers["webhook-timestamp"] or 0)) < 300 and any(hmac.compare_digest(wanted, each) for each in shown)


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = is_signed(self.headers, body)
        reply = json.dumps(self.answer(**json.loads(body))).encode() if signed else b""
        self.send_response(200 if signed else 401)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def answer(self, method, params, jsonrpc, id=None):
        run = methods.get(method, (lambda args, session: {}) if method.startswith("$") else None)
        try:
            return {"jsonrpc": "2.0", "id": id, "result": run(params["args"], params["session"])}
        except Exception as error:
            return {"jsonrpc": "2.0", "id": id, "error": {"code": 1, "message": str(error)}}


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Backend).serve_forever()
