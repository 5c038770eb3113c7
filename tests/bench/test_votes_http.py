"""The load's own HTTP against real sockets, answer by answer."""

import contextlib
import socket
import threading

import pytest

from bench.votes_http import KeptConnection

# What the server writes, in these parts -> what the client makes of it.
ANSWERS = {
    "at once": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], (200, b"{}")),
    "in parts": (
        [b"HTTP/1.1 20", b"1 Created\r\ncontent-length: 5\r\n\r", b"\nab", b"cde"],
        (201, b"abcde"),
    ),
    "empty": ([b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"], (503, b"")),
}
BROKEN = {
    "ends in the head": [b"HTTP/1.1 200 OK\r\nContent-Le"],
    "ends in the content": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"],
    "says no length": [b"HTTP/1.1 200 OK\r\n\r\nabc"],
}


class Server:
    """Answers each request of one connection with the next list of parts; then hangs up."""

    def __init__(self, *answers: list[bytes]) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._listener:
            while self._answers:
                self.connections += 1
                self._serve_one(self._listener.accept()[0])

    def _serve_one(self, kept: socket.socket) -> None:
        with kept:
            while self._answers and (asked := kept.recv(65536)):
                self.asked.append(asked)
                parts = self._answers.pop(0)
                for part in parts:
                    kept.sendall(part)
                if b"close" in parts[0]:
                    return


@contextlib.contextmanager
def connected(server: Server, **headers: str):
    with contextlib.closing(KeptConnection("127.0.0.1", server.port, headers)) as kept:
        yield kept


@pytest.mark.parametrize(("parts", "seen"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read_whole_however_it_comes(parts, seen):
    with connected(Server(parts)) as kept:
        assert kept.ask("GET", "/") == seen


@pytest.mark.parametrize("parts", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_a_fault_and_never_half_an_answer(parts):
    with connected(Server(parts)) as kept, pytest.raises(ConnectionError):
        kept.ask("GET", "/")


def test_one_connection_serves_many_requests_with_their_headers():
    whole = ANSWERS["at once"][0]
    server = Server(whole, whole)
    with connected(server, Cookie="a=b") as kept:
        kept.ask("GET", "/next")
        kept.ask("POST", "/votes", b"{}")
    host = f"Host: 127.0.0.1:{server.port}\r\nCookie: a=b\r\n\r\n".encode()
    assert server.asked == [
        b"GET /next HTTP/1.1\r\nContent-Length: 0\r\n" + host,
        b"POST /votes HTTP/1.1\r\nContent-Length: 2\r\n" + host + b"{}",
    ]
    assert server.connections == 1


def test_a_connection_that_the_server_closes_is_made_anew():
    closing = [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"]
    server = Server(closing, ANSWERS["at once"][0])
    with connected(server) as kept:
        assert [kept.ask("GET", "/"), kept.ask("GET", "/")] == [(200, b""), (200, b"{}")]
    assert server.connections == 2
