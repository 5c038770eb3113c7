"""Accounts that are closed: nothing of the person is left, and nothing of the work is lost."""

import threading
import uuid

import numpy as np
import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from labeling.errors import LabelingError
from labeling.models import (
    ApiToken,
    Assignment,
    AuditEvent,
    BatchGlitch,
    Collection,
    Comment,
    Glitch,
    User,
    Vote,
)
from labeling.services.accounts import change_password
from labeling.services.assignments import next_assignments
from labeling.services.classes import load_gravity_spy
from labeling.services.closing import close_account
from labeling.services.collections import set_favourite
from labeling.services.comments import add_comment, delete_comment
from labeling.services.proposals import accept_for_vote
from labeling.services.recomputing import find_differences
from labeling.services.tokens import authenticate_token, create_token
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, teach, wait_for_a_lock
from tests.labeling.web.worlds import make_proposal


def lend(volunteer, want=1):
    return next_assignments(volunteer, want=want, rng=np.random.default_rng(1))


def vote(volunteer, assignment, label="Blip"):
    return record_vote(volunteer, assignment.pk, idempotency_key=uuid.uuid4(), label=label)


@pytest.fixture
def ada(taxonomy) -> User:
    return make_volunteer("ada", level=6, email="ada@example.org", first_name="Ada", is_staff=True)


@pytest.mark.django_db
def test_the_person_goes_and_the_votes_stay(ada, taxonomy):
    make_glitch(1)
    teach(ada, taxonomy["Blip"], taxonomy["Blip"], 5)
    vote(ada, lend(ada)[0])
    token = create_token(ada, "laptop")
    set_favourite(ada, Glitch.objects.get(), on=True)
    comment = add_comment(ada, Glitch.objects.get(), "How odd.")
    rosa = make_volunteer("rosa", role="reviewer")
    delete_comment(add_comment(ada, Glitch.objects.get(), "Rude.").pk, by=rosa)
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=rosa, content_type=kind, object_id=ada.pk, object_repr="ada", action_flag=CHANGE
    )
    pseudonym = close_account(ada)
    closed = User.objects.get(pk=ada.pk)
    assert closed.username == pseudonym
    assert pseudonym.startswith("former-volunteer-")
    assert (closed.email, closed.first_name, closed.last_login) == ("", "", None)
    assert not (closed.is_active or closed.is_staff or closed.has_usable_password())
    assert authenticate_token(token) is None
    assert not ApiToken.objects.exists()
    assert not Collection.objects.exists()
    assert Comment.objects.get() == comment
    everywhere = [*AuditEvent.objects.values_list("target", "data"), *LogEntry.objects.all()]
    assert "ada" not in " ".join(map(str, everywhere))
    assert (closed.votes_cast, Vote.objects.get().volunteer_id) == (1, ada.pk)
    assert list(find_differences()) == []  # the consensus is proven by the skill that stays


@pytest.mark.django_db
def test_closed_twice_is_refused_and_changes_no_name(ada):
    pseudonym = close_account(ada)
    with pytest.raises(LabelingError) as refusal:
        close_account(ada)
    assert refusal.value.code == "account_closed"
    assert User.objects.get().username == pseudonym


@pytest.mark.django_db
def test_glitches_that_were_lent_are_given_back(ada):
    """Of the pool, of a batch and gold: none is left waiting for somebody who is gone."""
    accept_for_vote(make_proposal(range(100, 105)).pk, name="Reverse Chirp", by=None)
    for number in range(1, 4):
        make_glitch(number)
    for seed in range(8):
        next_assignments(ada, want=3, rng=np.random.default_rng(seed))
        Assignment.objects.filter(state="open").update(leased_until="2020-01-01T00:00Z")
    streams = set(Assignment.objects.values_list("stream", flat=True))
    assert {"pool", "batch"} <= streams
    close_account(ada)
    assert not Assignment.objects.filter(state="open").exists()
    assert set(Glitch.objects.values_list("leases_open", flat=True)) == {0}
    assert set(BatchGlitch.objects.values_list("leases_open", flat=True)) == {0}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["vote", "closing"])
