"""The OpenAPI schema: without a warning, and kept by what the API really does."""

import io
import re

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck
from schemathesis.checks import not_a_server_error as no_server_error
from schemathesis.specs.openapi import checks

from labeling.models import DriftCheck, GoldLabel, TrainingRequest, TrainingRun
from labeling.services.evaluations import request_evaluation
from labeling.services.judging import evaluate_version
from labeling.services.looks import request_look_at
from labeling.services.proposals import accept_for_vote
from labeling.services.shadow import begin_trial
from labeling.services.tokens import create_token
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.api.conftest import make_proposal_with_decoys, make_version, predict
from tests.labeling.services.test_label_issues import doubt, queue

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_and_without_warnings():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_schema_and_docs_are_served_to_everybody(anonymous):
    assert anonymous.get("/api/v1/schema/").status_code == 200
    page = anonymous.get("/api/v1/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "https://" not in page


@pytest.fixture
def one_connection():
    """Requests through WSGI stay in the test's transaction, as Django's own client sees to."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api_schema(db, one_connection):
    return schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())


@pytest.fixture
def ids(taxonomy) -> dict[str, object]:
    """A house with something of each kind: where to find each."""
    proposal = make_proposal_with_decoys()
    accept_for_vote(proposal.pk, name="Arch", by=None)
    run = TrainingRun.objects.create(state="succeeded", epochs=[{"epoch": 0}])
    version = make_version(1, training_run=run)
    predict(version, make_glitch(50), 0.45, 0.4)
    trial = begin_trial(make_version(2, state="kept_out"), by=None)
    predict(version, make_glitch(51, gold_label="Blip"), 0.9, 0.1)
    GoldLabel.objects.filter(glitch__gravityspy_id="0000000051").update(split="test")
    evaluation = evaluate_version(version)
    TrainingRequest.objects.create(
        state="started",
        reasons={"labels": "12 new labels"},
        training_run=run,
        due_at=run.created_at,
        ended_at=run.created_at,
    )
    check = DriftCheck.objects.create(
        model_version=version,
        week=1,
        glitches=60,
        glitches_before=60,
        measured={"classes": None, "confidence": None},
        is_alert=True,
        words="The classes predicted moved.",
    )
    (issue,) = queue(doubt(make_glitch(52, gold_label="Blip")))
    look = request_look_at(make_glitch(53), by=make_volunteer("rosa", role="reviewer"))
    return {
        "gravityspy_id": "0000000050",
        "role": "classifier",
        "number": 1,
        "proposal_id": proposal.pk,
        "run_id": run.pk,
        "evaluation_id": evaluation.pk,
        "evaluation_run_id": request_evaluation(1, against=None, by=None).pk,
        "trial_id": trial.pk,
        "check_id": check.pk,
        "label_check_id": issue.label_check_id,
        "issue_id": issue.pk,
        "key": str(look.key),
        "discovery": proposal.discovery_run_id,
    }


@pytest.fixture
def headers(taxonomy) -> dict[str, str]:
    """Of somebody who may do everything."""
    user = make_volunteer("root", is_superuser=True, level=6)
    return {"Authorization": f"Bearer {create_token(user, 'schema')}"}


PLACE = re.compile(r"\{(\w+)\}")
NAMES = ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
CHECKED = [no_server_error, *(getattr(checks, name) for name in NAMES)]
FEW = hypothesis.settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_whatever_is_sent_the_answer_is_one_that_the_schema_names(api_schema, ids, headers):
    """Some requests of each operation, made from the schema with a fixed seed."""
    tried = 0
    for found in api_schema.get_all_operations():
        operation = found.ok()

        @FEW
        @hypothesis.given(case=operation.as_strategy())
        def answers_as_the_schema_says(case):
            case.validate_response(case.call(headers=headers), checks=CHECKED)

        answers_as_the_schema_says()
        tried += 1
    assert tried == 59


def test_what_is_there_is_rendered_as_the_schema_says(api_schema, ids, headers):
    """Every GET, asked for something that exists: made-up ids and cursors would give 404 alone."""
    tried = 0
    for found in api_schema.get_all_operations():
        operation = found.ok()
        if operation.method != "get":
            continue
        places = ids | ({"run_id": ids["discovery"]} if "discovery" in operation.path else {})
        wanted = {name: places[name] for name in PLACE.findall(operation.path)}
        case = operation.Case(path_parameters=wanted)
        response = case.call(headers=headers)
        assert response.status_code == 200
        case.validate_response(response, checks=CHECKED)
        tried += 1
    assert tried == 33
