"""Fixed statements that Postgres parses and plans once a connection, not once a vote.

psycopg2 knows no prepared statements, but SQL does: PREPARE at the first use on a connection, then
EXECUTE. The plans are those for any values (``plan_cache_mode`` in the settings); ANALYZE and
changes of tables make Postgres plan anew by itself. A pooler between the site and Postgres must
give each client a connection for as long as it stays (no transaction pooling).
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections

VALUE = re.compile(r"%\((\w+)\)s")
# Connection -> the names of what is prepared there; a rollback does not undo a PREPARE.
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Statement(NamedTuple):
    """Its name, the names of its values in their order, what prepares it and what executes it.

    The values are given by place: psycopg2 decodes the name of each in Python, with every vote.
    """

    name: str
    values: tuple[str, ...]
    prepare: str
    execute: str


def fetch(values: Mapping[str, Any], *statements: str) -> list[tuple[Any, ...]]:
    """The rows of the last of these statements, which reach Postgres together.

    Each sees what was committed before it began, as if it were sent alone: in a transaction a
    statement may lock what the next one reads. ``values``: as in the texts, ``%(name)s``; a list
    stands for a Postgres array and needs no cast.
    """
    texts = [_numbered(statement) for statement in statements]
    database = connections[DEFAULT_DB_ALIAS]
    with database.cursor() as cursor:
        there = _prepared.setdefault(database.connection, set())
        for statement in texts:
            if statement.name not in there:
                cursor.execute(statement.prepare)
                there.add(statement.name)
        given = [_literal(values[name]) for statement in texts for name in statement.values]
        cursor.execute("; ".join(statement.execute for statement in texts), given)
        return cursor.fetchall() if cursor.description else []


@lru_cache(maxsize=256)
def _numbered(statement: str) -> Statement:
    names = tuple(dict.fromkeys(VALUE.findall(statement)))
    text = VALUE.sub(lambda found: f"${names.index(found[1]) + 1}", statement)
    name = "nota_" + hashlib.sha256(statement.encode()).hexdigest()[:16]
    given = f"({', '.join('%s' for _ in names)})" if names else ""
    return Statement(name, names, f"PREPARE {name} AS {text}", f"EXECUTE {name}{given}")


def _literal(value: Any) -> Any:
    """A list as one literal: Postgres reads '{1,2}' much faster than ARRAY[1,2]."""
    if not isinstance(value, list):
        return value
    return "{" + ",".join("NULL" if v is None else repr(v) for v in value) + "}"
