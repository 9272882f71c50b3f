"""A JWKS server that can be told to stall, fail and talk nonsense. Run as a process: PORT, FILE.

FILE holds `{"mode": …, "document": …}` and is read for every request; each request appends a line to FILE.log.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    file: Path

    def do_GET(self):
        with self.file.with_suffix(".log").open("a") as log:
            log.write(self.path + "\n")
        told = json.loads(self.file.read_text())
        body = json.dumps(told["document"]).encode()
        mode = told["mode"]
        if mode == "stall":
            time.sleep(60)
        elif mode == "slow":
            time.sleep(1.5)
        elif mode == "error":
            self.send_error(500)
            return
        elif mode == "redirect":
            self.send_response(302)
            self.send_header("location", "/elsewhere")
            self.end_headers()
            return
        elif mode == "garbage":
            body = b"<html>" + bytes(range(256))
        elif mode == "huge":
            body = b" " * (2 << 20)
        elif mode == "cut":
            self.send_response(200)
            self.send_header("content-length", "100000")
            self.end_headers()
            self.wfile.write(body[:10])
            return
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    Handler.file = Path(sys.argv[2])
    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    server.serve_forever()
