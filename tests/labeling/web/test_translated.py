"""No sentence of the volunteers' and the reviewers' pages is left out of translation.

The pages are walked in a language of other letters, with real rows behind them: what is still
plain must be a name, a unit, or a sentence that somebody wrote.
"""

import gettext
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rest_framework
from django import conf
from django.contrib import auth, humanize
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.translation import trans_real

from labeling.models import (
    DiscoveryRun,
    DriftCheck,
    GlitchClass,
    Look,
    Proposal,
    TaskError,
    TrainingRequest,
    TrainingRun,
)
from labeling.models.runs import Run
from labeling.services.assignments import next_assignments
from labeling.services.collections import create_collection, put_in_collection, set_favourite
from labeling.services.comments import add_comment
from labeling.services.judging import evaluate_version
from labeling.services.looks import request_look_at
from labeling.services.proposals import accept_for_vote
from labeling.services.tokens import create_token
from labeling.services.visitors import begin_visit
from labeling.services.votes import record_vote
from ml.vision.networks.weights import missing_weights
from ml.vision.recipes import RECIPES
from ml.vision.recipes.rules import wanted
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.judging_world import make_classifier, make_gold, say
from tests.labeling.pseudo import PseudoLanguage, plain_words, pseudo
from tests.labeling.services.test_label_issues import doubt, queue
from tests.labeling.web.worlds import EPOCHS, METRICS, make_proposal, make_undecided

pytestmark = pytest.mark.django_db

NAMES = [
    "Nota", "REST API", "JSON", "ROC", "UTC", "SNR", "Hz", "MB", "H1", "L1", "V1", "O3a", "F1",
    "top-", "CSV", "PNG", "JPEG", "viridis",
    "ada", "rosa", "ben", "not-logged-in-",  # people
    "classifier", "embedding", "hdbscan", "nota-cpu",  # model versions, methods, recipes
    "workers.train", "default", "gpu",  # tasks and queues
]  # fmt: skip
WRITTEN = [  # by people, or by a worker when it did its work
    "what a shape", "my favourites of May", "curls to the left", "They lie close together.",
    "found", "Version 2 was judged.", "because I like it", "The weeks differ.",
    "12 new labels", "Training was refused.", "no worker was there", "two members are too few",
    "Minibatches were halved.", "It is cut.",
]  # fmt: skip
SKIPPED = {
    "notes": ["Minibatches were halved."],
    "skipped": [{"glitch_id": "0", "code": "unreadable_picture", "reason": "It is cut."}],
    "untested": [{"glitch_id": "0", "code": "unreadable_picture", "reason": "It is cut."}],
}


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)
    cache.clear()


def vote(volunteer, times):
    """Blip on whatever comes; gold is told from the pool by chance alone."""
    for seed in range(60 * times):
        for lent in next_assignments(volunteer, rng=np.random.default_rng(seed)):
            said = {"alike": True} if lent.proposal_id else {"label": "Blip"}
            record_vote(volunteer, lent.pk, idempotency_key=uuid.uuid4(), **said)
            times -= 1
        if not times:
            return
    raise AssertionError("too few glitches were lent")


@pytest.fixture
def world(taxonomy):
    """Something of everything that the pages show."""
    ada, rosa = make_volunteer("ada", level=2), make_volunteer("rosa", role="reviewer", level=6)
    proposal = make_proposal(description="curls to the left", name="Reverse_Chirp")
    in_vote = make_proposal(range(200, 206))
    accept_for_vote(in_vote.pk, name="Curl", by=rosa, description="curls to the left", reason="")
    Proposal.objects.exclude(pk__in=[proposal.pk, in_vote.pk]).delete()
    DiscoveryRun.objects.update(
        left_out=[{"members": 2, "method": "hdbscan", "reason": "two members are too few"}]
    )
    _make_versions(taxonomy)
    make_undecided(300)
    queue(doubt(make_glitch(310, gold_label="Blip")), doubt(make_glitch(311, gold_label="Blip")))
    glitch = make_glitch(1, is_simulated=True, event_time=1_238_166_018.0)
    make_glitch(2, gold_label="Blip")
    make_glitch(3, gold_label="Whistle")
    add_comment(ada, glitch, "what a shape")
    shown = create_collection(ada, "my favourites of May", is_public=True)
    put_in_collection(ada, shown.pk, glitch)
    set_favourite(ada, glitch, on=True)
    vote(ada, 2)
    TaskError.objects.create(task="workers.train", arguments={}, error="no worker was there")
    return {"ada": ada, "rosa": rosa, "proposal": proposal.pk, "in_vote": in_vote.pk,
            "collection": shown.pk}  # fmt: skip


