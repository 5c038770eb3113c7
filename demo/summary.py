"""The one screen that the demo ends with."""

from pathlib import Path
from typing import Any

from rich.table import Table

from demo.console import Screen
from demo.plan import Plan


def print_summary(
    screen: Screen, report: dict[str, Any], plan: Plan, address: str, password: str, folder: Path
) -> None:
    """Address, how to log in, what was discovered, the figures, where to look next."""
    screen.say(f"\n[bold]Nota is up at {address}[/bold]")
    screen.say(f"  log in as [bold]volunteer[/bold] or [bold]reviewer[/bold] / {password}")
    kind = "simulated glitches" if plan.simulated else f"glitches of {plan.pictures}"
    reviewer = "simulated reviewer" if report["simulated_reviewer"] else "reviewed by you"
    screen.say(f"  {kind}, simulated volunteers, {reviewer}\n")
    screen.console.print(_classes(report))
    screen.console.print(_figures(report))
    screen.say("  look next:")
    for page, what in (
        ("/label/", "vote yourself"),
        ("/review/proposals/", "what was proposed, and what came of it"),
        ("/review/models/", "model versions, learning curves, confusion"),
        ("/review/system/", "workers, queues, errors"),
        ("/api/v1/docs/", "the REST API"),
    ):
        screen.say(f"    {address}{page}  {what}")
    screen.say(f"  the figures: {folder / 'demo' / 'report.json'}; the logs: {folder / 'log'}\n")


def _classes(report: dict[str, Any]) -> Table:
    table = Table("unknown class", "proposal", "purity", "recall", "confirmed", "F1 afterwards")
    for label, found in report["classes"].items():
        table.add_row(
            label,
            f"{found.get('proposal', '-')} {found.get('state', 'not found')}",
            _share(found["proposal_purity"]),
            _share(found["proposal_recall"]),
            str(found["confirmed"]),
            f"{found['f1']:.2f}",
        )
    return table


def _figures(report: dict[str, Any]) -> Table:
    before, after = report["classifier"]["before"], report["classifier"]["after"]
    table = Table("figure", "measured")
    table.add_row("votes a retired glitch", str(report["votes_per_retired_glitch"]))
    table.add_row("consensus accuracy", _share(report["consensus_accuracy"]))
    table.add_row("without consensus", str(report["no_consensus"]))
    for key, name in (("accuracy", "accuracy"), ("macro_f1", "macro F1")):
        table.add_row(f"{name} on held-out glitches", f"{before[key]:.3f} -> {after[key]:.3f}")
    table.add_row("seconds, all stages", str(report["seconds"].get("total", "-")))
    table.add_row("peak memory, MB", str(report["peak_mb"]))
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
