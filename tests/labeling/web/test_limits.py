"""What is too large, or comes too often, is refused before it costs anything."""

import pytest
from django.core.cache import cache

from labeling.throttles import PostThrottle


@pytest.mark.parametrize(
    ("path", "status"),
    [("/log-in/", 413), ("/api/v1/votes", 413), ("/api/v1/glitches", 401)],
)
def test_a_request_is_judged_by_its_announced_length(client, db, path, status):
    body = b"x" * (2 * 1024 * 1024)
    answer = client.post(path, body, content_type="application/octet-stream")
    assert answer.status_code == status
    if path == "/api/v1/votes":
        assert answer.json()["error"]["code"] == "request_too_large"


@pytest.mark.parametrize("path", ["/what-is-this/", "/api/v1/looks"])
def test_a_request_in_chunks_is_told_to_say_its_length(client, db, path):
    answer = client.generic("POST", path, headers={"transfer-encoding": "chunked"})
    assert answer.status_code == 411
    assert "Content-Length" in answer.content.decode()
    assert ("length_required" in answer.content.decode()) == path.startswith("/api/")


@pytest.mark.parametrize(("path", "scope"), [("/log-in/", "log_in"), ("/sign-up/", "sign_up")])
def test_guessing_is_slow_also_on_the_pages(client, db, monkeypatch, path, scope):
    cache.clear()
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {scope: "2/min"})
    answers = [client.post(path, {"username": "ada", "password": str(n)}) for n in range(3)]
    assert [a.status_code == 429 for a in answers] == [False, False, True]
    assert "Too many tries" in answers[2].content.decode()
    cache.clear()
