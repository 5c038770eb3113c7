"""What bare Postgres does with a cycle's statements: pgbench on the rows of ``bench.votes``.

The same texts as the site runs, prepared as there, in the same order and transactions, with the
values of a pool vote; what the site computes in between is left out, and so every glitch stays
open.
"""

import hashlib
import re
import subprocess
import tempfile
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sessions.models import Session

from labeling.api.sessions import session_and_user
from labeling.embedded.postgres import programs
from labeling.models import ClassList, GlitchClass, User, Workflow
from labeling.selectors.assignments import OPEN
from labeling.services.lending import POOL
from labeling.services.standing import CAST, LOCK, READ_ASKED, WRITE_AGREED

CLIENTS = 8
# The site knows it from the answer before; a benchmark has to look.
KNOWN = (
    "SELECT id AS assignment, glitch_id AS glitch FROM labeling_assignment "
    "WHERE volunteer_id = :volunteer AND state = 'open' ORDER BY id LIMIT 1"
)


def postgres_cycles_per_s(seconds: float, database_url: str) -> float:
    """Cycles a second over ``CLIENTS`` connections. RuntimeError where pgbench fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_script())
        script.flush()
        _pgbench(database_url, script.name, "--transactions", "4")  # everybody holds some glitches
        said = _pgbench(database_url, script.name, "--time", str(max(1, round(seconds))))
    found = re.search(r"tps = ([0-9.]+)", said)
    if found is None:
        raise RuntimeError(f"pgbench said no figure: {said[-500:]}")
    return round(float(found.group(1)), 1)


def _pgbench(database_url: str, script: str, *how_long: str) -> str:
    server = urlsplit(database_url)
    done = subprocess.run(  # noqa: S603
        [
            str(programs() / "pgbench"),
            *(
                "--protocol",
                "prepared",
                "--no-vacuum",
                "--client",
                str(CLIENTS),
                "--jobs",
                "2",
                "--file",
                script,
            ),
            *("--host", server.hostname or "", "--port", str(server.port or 5432)),
            *("--username", server.username or "", *how_long, server.path.lstrip("/")),
        ],
        env={
            "PGPASSWORD": server.password or "",
            "PGOPTIONS": settings.DATABASES["default"]["OPTIONS"]["options"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed: {done.stderr[-1000:]}")
    return done.stdout


def _script() -> str:
    """One cycle; ``\\gset`` takes over what a row says, as the site does."""
    volunteers = list(User.objects.order_by("-pk").values_list("pk", flat=True)[: CLIENTS * 2])
    _open_sessions(volunteers)
    values = _values()
    statements = (
        (session_and_user().replace("%(key)s", "%(session)s"), None),
        (POOL, None),
        (KNOWN, ""),
        ("BEGIN", None),
        (LOCK, None),
        (READ_ASKED, "g_"),
        (CAST, None),
        (WRITE_AGREED, None),
        ("COMMIT", None),
        (OPEN, None),
    )
    lines = [
        f"\\set volunteer {min(volunteers)} + :client_id",
        "\\set start random(0, 999999)",
        "\\set key random(0, 999999999999999)",
    ]
    for text, prefix in statements:
        body = text.strip()
        for name, value in values.items():
            body = body.replace(f"%({name})s", value)
        # pgbench ends a statement with a semicolon, or with \gset where it takes the row over.
        lines.append(f"{body} \\gset {prefix}" if prefix is not None else f"{body};")
    return "\n".join(lines) + "\n"


def _open_sessions(volunteers: list[int]) -> None:
    """Sessions under keys that the script can compute, as long as a real one."""
    real = Session.objects.latest("expire_date")
    Session.objects.bulk_create(
        [
            Session(
                session_key=hashlib.md5(str(pk).encode(), usedforsecurity=False).hexdigest(),
                session_data=real.session_data,
                expire_date=real.expire_date,
            )
            for pk in volunteers
        ],
        ignore_conflicts=True,
    )


def _values() -> dict[str, str]:
    workflow = Workflow.objects.get(level=1)
    classes = GlitchClass.objects.count()
    offered = ClassList.objects.latest("pk")
    flat = "ARRAY[" + ",".join(["0.1"] * classes) + "]::float8[]"
    return {
        "volunteer": ":volunteer",
        "assignment": ":assignment",
        "glitch": ":glitch",
        "glitch_id": ":glitch",
        "session": "md5(:volunteer::text)",
        "key": "lpad(:key::text, 32, '0')::uuid",
        "user": ":volunteer",
        "now": "now()",
        "until": "now() + interval '5 minutes'",
        "start": ":start / 1000000.0",
        "place": ":start / 1000000.0",
        "want": "4",
        "at_most": "3",
        "workflow": str(workflow.pk),
        "workflow_id": str(workflow.pk),
        "offered": str(offered.pk),
        "stream": "'pool'",
        "batch": "NULL",
        "voted": str(GlitchClass.objects.earliest("pk").pk),
        "alike": "NULL::boolean",
        "was_gold": "false",
        "after_retirement": "false",
        "version": "NULL::bigint",
        "votes_count": ":g_votes_count + 1",
        "votes_needed": ":g_votes_count + 2",
        "leases_open": "greatest(:g_leases_open - 1, 0)",
        "retired_at": "NULL::timestamptz",
        "retire_reason": "''",
        "class_list": str(offered.pk),
        "agreement": flat,
        "prior": flat,
        "top_class": str(GlitchClass.objects.earliest("pk").pk),
        "top_agreement": "0.1",
        "agreed_votes": ":g_votes_count + 1",
        "rule": "'bayes'",
        "skills": "ARRAY[NULL]::bigint[]",
        "skill_prior": "NULL::bigint",
    }
