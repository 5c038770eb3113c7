"""One whole cycle through the real interfaces: HTTP for people and pipelines, Celery for work.

Every stage first looks at what the site says is done: so a cycle that was interrupted goes on,
and a second one adds nothing.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo import figures
from demo.client import Client
from demo.console import Screen, Tell
from demo.plan import Plan
from demo.reviewer import Reviewer
from demo.volunteers import Crowd, Volunteer, draw

POLL_SECONDS = 1.0
UPLOAD_AT_ONCE = 10
LIVE = ("requested", "running")


class CycleError(Exception):
    """A stage that cannot go on; the message says what to look at."""


class Cycle:
    """The players at one site. ``folder``: where the cycle keeps its own figures."""

    def __init__(self, site: str, plan: Plan, folder: Path, screen: Screen, password: str) -> None:
        self.plan = plan
        self.folder = folder
        self.screen = screen
        self.site = site
        self.password = password
        self.pipeline = self._client("pipeline")
        self.reviewer = Reviewer(self._client("simulated-reviewer"), plan.truth)
        self.crowd: Crowd | None = None

    def _client(self, username: str) -> Client:
        client = Client(self.site)
        client.log_in(username, self.password)
        return client

    # Import

    def push_reserved(self) -> None:
        """A pipeline pushes the glitches kept for the report, over the API."""
        files: dict[str, list[Path]] = {}
        for path in sorted(self.plan.pictures.glob("*/*_spectrogram_*.png")):
            gravityspy_id = path.name.split("_")[1]
            if gravityspy_id in self.plan.reserved:
                files.setdefault(gravityspy_id, []).append(path)
        ids = sorted(files)
        title = "A pipeline pushes held-out glitches over the API"
        with self.screen.stage("import", title) as tell:
            # Whole glitches in each request: one that came in parts would be two.
            for start in range(0, len(ids), UPLOAD_AT_ONCE):
                chunk = ids[start : start + UPLOAD_AT_ONCE]
                pictures = [path for i in chunk for path in files[i]]
                metadata = self._metadata(chunk)
                answer = self.pipeline.upload("glitches/bulk", pictures, metadata=metadata)
                if answer["bad"]:
                    raise CycleError(f"The site refused pictures: {answer['bad'][:3]}")
                tell(start / len(ids), f"{start + len(chunk)} of {len(ids)} glitches")

    def _metadata(self, ids: list[str]) -> str:
        return json.dumps(
            [
                {"gravityspy_id": i, "is_reserved": True, "is_simulated": self.plan.simulated}
                for i in ids
            ]
        )

    # Training and scoring

    def train(self, key: str, title: str, *, at_least: int, reason: str) -> None:
        """See to it that ``at_least`` trainings have ended well; ask for one where none is live."""
        with self.screen.stage(key, title) as tell:
            runs = list(self.pipeline.pages("training-runs"))
            live = next((r for r in runs if r["state"] in LIVE), None)
            if live is None and sum(r["state"] == "succeeded" for r in runs) >= at_least:
                tell(1.0, "done before")
                return
            run = live or self.pipeline.post("training-runs", reason=reason)
            self._watch_run(f"training-runs/{run['id']}", tell)
        self._say_decision()

    def train_born(self) -> None:
        """Until the version in use knows every class that was born; births ask for it themselves.

        Classes born while a training ran are known by the next one, which the sweep asks for.
        """
        title = "Training with the classes that were born"
        with self.screen.stage("train_born", title) as tell:
            until = time.monotonic() + 60 * 20
            while unknown := self._born() - self._known():
                if time.monotonic() > until:
                    raise CycleError(
                        f"No training made {', '.join(sorted(unknown))} known; see "
                        f"{self.site}/review/models/ for why."
                    )
                runs = self.pipeline.pages("training-runs")
                live = next((r for r in runs if r["state"] in LIVE), None)
                if live is not None:
                    self._watch_run(f"training-runs/{live['id']}", tell)
                time.sleep(POLL_SECONDS)
        self._say_decision()

    def _born(self) -> set[str]:
        accepted = self.pipeline.pages("proposals", state="accepted")
        return {p["born_class"] for p in accepted}

    def _known(self) -> set[str]:
        versions = self.pipeline.pages("model-versions", role="classifier", state="active")
        return {label for version in versions for label in version["classes"]}

    def _watch_run(self, path: str, tell: Tell) -> dict[str, Any]:
        while True:
            run: dict[str, Any] = self.pipeline.get(path)
            if run["state"] == "succeeded":
                return run
            if run["state"] not in LIVE:
                raise CycleError(f"{path} {run['state']}: {run['error']} [{run['error_code']}]")
            tell(run["progress"], run["stage"] or run["state"])
            time.sleep(POLL_SECONDS)

    def _say_decision(self) -> None:
        newest = next(self.pipeline.pages("model-versions", role="classifier"))
        live = "goes live" if newest["state"] == "active" else newest["state"].replace("_", " ")
        self.screen.say(f"  version {newest['number']} {live}: {newest['decision_reason']}")

    def wait_for_scores(self, key: str) -> None:
        """Until the active version has predicted every glitch that it can read."""
        with self.screen.stage(key, "The version in use scores every glitch") as tell:
            self._until(
                lambda s: s["scored"] + s["unreadable"] >= s["glitches"],
                tell,
                self._scored,
                minutes=10,
            )

    @staticmethod
    def _scored(status: dict[str, Any]) -> tuple[float, str]:
        done, of = status["scored"], status["glitches"]
        return done / max(of, 1), f"{done} of {of} glitches"

    def _until(
        self,
        done: Callable[[dict[str, Any]], bool],
        tell: Tell,
        describe: Callable[[dict[str, Any]], tuple[float, str]],
        *,
        minutes: float,
    ) -> None:
        until = time.monotonic() + 60 * minutes
        while not done(status := self.pipeline.get("status")):
            if time.monotonic() > until:
                raise CycleError(
                    f"Nothing came to an end within {minutes:.0f} minutes; see the system page "
                    "and the logs under var/log."
                )
            tell(*describe(status))
            time.sleep(POLL_SECONDS)

    # Votes

    def _volunteers(self) -> Crowd:
        if self.crowd is None:
            classes = self.pipeline.get("classes")
            self.crowd = Crowd(
                [
                    Volunteer(skill, self._client(skill.name), self.plan.truth, self.plan.seed)
                    for skill in draw(classes, self.plan.seed)
                ]
            )
        return self.crowd

    def vote(self) -> None:
        """Simulated volunteers vote until no glitch is open; then the consensus is measured."""
        if (self.folder / "consensus.json").exists():
            return
        with self.screen.stage("vote", "Simulated volunteers vote over HTTP") as tell:
            tell(0.0, "logging in")
            crowd = self._volunteers()
            first = max(self.pipeline.get("status")["open"], 1)

            def settled() -> bool:
                left = self.pipeline.get("status")["open"]
                tell(1 - left / first, f"{crowd.votes} votes, {left} glitches open")
                return bool(left == 0)

            crowd.vote_until(settled)
        found = figures.consensus_figures(self.pipeline.text("labels.csv"), self.plan)
        (self.folder / "consensus.json").write_text(json.dumps(found))
        self.screen.say(
            f"  {found['retired_glitches']} glitches retired with "
            f"{found['votes_per_retired_glitch']} votes each; consensus is right for "
            f"{found['consensus_accuracy']:.1%}, {found['no_consensus']} without consensus"
        )

    # Discovery

    def discover(self) -> None:
        with self.screen.stage("discover", "Unknown glitches are embedded and clustered") as tell:
            runs = list(self.pipeline.pages("discovery-runs"))
            done = any(r["state"] == "succeeded" for r in runs)
            live = next((r for r in runs if r["state"] in LIVE), None)
            if done and live is None:
                return
            run = live or self.pipeline.post(
                "discovery-runs", reason="after the first votes", seed=self.plan.seed
            )
            self._watch_run(f"discovery-runs/{run['id']}", tell)
        count = len(list(self.pipeline.pages("proposals")))
        self.screen.say(f"  {count} proposed classes, shown at {self.site}/review/proposals/")

    def review(self) -> None:
        with self.screen.stage("review", "The simulated reviewer looks at the proposals"):
            said = self.reviewer.decide_proposals()
        for line in said:
            self.screen.say(f"  {line}")

    def wait_for_reviewer(self, key: str, state: str, what: str) -> None:
        """Until a person has left no proposal in ``state`` undecided."""
        with self.screen.stage(key, what) as tell:
            while left := self._waiting(state):
                tell(0.0, f"{left} to decide at {self.site}/review/proposals/")
                time.sleep(2 * POLL_SECONDS)

    def _waiting(self, state: str) -> int:
        return len(list(self.pipeline.pages("proposals", state=state)))

    def vote_on_batches(self) -> None:
        if not self._batches_open():
            return
        with self.screen.stage("batch", "Simulated volunteers answer: like these?") as tell:
            crowd = self._volunteers()

            def settled() -> bool:
                batches = self._batches_open()
                decided = sum(b["decided"] for b in batches)
                total = sum(b["total"] for b in batches)
                tell(decided / max(total, 1), f"{decided} of {total} glitches decided")
                return not batches

            crowd.vote_until(settled)

    def _batches_open(self) -> list[dict[str, Any]]:
        return [b for b in self.pipeline.get("status")["batches"] if b["open"]]

    def conclude(self) -> None:
        with self.screen.stage("birth", "The simulated reviewer concludes the votes"):
            said = self.reviewer.conclude_votes()
        for line in said:
            self.screen.say(f"  {line}")

    # Report

    def figures(self) -> dict[str, Any]:
        """The report's figures, but for seconds and memory."""
        versions = sorted(
            self.pipeline.pages("model-versions", role="classifier"), key=lambda v: v["number"]
        )
        active = next(v["number"] for v in versions if v["state"] == "active")
        before = self._held_out(versions[0]["number"])
        after = self._held_out(active)
        proposals = [
            self.pipeline.get(f"proposals/{p['id']}") for p in self.pipeline.pages("proposals")
        ]
        consensus = json.loads((self.folder / "consensus.json").read_text())
        return consensus | {
            "classifier": {"before": before, "after": after},
            "classes": {
                hidden: figures.class_figures(hidden, self.plan, proposals, after)
                for hidden in self.plan.hidden
            },
        }

    def _held_out(self, version: int) -> dict[str, Any]:
        predictions = self.pipeline.pages("predictions", version=version, reserved="true")
        return figures.held_out_figures(predictions, self.plan)