def test_a_vote_that_is_under_way_is_kept_and_counted(first):
    """Whichever takes its locks first, the other waits: both are done, and the counts agree."""
    load_gravity_spy()
    glitch = make_glitch(1)
    ada = make_volunteer("ada", level=6)
    (lent,) = lend(ada)
    locked, go_on = threading.Event(), threading.Event()
    errors = []

    def in_a_thread(deed):
        def run():
            try:
                with transaction.atomic():
                    deed()
                    locked.set()
                    assert go_on.wait(20)
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        assert locked.wait(20)
        return thread

    deeds = {"vote": lambda: vote(ada, lent), "closing": lambda: close_account(ada)}
    early = in_a_thread(deeds.pop(first))
    later = threading.Thread(target=_run_and_close, args=(*deeds.values(), errors))
    later.start()
    wait_for_a_lock()
    go_on.set()
    early.join(20)
    later.join(20)
    assert errors == []
    glitch.refresh_from_db()
    ada.refresh_from_db()
    assert ada.username.startswith("former-volunteer-")
    assert (Vote.objects.count(), ada.votes_cast) == (1, 1)
    assert (glitch.votes_count, glitch.leases_open) == (1, 0)


def _run_and_close(deed, errors):
    try:
        deed()
    except Exception as error:
        errors.append(error)
    finally:
        connection.close()


@pytest.mark.django_db
def test_an_operator_closes_one_by_its_name_given_twice(ada, capsys):
    for given in (["ada"], ["ada", "--confirm", "Ada"], ["eve", "--confirm", "eve"]):
        with pytest.raises(CommandError):
            call_command("close_account", *given)
    assert User.objects.get().username == "ada"
    call_command("close_account", "ada", "--confirm", "ada")
    assert User.objects.get().username in capsys.readouterr().out
    assert User.objects.get().closed_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize(("keep", "alive"), [(False, False), (True, True)])
def test_a_new_password_ends_tokens_unless_they_are_kept(ada, keep, alive):
    token = create_token(ada, "laptop")
    of_another = create_token(make_volunteer("ben"), "laptop")
    change_password(ada, "another-long-one-1", keep_tokens=keep)
    assert (authenticate_token(token) is not None) == alive
    assert authenticate_token(of_another) is not None
    ada.refresh_from_db()
    assert ada.check_password("another-long-one-1")


@pytest.mark.django_db
def test_closing_reads_what_the_person_left_and_not_all_records(ada):
    delete_comment(add_comment(ada, make_glitch(1), "How odd.").pk, by=ada)
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=ada, content_type=kind, object_id=str(ada.pk), object_repr="ada", action_flag=CHANGE
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_auditevent (verb, target, data, at) SELECT 'delete_comment', "
            "'glitch ' || n, jsonb_build_object('author', 'p' || n), now() "
            "FROM generate_series(1, 5000) n"
        )
        cursor.execute(
            "INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag, "
            "change_message, content_type_id, user_id) SELECT now(), (1000000 + n)::text, 'p', 2, "
            "'', %s, %s FROM generate_series(1, 5000) n",
            [kind.pk, ada.pk],
        )
        cursor.execute("ANALYZE labeling_auditevent, django_admin_log")
    before = whole_tables_read()
    pseudonym = close_account(ada)
    assert whole_tables_read() == before
    assert AuditEvent.objects.get(verb="delete_comment", target__contains="000001").data == {
        "author": pseudonym
    }
    assert LogEntry.objects.get(object_id=str(ada.pk)).object_repr == pseudonym


def whole_tables_read():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables "
            "WHERE relname IN ('labeling_auditevent', 'django_admin_log')"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_password_changed_on_the_console_ends_tokens_too(ada, monkeypatch):
    token = create_token(ada, "laptop")
    monkeypatch.setattr(
        "django.contrib.auth.management.commands.changepassword.getpass.getpass",
        lambda prompt: "another-long-one-1",
    )
    call_command("changepassword", "ada", verbosity=0)
    assert authenticate_token(token) is None


@pytest.mark.django_db
def test_hashing_an_old_password_anew_ends_no_token(ada, settings):
    token = create_token(ada, "laptop")
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert ada.check_password("a-long-password-1")
    assert ada.password.startswith("scrypt")
    assert authenticate_token(token) is not None
