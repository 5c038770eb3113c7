"""Statements prepared once a connection, against the real Postgres."""

import uuid

import pytest
from django.db import connection, connections
from django.db.backends.postgresql import base
from django.test.utils import CaptureQueriesContext

from labeling.database.prepared import fetch

pytestmark = pytest.mark.django_db


@pytest.fixture
def another():
    made = connections.create_connection("default")
    made.connect()
    yield made
    made.close()


def test_values_go_by_name_and_a_list_is_an_array():
    # %(n)s stands twice; an array of one NULL and two numbers has a sum of 3.
    text = "SELECT %(n)s::int + 1, (SELECT sum(x) FROM unnest(%(list)s::bigint[]) x), %(n)s::int"
    assert fetch({"n": 1, "list": [1, None, 2], "unused": 0}, text) == [(2, 3, 1)]


def test_a_text_is_a_value_and_never_a_part_of_the_statement():
    trick = "'); DROP TABLE labeling_vote; --"
    assert fetch({"text": trick}, "SELECT %(text)s::text") == [(trick,)]


def test_a_statement_is_prepared_at_its_first_use_alone():
    text = f"SELECT '{uuid.uuid4()}'"
    with CaptureQueriesContext(connection) as queries:
        assert fetch({}, text) == fetch({}, text)
    assert [q["sql"].split()[0] for q in queries] == ["PREPARE", "EXECUTE", "EXECUTE"]


def test_a_later_statement_sees_what_an_earlier_one_wrote():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE seen (n int) ON COMMIT DROP")
    write, read = "INSERT INTO seen VALUES (%(n)s)", "SELECT n FROM seen WHERE n > %(above)s"
    assert fetch({"n": 7, "above": 6}, write, read) == [(7,)]


def test_a_new_connection_prepares_anew(another):
    text = f"SELECT '{uuid.uuid4()}'"
    rows = fetch({}, text)
    kept = connection.connection
    another.connection, connection.connection = None, another.connection
    try:
        assert fetch({}, text) == rows
    finally:
        another.connection, connection.connection = connection.connection, kept


def test_a_connection_that_lives_is_not_asked(another, monkeypatch):
    def ask(self):
        pytest.fail("a SELECT 1 that nothing called for")

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", ask)
    assert another.is_usable()


def test_a_connection_whose_server_went_away_is_noticed(another):
    pid = another.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])
        assert cursor.fetchone() == (True,)
    assert not another.is_usable()
