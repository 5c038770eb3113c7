"""What ``make reproduce`` has found so far, kept in a file so that it goes on where it was."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class OtherSet(Exception):
    """The folder holds the figures of another set, or a file that is none of ours."""

    code = "other_set"


class State:
    """``recipes``: name -> its row: what it came ``of``, on which ``test`` it was judged, and
    version, figures, or the error that kept it from them.
    """

    def __init__(self, path: Path, data: Path, metadata: Path | None) -> None:
        """Raises :class:`OtherSet`."""
        self.path = path
        self.set = {"data": str(data), "metadata": str(metadata) if metadata else None}
        self.recipes: dict[str, dict[str, Any]] = {}
        if path.exists():
            self.recipes = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        advice = "name another folder with NOTA_VAR, or delete that one."
        try:
            stored = json.loads(self.path.read_text())
            recipes: dict[str, dict[str, Any]] = stored["recipes"]
        except (ValueError, KeyError, TypeError) as error:
            raise OtherSet(f"{self.path} cannot be read: {advice}") from error
        if stored["set"] != self.set:
            theirs = " with ".join(filter(None, stored["set"].values()))
            raise OtherSet(f"{self.path.parent} is about {theirs}: {advice}")
        return recipes

    def row(self, recipe: str, of: Mapping[str, Any], test: str) -> dict[str, Any]:
        """The row of a recipe, without what was found of another source or test.

        >>> state = State(Path("new.json"), Path("set"), None)
        >>> state.row("nota-cpu", {"changes": {}}, "a")["version"] = 1
        >>> state.row("nota-cpu", {"changes": {}}, "b")
        {'of': {'changes': {}}, 'test': 'b', 'version': 1}
        """
        row = self.recipes.get(recipe, {})
        kept = {"version": row["version"]} if row.get("of") == of and "version" in row else {}
        if kept and row.get("test") == test and "figures" in row:
            kept["figures"] = row["figures"]
        self.recipes[recipe] = {"of": dict(of), "test": test, **kept}
        return self.recipes[recipe]

    def versions(self, recipes: Iterable[str]) -> list[int]:
        """The model versions that came of these recipes, of those that have one."""
        rows = [self.recipes[recipe] for recipe in recipes]
        return [row["version"] for row in rows if "version" in row]

    def write(self) -> None:
        """All of it or nothing, also when killed."""
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"set": self.set, "recipes": self.recipes}, indent=1) + "\n")
        part.replace(self.path)