def _make_versions(taxonomy):
    first = make_classifier(1, state="replaced", decision_reason="Version 2 was judged.")
    run = TrainingRun.objects.create(
        state="succeeded", reason="12 new labels", epochs=EPOCHS, class_list=first.class_list
    )
    second = make_classifier(
        2, replaces=first, training_run=run, metrics=METRICS | SKIPPED, routed_at=timezone.now(),
        decision_reason="Version 2 was judged.",
    )  # fmt: skip
    blips = make_gold(400, "Blip", 2, event_time=1240000000.0)
    whistles = make_gold(410, "Whistle", 2, event_time=1241000000.0)
    for version in (first, second):
        say(version, blips + whistles, "Blip")
    evaluate_version(second)
    DriftCheck.objects.create(
        model_version=second, week=1240000000, glitches=4, glitches_before=9, is_alert=True,
        measured={k: {"divergence": 0.5, "p": 0.01} for k in ("classes", "confidence")},
        words="The weeks differ.",
    )  # fmt: skip
    TrainingRun.objects.create(
        state="requested", reason="because I like it",
        stage="epoch 2 of 9: learned from 64 of 640, at most 3 min left",
    )  # fmt: skip
    TrainingRequest.objects.create(
        state="refused", reasons={"labels": "12 new labels"}, refusal="Training was refused.",
        due_at=timezone.now(),
        ended_at=timezone.now(),
    )  # fmt: skip


VOLUNTEERS = [
    "/", "/tutorial/1/", "/tutorial/2/", "/tutorial/3/", "/tutorial/4/", "/tutorial/5/",
    "/classes/", "/what-is-this/", "/label/", "/label/classes/", "/progress/", "/practice/",
    "/collections/", "/collections/{collection}/", "/glitches/0000000001/", "/me/",
    "/there-is-nothing/", "/glitches/0000000999/", "/review/system/",
]  # fmt: skip
REVIEWERS = [
    "/review/proposals/", "/review/proposals/?state=rejected", "/review/proposals/{proposal}/",
    "/review/proposals/{in_vote}/", "/review/experts/", "/review/labels/", "/review/models/",
    "/review/models/classifier/2/", "/review/models/classifier/2/judging/",
    "/review/models/classifier/1/judging/", "/review/training/", "/review/training/1/",
    "/review/training/2/", "/review/drift/", "/review/audit/", "/review/system/",
    "/review/glitches/0000000001/", "/review/glitches/0000000002/",
]  # fmt: skip
STRANGERS = ["/", "/log-in/", "/sign-up/", "/classes/", "/tutorial/1/", "/what-is-this/"]


def names() -> list[str]:
    """Names, with those of the classes as they are shown and as labels."""
    every = GlitchClass.objects.values_list("label", "name_shown")
    classes = [name for pair in every for name in (*pair, pair[0].replace("_", " "))]
    proposals = ["Reverse Chirp", "Curl"]
    # Recipes and the rules of their settings come from a library that knows no catalogue.
    recipes = [
        text
        for one in RECIPES.values()
        for text in (one.name, one.title, str(missing_weights(one)))
    ]
    return [*NAMES, *WRITTEN, *classes, *proposals, *recipes, *wanted().values()]


def walk(client: Client, addresses: list[str], **places: object) -> dict[str, set[str]]:
    """Address -> what is still plain there; only addresses where something is."""
    left = {}
    for address in addresses:
        answer = client.get(address.format(**places), follow=True)
        assert answer.status_code < 500, address
        found = plain_words(answer.content.decode(), names())
        if found:
            left[address] = found
    return left


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_pages_of_volunteers(world, language):
    assert walk(as_user(world["ada"]), VOLUNTEERS, **world) == {}
    assert walk(Client(), STRANGERS) == {}


def test_pages_of_who_has_no_account(world, language, settings):
    settings.ANONYMOUS_VOTING = True
    assert walk(as_user(begin_visit()), ["/label/", "/progress/", "/sign-up/", "/me/"]) == {}


def test_pages_of_reviewers(world, language):
    assert walk(as_user(world["rosa"]), REVIEWERS, **world) == {}


def test_pages_on_which_nothing_is_yet(taxonomy, language):
    """Every empty state has its words."""
    DiscoveryRun.objects.all().delete()
    rosa = as_user(make_volunteer("rosa", role="reviewer", level=6))
    assert walk(rosa, [one for one in VOLUNTEERS if "{" not in one]) == {}
    assert walk(rosa, [one for one in REVIEWERS if "{" not in one]) == {}


def test_a_look_while_it_waits_and_when_it_is_there(world, language):
    glitch = make_glitch(20)
    glitch.retired_at, glitch.retire_reason = timezone.now(), "consensus"
    glitch.save()
    look = request_look_at(glitch, by=world["rosa"])
    Look.objects.update(stage="finding look-alikes")
    page = f"/what-is-this/{look.key}/"
    assert walk(Client(), [page]) == {}
    Look.objects.update(
        state=Run.State.SUCCEEDED, probabilities=[["Blip", 0.9], ["Whistle", 0.1]], novelty=1.5,
        explained="Blip", heat=[{"duration": 4.0, "name": "a.png", "width": 64, "height": 48}],
    )  # fmt: skip
    assert walk(Client(), [page]) == {}


