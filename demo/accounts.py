"""The demo's accounts, as manage.py create_accounts reads them."""

import csv
import io

from demo.volunteers import CROWD_SIZE

# Experience is drawn, not earned in the demo's minutes: most know every class, some begin.
LEVELS = (6, 6, 6, 6, 5, 6, 6, 4, 6, 3, 6, 6, 5, 2, 1)


def account_table() -> str:
    """CSV: a person of each kind, the simulated reviewer and the simulated crowd."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["username", "role", "level", "simulated"])
    table.writerow(["volunteer", "volunteer", 1, 0])
    table.writerow(["reviewer", "reviewer", 6, 0])
    table.writerow(["simulated-reviewer", "reviewer", 6, 1])
    table.writerow(["pipeline", "pipeline", 1, 0])
    for number in range(1, CROWD_SIZE + 1):
        level = LEVELS[number % len(LEVELS)]
        table.writerow([f"simulated-{number:03d}", "volunteer", level, 1])
    return text.getvalue()
