"""``make demo``: the whole loop on embedded servers, ending with the site up."""

import argparse
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from demo import commands
from demo.accounts import account_table
from demo.client import ApiError
from demo.console import Screen
from demo.cycle import Cycle, CycleError
from demo.memory import PeakMemory
from demo.plan import Plan, PlanError, make_plan, write_plan
from demo.processes import STOP_SIGNALS, ProcessesError, Supervisor, free_port
from demo.summary import print_summary
from labeling.embedded import (
    EmbeddedError,
    default_folder,
    start_postgres,
    start_valkey,
    state,
)
from labeling.embedded.state import write_private
from ml.errors import MLError
from ml.strain.counts import DEMO
from ml.strain.dataset import simulate_dataset

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = """examples:
  python -m demo
  python -m demo --data ../shared/data/spectrograms --hold-out Whistle
  python -m demo --review me        # stops at the proposals: you decide in the browser
"""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    screen = Screen()
    # Until the supervisor takes over; a shell's background job starts with SIGINT ignored.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        run_demo(options, screen)
    except KeyboardInterrupt:
        screen.say("\nStopped. `make demo` goes on from here; `make demo-reset` starts anew.")
        return 130
    except (PlanError, ProcessesError, EmbeddedError, MLError) as error:
        screen.console.print(f"[red]{error}[/red] ({error.code})", markup=True)
        return 1
    except (CycleError, ApiError, requests.RequestException, StepError) as error:
        screen.console.print(f"[red]{error}[/red]")
        return 1
    return 0


class StepError(Exception):
    """A command of the demo that failed, with the end of what it said."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="pictures, one subfolder a class")
    parser.add_argument("--hold-out", metavar="LABEL", help="the class to play the unknown one")
    parser.add_argument("--review", choices=["me", "simulated"], default="simulated")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exit", action="store_true", help="stop the site when the cycle is done")
    return parser


def run_demo(options: argparse.Namespace, screen: Screen) -> None:
    """Start everything, run the cycle, and stay up until Ctrl-C."""
    folder = default_folder()
    with contextlib.ExitStack() as stack:
        port = free_port(options.port)
        site = f"http://127.0.0.1:{port}"
        plan = _plan(options, folder, screen)
        write_plan(plan, folder / "demo")
        screen.keep_seconds(folder / "demo" / "seconds.json")
        memory, settings = _start_servers(stack, folder, port, screen)
        password = _password(folder)
        with screen.stage("prepare", "Migrating, loading classes and levels, accounts"):
            _prepare(plan, folder, settings, password)
        with screen.stage("import", "Importing glitches"):
            _import(plan, folder, settings)
        processes = commands.processes(folder, port=port, settings=settings)
        supervisor = Supervisor(processes, folder, say=screen.say, address=site)
        stack.enter_context(supervisor)
        with screen.stage("start", "Starting the site, the workers and beat"):
            supervisor.start()
        screen.say(f"  the site is up at [bold]http://localhost:{port}[/bold]")
        cycle = Cycle(site, plan, folder / "demo", screen, password)
        _play(cycle, options, screen, f"http://localhost:{port}", password)
        report = _report(cycle, screen, memory, folder, by_person=options.review == "me")
        print_summary(screen, report, plan, f"http://localhost:{port}", password, folder)
        if not options.exit:
            screen.say("Ctrl-C stops everything.")
            supervisor.wait()


def _plan(options: argparse.Namespace, folder: Path, screen: Screen) -> Plan:
    if options.data is not None:
        return make_plan(
            options.data.resolve(), simulated=False, hold_out=options.hold_out, seed=options.seed
        )
    pictures = folder / "cache" / "simulated" / f"seed-{options.seed}"
    with screen.stage("render", "Simulating glitches and rendering their spectrograms") as tell:
        simulate_dataset(
            pictures,
            DEMO,
            seed=options.seed,
            on_progress=lambda done, of: tell(done / of, f"{done} of {of} glitches"),
        )
    return make_plan(pictures, simulated=True, hold_out=options.hold_out, seed=options.seed)


def _start_servers(
    stack: contextlib.ExitStack, folder: Path, port: int, screen: Screen
) -> tuple[PeakMemory, dict[str, str]]:
    """The servers named by the environment, else embedded ones; the settings of all processes."""
    urls = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    with screen.stage("servers", "Starting Postgres and Valkey"):
        for name, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_valkey)):
            if not urls[name]:
                handle = stack.enter_context(start(folder))
                urls[name] = handle.url
    settings = commands.environment(
        folder, port=port, database_url=urls["DATABASE_URL"], redis_url=urls["REDIS_URL"]
    )
    # Thirty simulated volunteers log in from one address within seconds.
    settings["NOTA_THROTTLE_LOG_IN"] = "600/min"
    pids = [found.pid for kind in ("postgres", "valkey") if (found := state.load(folder, kind))]
    return stack.enter_context(PeakMemory(pids)), settings


def _password(folder: Path) -> str:
    """The one password of the demo's accounts, drawn at its first run."""
    path = folder / "demo" / "password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(9))
    return path.read_text()


