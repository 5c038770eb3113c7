"""Review: proposals, experts' queue, model versions, trainings, system. Reviewers only."""

import pytest
from django.core.management import call_command

from labeling.models import (
    AuditedGlitch,
    Batch,
    BatchGlitch,
    DiscoveryRun,
    GoldLabel,
    ModelVersion,
    Proposal,
    TaskError,
    TrainingRun,
    Workflow,
)
from labeling.models.runs import Run
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.web.worlds import make_proposal, make_undecided, make_version

pytestmark = pytest.mark.django_db

PAGES = [
    "/review/proposals/",
    "/review/discovery/",
    "/review/models/",
    "/review/training/",
    "/review/experts/",
    "/review/audit/",
    "/review/system/",
]
DEEDS = [
    "/review/proposals/search/",
    "/review/proposals/1/decide/",
    "/review/models/classifier/1/activate/",
    "/review/training/start/",
    "/review/training/1/cancel/",
    "/review/experts/0000000001/",
]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    """The broker is not what these tests are about."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)


@pytest.mark.parametrize("address", PAGES)
def test_volunteers_are_refused_and_strangers_sent_to_log_in(client, as_volunteer, address):
    refused = as_volunteer.get(address)
    assert refused.status_code == 403
    assert b"for reviewers" in refused.content
    assert client.get(address)["Location"] == f"/log-in/?next={address}"


@pytest.mark.parametrize("address", DEEDS)
def test_volunteers_can_do_nothing_there(client, as_volunteer, address):
    assert as_volunteer.post(address).status_code == 403
    assert client.post(address)["Location"].startswith("/log-in/")


@pytest.mark.parametrize("address", DEEDS)
def test_nothing_is_done_by_looking(as_reviewer, address):
    assert as_reviewer.get(address).status_code == 405


@pytest.mark.parametrize("address", PAGES)
def test_each_page_opens_on_an_empty_site(as_reviewer, address):
    assert as_reviewer.get(address).status_code == 200


def test_a_pipeline_is_no_reviewer(client, taxonomy):
    client.force_login(make_volunteer("pipe", role="pipeline"))
    assert client.get("/review/proposals/").status_code == 403


# Proposals


def test_without_proposals_the_page_says_what_is_missing(as_reviewer):
    page = as_reviewer.get("/review/proposals/").content.decode()
    assert "Nothing proposed yet" in page
    assert "A search needs 10" in page
    after = as_reviewer.post("/review/proposals/search/", follow=True).content.decode()
    assert "train one first" in after
    assert not DiscoveryRun.objects.exists()


def test_a_search_under_way_is_followed(as_reviewer):
    DiscoveryRun.objects.create(state=Run.State.RUNNING, stage="clustering", progress=0.5)
    page = as_reviewer.get("/review/discovery/").content.decode()
    assert "clustering" in page
    assert 'hx-trigger="every 2s"' in page
    DiscoveryRun.objects.update(state=Run.State.SUCCEEDED)
    assert "hx-trigger" not in as_reviewer.get("/review/discovery/").content.decode()


def test_the_list_shows_contact_sheets_and_filters_by_state(as_reviewer):
    make_proposal()
    page = as_reviewer.get("/review/proposals/").content.decode()
    assert page.count("/thumbnails/") == 6
    assert page.count('class="medoid"') == 2
    assert "simulated" in page
    assert (
        "None in this state"
        in as_reviewer.get("/review/proposals/?state=rejected").content.decode()
    )
    assert "Proposal " in as_reviewer.get("/review/proposals/?state=proposed").content.decode()


@pytest.mark.parametrize("query", ["?state=nonsense", "?duration=9", "?page=99", "?page=x"])
def test_a_query_that_makes_no_sense_shows_the_usual(as_reviewer, query):
    make_proposal()
    assert as_reviewer.get(f"/review/proposals/{query}").status_code == 200


def test_one_proposal_shows_what_is_known_of_it(as_reviewer):
    make_glitch(1, gold_label="Blip")
    proposal = make_proposal()
    page = as_reviewer.get(f"/review/proposals/{proposal.pk}/").content.decode()
    for text in (
        "They lie close together.",
        "Nearest known class: Blip",
        "1 Apr 2019",
        "week of",
        "Accept for a vote",
        "0.900",
    ):
        assert text in page


def test_a_proposal_that_is_not_there_is_told(as_reviewer):
    page = as_reviewer.get("/review/proposals/99/")
    assert page.status_code == 404
    assert "There is no proposal 99" in page.content.decode()


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"decision": "vote", "name": ""}, 400, "cannot name a class"),
        ({"decision": "vote", "name": "!"}, 400, "cannot name a class"),
        ({"decision": "vote", "name": "Blip"}, 409, "exists already"),
        ({"decision": "reject", "reason": "  "}, 400, "Say why"),
        ({"decision": "merge"}, 400, "Choose the proposal"),
        ({"decision": "merge", "into": "77"}, 400, "is decided already"),
        ({"decision": "burn"}, 400, "Choose one of the decisions"),
        ({}, 400, "This field is required"),
    ],
)
def test_a_decision_that_cannot_be_says_why_and_does_nothing(as_reviewer, given, status, message):
    proposal = make_proposal()
    page = as_reviewer.post(f"/review/proposals/{proposal.pk}/decide/", given)
    proposal.refresh_from_db()
    assert page.status_code == status
    assert message in page.content.decode()
    assert proposal.state == Proposal.State.PROPOSED


def test_rejecting_keeps_the_reason(as_reviewer):
    proposal = make_proposal()
    given = {"decision": "reject", "reason": "These are blips."}
    page = as_reviewer.post(f"/review/proposals/{proposal.pk}/decide/", given, follow=True)
    assert "These are blips." in page.content.decode()
    assert "Decide" not in page.content.decode()


def test_a_renamed_and_a_merged_one(as_reviewer):
    first, second = make_proposal(), make_proposal(range(200, 203))
    address = f"/review/proposals/{second.pk}/decide/"
    page = as_reviewer.post(address, {"decision": "rename", "name": "Old Hat"}, follow=True)
    assert "Old Hat" in page.content.decode()
    as_reviewer.post(address, {"decision": "merge", "into": first.pk})
    second.refresh_from_db()
    assert second.merged_into == first
    assert first.members.count() == 9


def test_the_way_of_a_proposal_to_a_class(as_reviewer):
    """Accepted for a vote, followed while volunteers vote, and born once the batch is closed."""
    proposal = make_proposal(range(100, 108))
    page = f"/review/proposals/{proposal.pk}/"
    as_reviewer.post(page + "decide/", {"decision": "vote", "name": "Reverse Chirp"})
    assert "Volunteers vote now" in as_reviewer.get(page).content.decode()
    fragment = as_reviewer.get(page + "batch/", headers=HTMX)
    assert "2 of 8 decided" in fragment.content.decode()
    assert "HX-Refresh" not in fragment
    early = as_reviewer.post(page + "decide/", {"decision": "accept"})
    assert (early.status_code, "Volunteers still vote" in early.content.decode()) == (409, True)

    BatchGlitch.objects.update(confirmed=True, belongs=0.99, decided_at="2026-01-01T00:00Z")
    Batch.objects.update(state=Batch.State.CLOSED)
    assert as_reviewer.get(page + "batch/", headers=HTMX)["HX-Refresh"] == "true"
    assert "the class is born" in as_reviewer.get(page).content.decode()
    born = as_reviewer.post(page + "decide/", {"decision": "accept"}, follow=True)
    assert "A class is born: Reverse Chirp" in born.content.decode()
    assert GoldLabel.objects.filter(glitch_class__label="Reverse_Chirp").count() == 8
    assert "born here" in as_reviewer.get("/classes/").content.decode()


def test_a_reviewer_closes_a_vote_that_nobody_is_left_to_finish(as_reviewer):
    proposal = make_proposal(range(100, 108))
    page = f"/review/proposals/{proposal.pk}/"
    as_reviewer.post(page + "decide/", {"decision": "vote", "name": "Reverse Chirp"})
    assert "Close the vote now" in as_reviewer.get(page).content.decode()
    closed = as_reviewer.post(page + "decide/", {"decision": "close"}, follow=True)
    assert "The vote is closed" in closed.content.decode()
    assert Batch.objects.get().state == Batch.State.CLOSED


# Experts' queue


def test_an_expert_settles_what_volunteers_could_not(as_reviewer):
    first, second = make_undecided(1), make_undecided(2)
    page = as_reviewer.get("/review/experts/").content.decode()
    assert first.gravityspy_id in page
    assert "Blip 60 %" in page
    assert second.gravityspy_id in as_reviewer.get("/review/experts/?skip=1").content.decode()
    after = as_reviewer.post(
        f"/review/experts/{first.gravityspy_id}/", {"label": "Whistle"}, follow=True
    ).content.decode()
    assert f"{first.gravityspy_id} is Whistle now" in after
    assert second.gravityspy_id in after
    assert GoldLabel.objects.get().given_by.username == "rosa"


@pytest.mark.parametrize(
    ("label", "message"), [("Unicorn", "There is no such class"), ("", "Choose a class")]
)
def test_a_class_that_is_none_is_refused(as_reviewer, label, message):
    glitch = make_undecided(1)
    address = f"/review/experts/{glitch.gravityspy_id}/"
    assert message in as_reviewer.post(address, {"label": label}, follow=True).content.decode()
    assert not GoldLabel.objects.exists()


def test_two_experts_who_disagree_are_told(as_reviewer):
    glitch = make_glitch(1, gold_label="Blip")
    address = f"/review/experts/{glitch.gravityspy_id}/"
    page = as_reviewer.post(address, {"label": "Whistle"}, follow=True).content.decode()
    assert "has the gold label Blip already" in page
    assert as_reviewer.post("/review/experts/9999999999/", {"label": "Blip"}).status_code == 404


@pytest.mark.parametrize("skip", ["x", "-1", "9" * 40, "²"])
def test_a_skip_that_makes_no_sense_shows_the_first(as_reviewer, skip):
    make_undecided(1)
    assert as_reviewer.get("/review/experts/", {"skip": skip}).status_code == 200


# Model versions


def test_versions_are_listed_with_why(as_reviewer):
    make_version(1, "replaced")
    make_version(2, "active")
    page = as_reviewer.get("/review/models/").content.decode()
    assert "87.5 %" in page
    assert "Version 2 was judged." in page


def test_one_version_shows_curves_confusion_and_classes(as_reviewer):
    make_version(1, "active")
    page = as_reviewer.get("/review/models/classifier/1/").content.decode()
    assert page.count("<polyline") == 3  # two losses, one accuracy
    assert 'class="heat-8 hit">3<' in page
    assert "Roll back" not in page


def test_rolling_back_puts_the_old_version_into_use(as_reviewer):
    make_version(1, "replaced")
    make_version(2, "active")
    assert "Roll back" in as_reviewer.get("/review/models/classifier/1/").content.decode()
    address = "/review/models/classifier/1/activate/"
    page = as_reviewer.post(address, {"reason": "2 calls all lines whistles"}, follow=True)
    assert "is in use now" in page.content.decode()
    assert ModelVersion.objects.get(state="active").number == 1
    assert "calls all lines whistles" in page.content.decode()


@pytest.mark.parametrize(
    "address", ["/review/models/classifier/9/", "/review/models/oracle/1/", "/review/training/9/"]
)
def test_what_is_not_there_is_a_404(as_reviewer, address):
    assert as_reviewer.get(address).status_code == 404


# Trainings


def test_a_training_that_cannot_start_says_why(as_reviewer):
    assert "cannot start yet" in as_reviewer.get("/review/training/").content.decode()
    page = as_reviewer.post("/review/training/start/", follow=True).content.decode()
    assert "Training did not start." in page
    assert "at least 2 classes" in page


def test_a_training_is_started_once_followed_and_cancelled(as_reviewer, monkeypatch):
    monkeypatch.setattr("labeling.web.review_training.alive_workers", list)
    for number in range(12):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])
    page = as_reviewer.post("/review/training/start/", {"reason": "try"}, follow=True)
    assert "No worker answers" in page.content.decode()
    again = as_reviewer.post("/review/training/start/", follow=True).content.decode()
    assert "is under way already" in again
    run = TrainingRun.objects.get()
    fragment = as_reviewer.get(f"/review/training/{run.pk}/", headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "hx-trigger" in fragment
    cancelled = as_reviewer.post(f"/review/training/{run.pk}/cancel/", follow=True)
    assert "Cancelled." in cancelled.content.decode()
    assert "hx-trigger" not in cancelled.content.decode()
    twice = as_reviewer.post(f"/review/training/{run.pk}/cancel/", follow=True)
    assert "has ended already" in twice.content.decode()


def test_a_recipe_is_chosen_on_the_page(as_reviewer, monkeypatch):
    monkeypatch.delenv("NOTA_WEIGHTS", raising=False)
    for number in range(12):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])
    page = as_reviewer.get("/review/training/").content.decode()
    assert "resnet50.pth is not here" in page
    chosen = {"recipe": "george-resnet50", "random": "1", "members": ""}
    as_reviewer.post("/review/training/start/", chosen)
    settings = TrainingRun.objects.get().settings
    assert (settings["recipe"], settings["weights"]) == ("george-resnet50", "imagenet or random")
    TrainingRun.objects.update(state="cancelled")
    ensemble = {"recipe": "ensemble", "members": "3, five"}
    page = as_reviewer.post("/review/training/start/", ensemble, follow=True).content.decode()
    assert "members" in page and "whole numbers" in page


def test_a_failed_training_shows_its_error(as_reviewer):
    run = TrainingRun.objects.create(state="failed", error="No picture.", error_code="no_usable")
    page = as_reviewer.get(f"/review/training/{run.pk}/").content.decode()
    assert "No picture." in page
    assert "no_usable" in page


# System


def test_the_system_page_tells_what_is_up_and_what_failed(as_reviewer, monkeypatch):
    monkeypatch.setattr("labeling.selectors.status.alive_workers", lambda: [{"name": "gpu@host"}])
    TaskError.objects.create(task="workers.scoring.score_glitches", error="OSError('disk full')")
    page = as_reviewer.get("/review/system/", headers=HTMX).content.decode()
    assert "gpu@host" in page
    assert "disk full" in page
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