REFUSED = [
    ("ada", "/glitches/0000000001/comment/", {"text": ""}),
    ("ada", "/collections/create/", {"name": ""}),
    ("ada", "/collections/999/delete/", {}),
    ("ada", "/me/password/", {"old_password": "wrong", "new_password1": "1", "new_password2": "2"}),
    ("ada", "/me/close/", {"close-password": "wrong"}),
    ("rosa", "/review/proposals/{proposal}/decide/", {"decision": "vote", "name": "?"}),
    ("rosa", "/review/proposals/{proposal}/decide/", {"decision": "accept"}),
    ("rosa", "/review/proposals/{proposal}/decide/", {"decision": "reject"}),
    ("rosa", "/review/proposals/{proposal}/decide/", {"decision": "dance"}),
    ("rosa", "/review/experts/0000000300/", {}),
    ("rosa", "/review/training/start/", {}),
    ("rosa", "/review/training/1/cancel/", {}),
    ("rosa", "/review/models/classifier/1/back/", {}),
    ("rosa", "/review/models/classifier/2/judge/", {"against": "2"}),
    ("rosa", "/review/proposals/search/", {}),
]


@pytest.mark.parametrize(("who", "address", "sent"), REFUSED)
def test_refusals(world, language, who, address, sent):
    answer = as_user(world[who]).post(address.format(**world), sent, follow=True)
    assert answer.status_code < 500
    page = answer.content.decode()
    assert plain_words(page, names()) == set()
    assert re.search(r'class="(?:error|note error|lead)"', page)


def test_what_the_label_page_hears_is_translated_and_what_pipelines_hear_is_not(world, settings):
    settings.LANGUAGES = [("en", "English"), ("eo", "Esperanto")]
    settings.MIDDLEWARE = [  # as settings.py has it where there is another language
        settings.MIDDLEWARE[0],
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        *settings.MIDDLEWARE[1:],
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trans_real._translations, "eo", PseudoLanguage())
        _ask_in("eo", world["ada"])
    trans_real.deactivate()


def _ask_in(language: str, ada) -> None:
    wanted = {"Accept-Language": language}
    browser = Client(headers=wanted)
    browser.force_login(ada)
    gone = browser.post("/api/v1/votes/undo", {"assignment": 999}, content_type="application/json")
    assert gone.json()["error"]["message"] == pseudo("There is no vote of yours to take back here.")
    token = wanted | {"Authorization": f"Bearer {create_token(ada, 'notebook')}"}
    told = Client().post(
        "/api/v1/votes/undo", {"assignment": 999}, content_type="application/json", headers=token
    )
    assert told.json()["error"]["message"] == "There is no vote of yours to take back here."
    facts = re.search(r'id="?class-facts"?[^>]*>(.*?)</script>', browser.get("/label/").text, re.S)
    blip = json.loads(facts.group(1))["Blip"]
    assert blip["traits"][0] == pseudo("short")
    assert blip["description"].startswith(pseudo("One narrow tear drop"))


@pytest.mark.skipif(not shutil.which("msgen"), reason="GNU gettext is not here")
def test_the_catalogue_holds_all_that_the_pages_ask_for(world, language, tmp_path):
    """What is translated while the pages are made is found by ``makemessages``."""
    walk(as_user(world["ada"]), VOLUNTEERS, **world)
    walk(as_user(world["rosa"]), REVIEWERS, **world)
    assert language.asked - _extracted(tmp_path) - _of_libraries() - {"", *WRITTEN, *NAMES} == set()


def _extracted(folder: Path) -> set[str]:
    """The messages of our own templates and modules."""
    for part in ("templates", "labeling"):
        shutil.copytree(part, folder / part)
    (folder / "locale").mkdir()
    messages = folder / "locale" / "en" / "LC_MESSAGES"
    anywhere = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    for command in (
        [sys.executable, "-m", "django", "makemessages", "-l", "en"],
        ["msgen", messages / "django.po", "-o", messages / "full.po"],
        ["msgfmt", messages / "full.po", "-o", messages / "django.mo"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=anywhere)
    return _messages(folder / "locale", "en")


def _of_libraries() -> set[str]:
    """What Django and REST framework translate themselves."""
    homes = [Path(module.__file__).parent for module in (conf, auth, humanize, rest_framework)]
    return {message for home in homes for message in _messages(home / "locale", "de")}


def _messages(folder: Path, language: str) -> set[str]:
    catalogue: Any = gettext.translation("django", folder, [language])
    keys = (key[0] if isinstance(key, tuple) else key for key in catalogue._catalog)
    return set(keys)