def _manage(settings: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """Run manage.py; raises StepError with the end of its output where it fails."""
    done = subprocess.run(  # noqa: S603 (our own commands, no shell)
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | settings,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise StepError(f"manage.py {arguments[0]} failed:\n" + "\n".join(said))
    return done.stdout


def _prepare(plan: Plan, folder: Path, settings: dict[str, str], password: str) -> None:
    _manage(settings, *commands.commands()["migrate"][2:])
    without = ["--without", *plan.hidden] if plan.hidden else []
    _manage(settings, "load_classes", "--also", *plan.known, *without)
    accounts = folder / "demo" / "accounts.csv"
    accounts.write_text(account_table())
    _manage(settings, "create_accounts", "--file", str(accounts), stdin=password)


def _import(plan: Plan, folder: Path, settings: dict[str, str]) -> None:
    demo = folder / "demo"
    metadata = plan.pictures / "metadata.csv"
    _manage(
        settings,
        "import_glitches",
        str(plan.pictures),
        *("--only", str(demo / "votable.txt"), "--gold", str(demo / "gold.csv")),
        *(("--metadata", str(metadata)) if metadata.exists() else ()),
    )


def _play(
    cycle: Cycle, options: argparse.Namespace, screen: Screen, address: str, password: str
) -> None:
    """The stages in their order; each does nothing where its work is done."""
    by_person = options.review == "me"
    cycle.push_reserved()
    cycle.train("train_first", "Training on gold labels alone", at_least=1, reason="first gold")
    cycle.wait_for_scores("score")
    cycle.vote()
    cycle.train(
        "train_consensus", "Training on gold and consensus", at_least=2, reason="new consensus"
    )
    cycle.wait_for_scores("score")
    cycle.discover()
    if by_person:
        _invite(screen, address, password)
        cycle.wait_for_reviewer("review", "proposed", "Waiting for your decisions")
    else:
        cycle.review()
    cycle.vote_on_batches()
    if by_person:
        cycle.wait_for_reviewer("birth", "in_vote", "Waiting for you to conclude the votes")
    else:
        cycle.conclude()
    cycle.train_born()
    cycle.wait_for_scores("score")


def _invite(screen: Screen, address: str, password: str) -> None:
    import webbrowser

    page = f"{address}/review/proposals/"
    screen.say(f"\n[bold]Your turn:[/bold] log in as reviewer / {password} at {page}\n")
    webbrowser.open(page)


def _report(
    cycle: Cycle, screen: Screen, memory: PeakMemory, folder: Path, *, by_person: bool
) -> dict[str, Any]:
    """Measure and write ``var/demo/report.json``; a second demo keeps the first cycle's times."""
    path = folder / "demo" / "report.json"
    report = cycle.figures()
    cost: dict[str, Any] = {
        "seconds": screen.seconds,
        "peak_mb": round(memory.peak_mb),
        "simulated_reviewer": not by_person,
    }
    if path.exists():
        earlier = json.loads(path.read_text())
        cost = {key: earlier.get(key, value) for key, value in cost.items()}
    else:
        cost["seconds"] = screen.seconds | {"total": round(sum(screen.seconds.values()), 1)}
    report = {"made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())} | cost | report
    report["simulated_glitches"] = cycle.plan.simulated
    report["simulated_volunteers"] = True
    report["seed"] = cycle.plan.seed
    path.write_text(json.dumps(report, indent=1) + "\n")
    return report


if __name__ == "__main__":
    sys.exit(main())
