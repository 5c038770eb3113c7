"""manage.py train"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from labeling import jobs
from labeling.errors import LabelingError
from labeling.management.following import follow
from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.selectors.broker import nobody_trains
from labeling.selectors.recipes import random_weights_for
from labeling.selectors.runs import failed_before, find_training, live_training
from labeling.services.resuming import resume_training
from labeling.services.training import request_training, settings_asked_for
from labeling.services.training_sets import learns_as_now
from ml.errors import MLError
from ml.vision.networks.weights import missing_weights
from ml.vision.recipes import RECIPES
from ml.vision.recipes.changes import parse_changes


class Command(BaseCommand):
    help = """Train the classifier by a recipe, on gold labels and consensus.

The candidate goes live only if it beats the version in use. A worker on the queue `gpu` trains;
with --here this process does. With --go-on a training under way is followed to its end first, also
one whose worker died, and the same one is not asked for a second time. Where it failed, it goes on
from its last checkpoint as long as those are kept.

Examples:
  manage.py train --list                                # the recipes, and which weights are missing
  manage.py train --recipe nota-cpu                     # ask, and follow the worker
  manage.py train --recipe george-vgg16 --set epochs=20 --set minibatch=64
  manage.py train --recipe nota-cpu --go-on             # after Ctrl-C: follow it again
  manage.py train --resume 7                            # one that failed: from its last checkpoint
  manage.py train --recipe george-resnet50 --random-weights --here
  manage.py train --recipe ensemble --set members=[3,5]
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--recipe", default="", help="its name; left out: the site's own")
        parser.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting"
        )
        parser.add_argument(
            "--random-weights",
            action="store_true",
            help="start from random weights where ImageNet's are missing",
        )
        parser.add_argument("--reason", default="", help="why, for those who read the list")
        parser.add_argument("--list", action="store_true", help="show the recipes and end")
        parser.add_argument(
            "--go-on",
            action="store_true",
            help="first follow what is under way to its end; go on with the same one if it failed",
        )
        parser.add_argument(
            "--same-glitches",
            action="store_true",
            help="with --go-on: only with a training of the glitches that one would learn from now",
        )
        parser.add_argument(
            "--resume",
            type=int,
            metavar="NUMBER",
            help="go on with a training that failed or was cancelled, as it was asked for then",
        )
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--here", action="store_true", help="train in this process")
        group.add_argument("--no-wait", action="store_true", help="ask, and do not follow")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        run = self._resume(options) if options["resume"] is not None else self._asked(options)
        if options["no_wait"]:
            return
        self._follow(run, here=options["here"])
        self._conclude(run, go_on=options["go_on"])

    def _asked(self, options: dict[str, Any]) -> TrainingRun:
        """The training wanted, asked for unless it is under way."""
        try:
            changes = parse_changes(options["set"])
        except MLError as refusal:
            raise CommandError(f"--set: {refusal}") from refusal
        if options["random_weights"]:
            changes |= self._random_weights(options["recipe"])
        begun = self._go_on(options, changes) if options["go_on"] else None
        return begun or self._request(options, changes)

    def _random_weights(self, recipe: str) -> dict[str, Any]:
        try:
            return random_weights_for(recipe)
        except MLError as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal

    def _resume(self, options: dict[str, Any]) -> TrainingRun:
        if any(options[name] for name in ("recipe", "set", "random_weights", "go_on", "reason")):
            raise CommandError(
                "A training that is gone on with keeps its recipe, settings and reason."
            )
        return self._resume_run(options["resume"])

    def _resume_run(self, number: int) -> TrainingRun:
        try:
            run = resume_training(number, by=None)
        except LabelingError as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal
        self.stdout.write(f"Training {run.pk} by {run.recipe} goes on.")
        return run

    def _request(self, options: dict[str, Any], changes: dict[str, Any]) -> TrainingRun:
        try:
            reason = options["reason"] or "asked for on the command line"
            run = request_training(None, reason, changes, recipe=options["recipe"])
        except (LabelingError, MLError) as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal
        self.stdout.write(f"Training {run.pk} by {run.recipe} is asked for.")
        return run

    def _go_on(self, options: dict[str, Any], changes: dict[str, Any]) -> TrainingRun | None:
        """The training wanted where it is under way or failed; another is followed to its end."""
        try:
            wanted = settings_asked_for(changes, recipe=options["recipe"])
        except (LabelingError, MLError) as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal
        run = live_training()
        if run is not None:
            name = f"Training {run.pk} by {run.recipe}"
            if run.settings in wanted and _fits(run, options):
                self.stdout.write(f"{name} is under way already; this follows it.")
                return run
            self.stdout.write(f"{name} is under way; this waits for its end.")
            self._follow(run, here=options["here"])
        failed = failed_before(wanted, timezone.now())
        if failed is None or not _fits(failed, options):
            return None
        self.stdout.write(f"Training {failed.pk} failed before ({failed.error_code}).")
        return self._resume_run(failed.pk)

    def _list(self) -> None:
        for recipe in RECIPES.values():
            missing = missing_weights(recipe)
            note = f"\n    {missing} is not in NOTA_WEIGHTS" if missing else ""
            self.stdout.write(f"{recipe.name}: {recipe.title}\n    {recipe.source}{note}")

    def _follow(self, run: TrainingRun, *, here: bool) -> None:
        follow(run, jobs.RUN_TRAINING, self.stdout, here=here, why_idle=_why_idle)

    def _conclude(self, asked: TrainingRun, *, go_on: bool) -> None:
        """What came of it; CommandError if it failed."""
        run = find_training(asked.pk)
        if run.state != Run.State.SUCCEEDED:
            same = go_on and run.state == Run.State.FAILED
            again = "The same command" if same else f"manage.py train --resume {run.pk}"
            raise CommandError(
                f"Training {run.pk} {run.state}. {run.error_code}: {run.error}\n"
                f"{again} goes on with it."
            )
        version = run.model_version
        self.stdout.write(f"It made {version}, {version.state}: {version.decision_reason}")
        for note in version.metrics.get("notes", []):
            self.stdout.write(f"Note: {note}")


def _why_idle() -> str:
    why = nobody_trains()
    return f"{why} The same command with --go-on --here trains in this process." if why else ""


def _fits(run: TrainingRun, options: dict[str, Any]) -> bool:
    return not options["same_glitches"] or learns_as_now(run)
