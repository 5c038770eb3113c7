"""A client of Nota's REST API, as a pipeline or a volunteer's program would write it."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

RETRIES = 6


class ApiError(Exception):
    """A refusal of the API: its code, message and HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}, HTTP {status}]")
        self.status = status
        self.code = code


class Client:
    """One user of the API. A server that is away for a moment is asked again, with patience.

    That is safe for votes too: each carries an idempotency key.
    """

    def __init__(self, site: str) -> None:
        self.base = f"{site}/api/v1/"
        self.session = requests.Session()

    def log_in(self, username: str, password: str, name: str = "demo") -> None:
        answer = self.post("tokens", username=username, password=password, name=name)
        self.session.headers["Authorization"] = f"Bearer {answer['token']}"

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query).json()

    def post(self, path: str, **body: Any) -> Any:
        return self._ask("POST", path, json=body).json()

    def upload(self, path: str, files: list[Path], **fields: str) -> Any:
        named = [("files", (f.name, f.read_bytes(), "image/png")) for f in files]
        return self._ask("POST", path, files=named, data=fields).json()

    def text(self, path: str, **query: Any) -> str:
        return self._ask("GET", path, params=query).text

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All rows of a list that comes by cursor."""
        answer = self.get(path, **query)
        while True:
            yield from answer["results"]
            if not answer.get("next"):
                return
            answer = self._ask("GET", answer["next"]).json()

    def _ask(self, method: str, path: str, **arguments: Any) -> requests.Response:
        url = path if path.startswith("http") else self.base + path
        for attempt in range(RETRIES + 1):
            try:
                response = self.session.request(method, url, timeout=60, **arguments)
            except (requests.ConnectionError, requests.Timeout):
                if attempt == RETRIES:
                    raise
            else:
                if response.status_code < 400:
                    return response
                if response.status_code not in {429, 502, 503} or attempt == RETRIES:
                    raise _refusal(response)
            time.sleep(min(0.5 * 2**attempt, 10))
        raise AssertionError("the last attempt returns or raises")


def _refusal(response: requests.Response) -> ApiError:
    try:
        error: Mapping[str, Any] = response.json()["error"]
    except (ValueError, KeyError):
        return ApiError(response.status_code, "no_json", response.text[:200])
    return ApiError(response.status_code, str(error["code"]), str(error["message"]))
