"""manage.py train"""

import json
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.selectors.runs import find_training
from labeling.services.training import request_training
from ml.errors import MLError
from ml.vision.recipes import RECIPES
from ml.vision.weights import missing_weights

POLL_SECONDS = 1.0


class Command(BaseCommand):
    help = """Train the classifier by a recipe, on gold labels and consensus.

The candidate goes live only if it beats the version in use. A worker on the queue `gpu` trains;
with --here this process does.

Examples:
  manage.py train --list                                # the recipes, and which weights are missing
  manage.py train --recipe nota-cpu                     # ask, and follow the worker
  manage.py train --recipe george-vgg16 --set epochs=20 --set minibatch=64
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
        parser.add_argument("--reason", default="asked for on the command line")
        parser.add_argument("--list", action="store_true", help="show the recipes and end")
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--here", action="store_true", help="train in this process")
        group.add_argument("--no-wait", action="store_true", help="ask, and do not follow")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        changes = _changes(options["set"])
        if options["random_weights"]:
            changes["weights"] = "imagenet or random"
        try:
            run = request_training(None, options["reason"], changes, recipe=options["recipe"])
        except (LabelingError, MLError) as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal
        self.stdout.write(f"Training {run.pk} by {run.settings['recipe']} is asked for.")
        if options["no_wait"]:
            return
        if options["here"]:
            _train_here(run)
        self._follow(run)

    def _list(self) -> None:
        for recipe in RECIPES.values():
            missing = missing_weights(recipe)
            note = f"\n    {missing} is not in NOTA_WEIGHTS" if missing else ""
            self.stdout.write(f"{recipe.name}: {recipe.title}\n    {recipe.source}{note}")

    def _follow(self, asked: TrainingRun) -> None:
        """Show progress until the run has ended; CommandError if it failed."""
        shown = ""
        while True:
            run = find_training(asked.pk)
            line = f"{run.progress:4.0%} {run.stage or 'waiting for a worker'}"
            if line != shown:
                self.stdout.write(line)
                self.stdout.flush()
                shown = line
            if run.state not in {Run.State.REQUESTED, Run.State.RUNNING}:
                break
            time.sleep(POLL_SECONDS)
        if run.state != Run.State.SUCCEEDED:
            raise CommandError(f"Training {run.pk} {run.state}. {run.error_code}: {run.error}")
        version = run.model_version
        self.stdout.write(f"It made {version}, {version.state}: {version.decision_reason}")
        for note in version.metrics.get("notes", []):
            self.stdout.write(f"Note: {note}")


def _changes(pairs: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` with values as JSON has them: 3, 0.5, true, [1.0, 4.0]; else a word."""
    changes: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--set {pair}: write KEY=VALUE, as in --set epochs=3.")
        try:
            changes[key] = json.loads(value)
        except json.JSONDecodeError:
            changes[key] = value
    return changes


def _train_here(run: TrainingRun) -> None:
    """What a worker would do, by its name: commands know no tasks."""
    from labeling.celery import app

    app.loader.import_default_modules()
    app.tasks[jobs.RUN_TRAINING].apply(kwargs={"run_id": run.pk}, throw=True)
