"""Command line: make a simulated set, or a contact sheet of one."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ml.errors import MLError
from ml.pictures import DURATIONS
from ml.strain.contact_sheet import contact_sheet
from ml.strain.counts import DEMO, balanced, imbalanced
from ml.strain.dataset import simulate_dataset
from ml.strain.render import ENERGY_SHOWN, RUN
from ml.strain.waveforms import WAVEFORMS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it did what was asked, 2 if the input was at fault, 130 if stopped."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except MLError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the same command goes on from here.\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.strain", description=__doc__)
    commands = parser.add_subparsers(required=True)

    make = commands.add_parser("make", help="simulate glitches and render their pictures")
    make.add_argument("folder", type=Path)
    make.add_argument("--seed", type=int, default=1)
    make.add_argument("--processes", type=int, default=2)
    make.add_argument(
        "--count",
        action="append",
        type=_count,
        metavar="CLASS=N",
        help="may be given again and again; without it the demo's set. Classes: "
        + ", ".join(WAVEFORMS),
    )
    make.add_argument(
        "--each", type=int, metavar="N", help="N of the 22 classes and the five planted ones each"
    )
    make.add_argument(
        "--like-training-set",
        type=int,
        metavar="N",
        help="N of the 22 classes, as unevenly as in Gravity Spy's training set, and planted ones",
    )
    make.add_argument("--run", choices=ENERGY_SHOWN, default=RUN, help="whose pictures to make")
    make.set_defaults(command=_make)

    sheet = commands.add_parser("sheet", help="one picture of many, simulated beside real")
    sheet.add_argument("folder", type=Path, help="a set that 'make' has made")
    sheet.add_argument("output", type=Path, help="the PNG to write")
    sheet.add_argument("--real", type=Path, help="folder of real pictures, by class")
    sheet.add_argument("--duration", type=float, choices=DURATIONS, default=1.0)
    sheet.add_argument("--columns", type=int, default=6)
    sheet.set_defaults(command=_sheet)
    return parser


def _count(text: str) -> tuple[str, int]:
    label, _, number = text.partition("=")
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not CLASS=NUMBER")
    return label, int(number)


def _make(options: argparse.Namespace) -> int:
    report = simulate_dataset(
        options.folder,
        _counts(options),
        seed=options.seed,
        processes=options.processes,
        run=options.run,
        on_progress=_show_progress,
    )
    sys.stderr.write("\n")
    sys.stdout.write(f"{report.made} glitches made, {report.kept} kept; {report.table}\n")
    return 0


def _counts(options: argparse.Namespace) -> dict[str, int]:
    """What was asked for; single counts go before those of a whole set."""
    counts: dict[str, int] = {}
    if options.each is not None:
        counts |= balanced(options.each)
    if options.like_training_set is not None:
        counts |= imbalanced(options.like_training_set)
    return counts | dict(options.count or ()) or DEMO


def _show_progress(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done} of {total} glitches")
    sys.stderr.flush()


def _sheet(options: argparse.Namespace) -> int:
    picture = contact_sheet(
        options.folder, options.real, duration=options.duration, columns=options.columns
    )
    picture.save(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
