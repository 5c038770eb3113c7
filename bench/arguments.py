"""What benchmarks are given, looked at before the hours that they take."""

from argparse import ArgumentTypeError
from pathlib import Path

from ml.errors import MLError
from ml.vision.recipes import find_recipe


def results_file(text: str) -> Path:
    """A file that can be written; it is there from then on, empty where it is new."""
    path = Path(text)
    try:
        path.open("a").close()
    except OSError as error:
        raise ArgumentTypeError(f"{path} cannot be written: {error.strerror}") from error
    return path


def present_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ArgumentTypeError(f"there is no file {path}")
    return path


def from_one(text: str) -> int:
    """A whole number from 1.

    >>> from_one("3")
    3
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def network_recipe(text: str) -> str:
    """The name of a recipe that trains a network of its own."""
    try:
        is_ensemble = find_recipe(text).is_ensemble
    except MLError as error:
        raise ArgumentTypeError(str(error)) from error
    if is_ensemble:
        raise ArgumentTypeError(f"{text} trains no network: name the recipes of its members")
    return text
