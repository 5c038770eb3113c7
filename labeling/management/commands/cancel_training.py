"""manage.py cancel_training"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.errors import LabelingError
from labeling.selectors.runs import live_training
from labeling.services.cancelling import cancel_training


class Command(BaseCommand):
    help = """Cancel the training that is asked for or under way; its worker stops within seconds.

Example:
  manage.py cancel_training         # the only one there can be
  manage.py cancel_training 7       # if that is still the one
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("number", type=int, nargs="?", metavar="NUMBER")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["number"]
        if number is None:
            live = live_training()
            if live is None:
                raise CommandError("No training is under way.")
            number = live.pk
        try:
            cancel_training(number, by=None)
        except LabelingError as refusal:
            raise CommandError(f"{refusal} [{refusal.code}]") from refusal
        self.stdout.write(f"Training {number} is cancelled.")
