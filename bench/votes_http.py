"""HTTP as light as it can be: the load of ``bench.votes`` shares the cores with what it measures.

One request at a time on a connection that is kept, answers with a ``Content-Length``: what
gunicorn and Django send. ``http.client`` would cost a tenth of a cycle.
"""

import re
import socket
from collections.abc import Mapping

LENGTH = re.compile(rb"\ncontent-length: *(\d+)")
TIMEOUT = 30.0  # seconds


class KeptConnection:
    """A connection to ``host``:``port``; each request carries ``headers``."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str]) -> None:
        self._address = (host, port)
        lines = {"Host": f"{host}:{port}"} | dict(headers)
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        self._socket: socket.socket | None = None

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and content of the answer; connects where there is no connection.

        Raises OSError where the connection fails or ends early; who asks again then calls
        ``close`` first.
        """
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=TIMEOUT)
        what = f"{method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n".encode()
        self._socket.sendall(what + self._headers + b"\r\n" + body)
        head, content = self._read(self._socket)
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), content  # "http/1.1 201 created"

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @staticmethod
    def _read(kept: socket.socket) -> tuple[bytes, bytes]:
        """The lines above the answer, in small letters, and its content."""
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _more(kept)
        head, content = received[:end].lower(), received[end + 4 :]
        length = LENGTH.search(head)
        if length is None:
            raise ConnectionError("The answer does not say how long it is.")
        while len(content) < int(length[1]):
            content += _more(kept)
        return head, content


def _more(kept: socket.socket) -> bytes:
    part = kept.recv(65536)
    if not part:
        raise ConnectionResetError("The server ended the connection in the midst of an answer.")
    return part
