"""A registry in a process of its own, so that what it is shown stays out of the memory of the tests.

`python strict_registry.py MODE` prints its port. `basic` and `bearer` take every credential (a token is the password
backwards), `refuse` none, `drop` hangs up when it is shown one, `hold` never answers then.
"""

import base64
import http.server
import json
import sys
import time

MODE = sys.argv[1] if len(sys.argv) > 1 else "basic"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        shown = self.headers.get("authorization", "")
        if self.path.startswith("/token"):
            password = base64.b64decode(shown.split()[1]).decode().partition(":")[2] if shown else ""
            return self._answer(200, {"token": password[::-1] or "nobody"})
        if not shown or MODE == "refuse":
            return self._answer(401, {})
        if MODE == "drop":
            self.close_connection = True
            return None
        if MODE == "hold":
            time.sleep(60)
        return self._answer(200 if self.path == "/v2/" else 404, {})

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _answer(self, code: int, document: object) -> None:
        body = json.dumps(document).encode()
        port = self.connection.getsockname()[1]
        realm = f'Bearer realm="http://127.0.0.1:{port}/token",service="s"' if MODE == "bearer" else 'Basic realm="x"'
        self.send_response(code)
        if code == 401:
            self.send_header("WWW-Authenticate", realm)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
