"""Simulated volunteers, named so: they log in, look (at the hidden truth) and vote over HTTP."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from demo.client import ApiError, Client
from ml.crowd.simulate import SimulatedVolunteer, draw_crowd

CROWD_SIZE = 30
NONE_OF_THE_ABOVE = "None_of_the_Above"
CONNECTIONS = 4


def draw(classes: Sequence[Mapping[str, Any]], seed: int) -> list[SimulatedVolunteer]:
    """The crowd over the classes that the site offers, errors mostly between their twins."""
    labels = [c["label"] for c in classes]
    twins = {c["label"]: c["confused_with"] for c in classes}
    return draw_crowd(CROWD_SIZE, labels, twins, np.random.default_rng(seed))


class Volunteer:
    """One simulated volunteer at the site."""

    def __init__(
        self,
        skill: SimulatedVolunteer,
        client: Client,
        truth: Mapping[str, str],
        seed: int,
    ) -> None:
        self.skill = skill
        self.client = client
        self.truth = truth
        self.rng = np.random.default_rng([seed, int(skill.name.rsplit("-", 1)[1])])

    def vote_once(self) -> bool:
        """Get a glitch and answer; False where nothing is left for this volunteer."""
        assignments = self.client.get("next", want=1)["assignments"]
        if not assignments:
            return False
        assignment = assignments[0]
        key = str(uuid.UUID(bytes=self.rng.bytes(16), version=4))
        answer = self._answer(assignment)
        self.client.post("votes", assignment=assignment["id"], idempotency_key=key, **answer)
        return True

    def _answer(self, assignment: Mapping[str, Any]) -> dict[str, Any]:
        label = self.truth[assignment["glitch"]["gravityspy_id"]]
        if assignment["question"] == "alike":
            shown = [self.truth[r["gravityspy_id"]] for r in assignment["references"]]
            most = max(set(shown), key=shown.count)
            return {"alike": self.skill.says_alike(label == most, self.rng)}
        offered = assignment["classes"]
        return {"label": self.skill.answer(label, offered, NONE_OF_THE_ABOVE, self.rng)}


class Crowd:
    """All volunteers, voting over a few connections until ``done`` says so or is asked to stop."""

    def __init__(self, volunteers: Sequence[Volunteer]) -> None:
        self.volunteers = volunteers
        self.votes = 0
        self.error: Exception | None = None
        self._stop = threading.Event()

    def vote_until(self, done: Callable[[], bool], poll_seconds: float = 0.5) -> None:
        """Raises what a volunteer's thread met; returns when ``done()`` or all have run dry."""
        self._stop.clear()
        threads = [
            threading.Thread(target=self._run, args=(self.volunteers[i::CONNECTIONS],), daemon=True)
            for i in range(CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads) and not done():
                time.sleep(poll_seconds)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(timeout=90)
        if self.error is not None:
            raise self.error

    def _run(self, volunteers: Sequence[Volunteer]) -> None:
        try:
            while not self._stop.is_set():
                voted = [self._vote(volunteer) for volunteer in volunteers]
                if not any(voted):
                    time.sleep(0.5)
        except Exception as error:  # noqa: BLE001 (handed to the main thread, which raises it)
            self.error = error
            self._stop.set()

    def _vote(self, volunteer: Volunteer) -> bool:
        if self._stop.is_set():
            return False
        try:
            voted = volunteer.vote_once()
        except ApiError as error:
            if error.status not in {404, 409, 429}:
                raise
            return False  # the site said no to this one, as it may: the next one is asked for
        self.votes += voted
        return voted
