"""Review: the system page, the admin and the audit."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from labeling.models import (
    AuditedGlitch,
    TaskError,
    Workflow,
)
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    """The broker is not what these tests are about."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)


def test_the_system_page_tells_what_is_up_and_what_failed(as_reviewer, monkeypatch):
    up = [{"name": "gpu@host", "queues": ["gpu", "looks"]}]
    monkeypatch.setattr("labeling.selectors.status.alive_workers", lambda: up)
    TaskError.objects.create(
        task="workers.scoring.score_glitches",
        error="OSError('disk full')",
        times=3,
        first_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    page = as_reviewer.get("/review/system/", headers=HTMX).content.decode()
    assert "gpu@host" in page
    assert "No worker that answers serves: default, predictions." in page
    assert "disk full" in page
    assert "3 times since 2026-03-01T12:00:00" in page
    assert "<html" not in page


def test_the_system_page_opens_while_the_broker_is_down(as_reviewer, monkeypatch):
    def down():
        raise OSError("refused")

    monkeypatch.setattr("labeling.selectors.status.queue_lengths", down)
    page = as_reviewer.get("/review/system/").content.decode()
    assert "The broker does not answer" in page


def test_the_admin_opens_and_writes_no_votes(client, admin_user, taxonomy):
    client.force_login(admin_user)
    pages = "user glitch vote assignment workflow glitchclass trainingrun proposal"
    for page in pages.split():
        assert client.get(f"/admin/labeling/{page}/").status_code == 200
    assert client.get("/admin/labeling/vote/add/").status_code == 403
    # Closed, never deleted: leases and votes would lose their volunteer.
    assert client.get(f"/admin/labeling/user/{admin_user.pk}/delete/").status_code == 403
    assert client.get("/admin/labeling/user/add/").status_code == 200


def test_django_finds_nothing_to_warn_of():
    call_command("check", "--fail-level", "WARNING")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ('{"at_no_consensus": "to_reviewer"}', None),
        ('{"at_no_consensus": "shrug"}', "at_no_consensus: must be one of"),
        ("{", "Enter a valid JSON"),
    ],
)
def test_the_policy_of_a_level_is_changed_in_the_admin(client, admin_user, taxonomy, policy, said):
    client.force_login(admin_user)
    level = Workflow.objects.get(level=6)
    form = {
        "name": level.name,
        "is_open": "on",
        "rule": "bayes",
        "retire_threshold": "0.9",
        "votes_min": "2",
        "votes_max": "9",
        "policy": policy,
    }
    answer = client.post(f"/admin/labeling/workflow/{level.pk}/change/", form)
    level.refresh_from_db()
    if said is None:
        assert answer.status_code == 302
        assert (level.votes_max, level.policy_version, level.evaluated_version) == (9, 2, 1)
    else:
        assert said in answer.content.decode()
        assert (level.votes_max, level.policy_version) == (8, 1)


def test_the_audit_page_says_what_differs_and_by_how_much(as_reviewer, taxonomy):
    """Of four audited Blips one is a Whistle: 25 %, and the interval of 1 of 4."""
    whistle, blip = taxonomy["Whistle"], taxonomy["Blip"]
    for number, found in enumerate((blip, blip, blip, whistle)):
        AuditedGlitch.objects.create(
            glitch=make_glitch(number),
            probability=0.02,
            asked_at="2026-01-01T00:00Z",
            agreed_class=blip,
            found_class=found,
            found_agreement=0.99,
        )
    page = as_reviewer.get("/review/audit/").content.decode()
    assert "4 judged" in page
    assert "25.0 %" in page
    assert "7.6 % to 65.7 %" in page  # Beta(2, 4)
    assert "/glitches/0000000003/" in page
    assert "/glitches/0000000002/" not in page
