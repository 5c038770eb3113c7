"""Many rows at once: foreign keys are not looked up and indexes are built when all rows are there.

For a database of the benchmark's own alone; it needs a superuser, and nobody else may be writing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

INDEXES = """
SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', c.conrelid::regclass, c.conname,
        pg_get_constraintdef(c.oid)),
    format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname)
FROM pg_constraint c WHERE c.contype = 'u' AND c.conrelid::regclass::text = ANY(%(tables)s)
UNION ALL
SELECT pg_get_indexdef(i.indexrelid), format('DROP INDEX %%s', i.indexrelid::regclass)
FROM pg_index i
WHERE i.indrelid::regclass::text = ANY(%(tables)s) AND NOT i.indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""


@contextmanager
def bulk_load(*tables: str) -> Iterator[None]:
    """Write many rows to the tables within; their ids may be given, the sequences follow."""
    with connection.cursor() as cursor:
        cursor.execute(INDEXES, {"tables": list(tables)})
        indexes = cursor.fetchall()
    _run(drop for _, drop in indexes)
    _run(
        [
            "SET session_replication_role = replica",
            "SET synchronous_commit = off",
            "SET maintenance_work_mem = '512MB'",
        ]
    )
    yield
    _run(make for make, _ in indexes)
    _run(
        f"SELECT setval(pg_get_serial_sequence('{t}', 'id'), (SELECT max(id) + 1 FROM {t}))"  # noqa: S608
        for t in tables
    )
    _run(["RESET ALL"])


def _run(statements: Sequence[str] | Iterator[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
