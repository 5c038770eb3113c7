"""The load of ``bench.votes``: volunteers who vote as fast as they are answered, over HTTP.

Run as a process of its own: ``python -m bench.votes_load`` reads one JSON object from standard
input (address, cookies, seconds) and writes one with what it saw. Like the labeling page, a client
sends a vote again, under the same idempotency key, until it is answered.
"""

import json
import random
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from bench.votes_http import KeptConnection

CSRF = "c" * 32
BETWEEN_TRIES = 0.1  # seconds
PATIENCE = 60.0  # seconds after the end of the load until a client gives a vote up


@dataclass
class Seen:
    """What one client saw: seconds of each cycle, keys of the votes acknowledged or given up,
    and how often it was refused, by status or fault."""

    cycles: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


class VotingClient:
    """One connection of one logged-in volunteer."""

    def __init__(self, host: str, port: int, cookie: str, seed: int, ahead: int) -> None:
        headers = {
            "Cookie": f"sessionid={cookie}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        self.connection = KeptConnection(host, port, headers)
        self.rng = random.Random(seed)  # noqa: S311 (a draw of labels, no secret)
        self.ahead = ahead
        self.give_up_at = float("inf")
        self.seen = Seen()
        self.hand: list[dict[str, Any]] = []

    def run(self, until: float) -> None:
        self.give_up_at = until + PATIENCE
        while time.perf_counter() < until and self.cycle():
            pass

    def cycle(self) -> bool:
        """One vote acknowledged and the next glitch here, with the addresses of its pictures.

        False where nothing is left for this volunteer.
        """
        if not self.hand:
            self.start()
            if not self.hand:
                return False
        assignment = self.hand[0]
        key = str(uuid.UUID(int=self.rng.getrandbits(128)))
        vote = {
            "assignment": assignment["id"],
            "label": self.rng.choice(assignment["classes"]),
            "idempotency_key": key,
            "want": self.ahead,
        }
        started = time.perf_counter()
        answer = self.ask_until_answered("POST", "/api/v1/votes", vote)
        if answer is None:
            self.seen.given_up.append(key)
            self.hand = []
            return True
        self.seen.acknowledged.append(key)
        self.seen.cycles.append(time.perf_counter() - started)
        self.hand = answer["next"]["assignments"] if answer["next"] else []
        return True

    def start(self) -> None:
        answer = self.ask_until_answered("GET", f"/api/v1/next?want={self.ahead}")
        self.hand = answer["assignments"] if answer else []

    def ask_until_answered(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """The answer, after as many tries as it takes; None where it was refused for good."""
        while time.perf_counter() < self.give_up_at:
            try:
                status, answer = self.ask(method, path, body)
            except (OSError, json.JSONDecodeError) as error:
                self.note(type(error).__name__)
                self.connection.close()
            else:
                if status < 300:
                    return answer
                self.note(str(status))
                if status < 500 and status != 429:
                    return None
            time.sleep(BETWEEN_TRIES)
        return None

    def ask(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        status, content = self.connection.ask(method, path, data)
        return status, json.loads(content)

    def note(self, refusal: str) -> None:
        self.seen.refused[refusal] = self.seen.refused.get(refusal, 0) + 1


def main() -> int:
    plan = json.load(sys.stdin)
    clients = [
        VotingClient(plan["host"], plan["port"], cookie, seed, plan["ahead"])
        for seed, cookie in enumerate(plan["cookies"], start=plan["seed"])
    ]
    for client in clients:
        client.start()
    started, busy = time.perf_counter(), time.process_time()
    threads = [
        threading.Thread(target=client.run, args=(started + plan["seconds"],)) for client in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused: dict[str, int] = {}
    for client in clients:
        for status, count in client.seen.refused.items():
            refused[status] = refused.get(status, 0) + count
    result = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - busy,
        "cycles": [cycle for client in clients for cycle in client.seen.cycles],
        "acknowledged": [key for client in clients for key in client.seen.acknowledged],
        "given_up": [key for client in clients for key in client.seen.given_up],
        "refused": refused,
    }
    sys.stdout.write(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
