"""Settings as people type them, one KEY=VALUE each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ml.vision.errors import BadSettings


def parse_changes(lines: Iterable[str]) -> dict[str, Any]:
    """Settings by their names, for :func:`ml.vision.recipes.settings_for`, which checks them.

    A value is what JSON makes of it (3, 0.5, true, [1.0, 4.0]), else a word. Empty lines count for
    nothing. Raises :class:`BadSettings` for a line that is no KEY=VALUE and for a key given twice.

    >>> parse_changes(["epochs=20", "split = in time", "durations=[4.0]"])
    {'epochs': 20, 'split': 'in time', 'durations': [4.0]}
    """
    changes: dict[str, Any] = {}
    for line in filter(None, map(str.strip, lines)):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not (key and equals and value):
            raise BadSettings(
                f"{line!r} is no setting: write KEY=VALUE, as in epochs=3.", key=key, line=line
            )
        if key in changes:
            raise BadSettings(f"The training setting {key!r} is given twice.", key=key)
        changes[key] = _value(value)
    return changes


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
