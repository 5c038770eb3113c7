"""The load of ``bench.votes``: volunteers who vote as fast as they are answered, over HTTP.

Run as a process of its own: ``python -m bench.votes_load`` reads one JSON object from standard
input (address, cookies, labels, seconds) and writes one with what it saw.
"""

import http.client
import json
import random
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field

CSRF = "c" * 32


@dataclass
class Seen:
    """What one client saw: seconds of each cycle, votes acknowledged, refusals by status."""

    cycles: list[float] = field(default_factory=list)
    acknowledged: int = 0
    refused: dict[str, int] = field(default_factory=dict)


class VotingClient:
    """One connection of one logged-in volunteer."""

    def __init__(self, host: str, port: int, cookie: str, seed: int, ahead: int) -> None:
        self.address = (host, port)
        self.connection = http.client.HTTPConnection(host, port, timeout=30)
        self.headers = {
            "Cookie": f"sessionid={cookie}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        self.rng = random.Random(seed)  # noqa: S311 (a draw of labels, no secret)
        self.ahead = ahead
        self.seen = Seen()
        self.hand: list[dict] = []

    def ask(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        data = json.dumps(body) if body is not None else None
        self.connection.request(method, path, data, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else {}

    def start(self) -> None:
        _, answer = self.ask("GET", f"/api/v1/next?want={self.ahead}")
        self.hand = answer["assignments"]

    def cycle(self) -> bool:
        """One vote acknowledged and the next glitch here, with the addresses of its pictures."""
        if not self.hand:
            self.start()
            if not self.hand:
                return False
        assignment = self.hand[0]
        vote = {
            "assignment": assignment["id"],
            "label": self.rng.choice(assignment["classes"]),
            "idempotency_key": str(uuid.UUID(int=self.rng.getrandbits(128))),
            "want": self.ahead,
        }
        started = time.perf_counter()
        status, answer = self.ask("POST", "/api/v1/votes", vote)
        if status not in {200, 201}:
            self.seen.refused[str(status)] = self.seen.refused.get(str(status), 0) + 1
            self.hand = []
            return status == 429 or status >= 500
        self.hand = answer["next"]["assignments"]
        self.seen.cycles.append(time.perf_counter() - started)
        self.seen.acknowledged += int(answer["created"])
        return True

    def run(self, until: float) -> None:
        while time.perf_counter() < until:
            try:
                if not self.cycle():
                    return
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                name = type(error).__name__
                self.seen.refused[name] = self.seen.refused.get(name, 0) + 1
                self.connection.close()
                time.sleep(0.05)


def main() -> int:
    plan = json.load(sys.stdin)
    clients = [
        VotingClient(plan["host"], plan["port"], cookie, seed, plan["ahead"])
        for seed, cookie in enumerate(plan["cookies"], start=plan["seed"])
    ]
    for client in clients:
        client.start()
    started = time.perf_counter()
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
        "cycles": [cycle for client in clients for cycle in client.seen.cycles],
        "acknowledged": sum(client.seen.acknowledged for client in clients),
        "refused": refused,
    }
    sys.stdout.write(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
