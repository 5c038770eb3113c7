"""``python -m bench``: which benchmarks there are."""

import ast
import re
from pathlib import Path

COMMAND = re.compile(r"``(python -m bench\.\w+)``: (.+)")


def benchmarks() -> dict[str, str]:
    """What each benchmark's first line says of it, by command."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        said = COMMAND.match(ast.get_docstring(ast.parse(path.read_text())) or "")
        if said:
            found[said[1]] = said[2]
    return found


def main() -> None:
    for command, said in benchmarks().items():
        print(f"  {command:28} {said}")
    print("Each takes --help. What they printed here stands in docs: figures, classifier, judging.")


if __name__ == "__main__":
    main()
