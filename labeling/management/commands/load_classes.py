"""manage.py load_classes"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand

from labeling.models import GlitchClass, Workflow
from labeling.services.classes import load_gravity_spy


class Command(BaseCommand):
    help = """Load Gravity Spy's glitch classes and volunteer levels. Safe to run again.

Examples:
  manage.py load_classes
  manage.py load_classes --without Whistle
  manage.py load_classes --also Fast_Scattering Blip_Low_Frequency
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--without", nargs="*", default=[], metavar="LABEL")
        parser.add_argument("--also", nargs="*", default=[], metavar="LABEL")

    def handle(self, *args: Any, **options: Any) -> None:
        load_gravity_spy(without=options["without"], also=options["also"])
        self.stdout.write(
            f"{GlitchClass.objects.count()} glitch classes, {Workflow.objects.count()} levels."
        )
