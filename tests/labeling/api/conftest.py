"""Clients of the API by role, and small worlds for them."""

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from labeling.models import (
    ApiToken,
    ClassList,
    DiscoveryRun,
    GlitchClass,
    ModelVersion,
    Prediction,
    Proposal,
    ProposalMember,
    User,
)
from labeling.models.runs import Run
from labeling.services.classes import freeze_class_list
from labeling.services.tokens import create_token
from tests.conftest import make_glitch, make_volunteer, write_weights


@pytest.fixture(autouse=True)
def quick_and_unthrottled(settings, tmp_path):
    """Passwords hash at once, no collectstatic, no test meets the throttle counts of another."""
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


def client_for(user: User) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(user, 'test')}")
    # The first use of a token is written down, and not each later one: queries are counted here.
    ApiToken.objects.filter(user=user).update(last_used_at=timezone.now())
    client.user = user
    return client


@pytest.fixture
def volunteer(taxonomy) -> APIClient:
    return client_for(make_volunteer("ada", level=6))


@pytest.fixture
def reviewer(taxonomy) -> APIClient:
    return client_for(make_volunteer("rita", role=User.Role.REVIEWER))


@pytest.fixture
def pipeline(taxonomy) -> APIClient:
    return client_for(make_volunteer("pat", role=User.Role.PIPELINE))


@pytest.fixture
def anonymous(db) -> APIClient:
    return APIClient()


def refusal(response) -> tuple[int, str]:
    """Status and code of an answer that must be a refusal in the one format there is."""
    error = response.json()["error"]
    assert set(error) == {"code", "message", "data"}
    assert error["message"]
    return response.status_code, error["code"]


def make_version(number: int, state: str = "active", labels=("Blip", "Whistle"), **fields):
    class_list: ClassList = freeze_class_list(list(labels))
    return ModelVersion.objects.create(
        role=fields.pop("role", "classifier"),
        number=number,
        state=state,
        class_list=class_list,
        weights=f"{number}.pt",
        weights_sha256=write_weights(f"{number}.pt"),
        **fields,
    )


def predict(version: ModelVersion, glitch, *probabilities: float) -> Prediction:
    top = version.class_list.labels[probabilities.index(max(probabilities))]
    return Prediction.objects.create(
        glitch=glitch,
        model_version=version,
        probabilities=list(probabilities),
        top_class=GlitchClass.objects.get(label=top),
        confidence=max(probabilities),
    )


def make_proposal(*glitches, **fields) -> Proposal:
    """A proposal of these glitches; the first one is its medoid."""
    run = DiscoveryRun.objects.create(state=Run.State.SUCCEEDED)
    proposal = Proposal.objects.create(
        discovery_run=run,
        method="kmeans",
        cohesion=0.8,
        stability=0.9,
        evidence="tight and far from every class",
        nearest_class=GlitchClass.objects.get(label="Blip"),
        nearest_distance=1.5,
        **fields,
    )
    for place, glitch in enumerate(glitches):
        ProposalMember.objects.create(
            proposal=proposal, glitch=glitch, distance=place / 10, is_medoid=place == 0
        )
    return proposal


def make_proposal_with_decoys(members: int = 6) -> Proposal:
    """Six members, and three gold glitches of known classes that can be decoys."""
    for number, label in ((91, "Blip"), (92, "Whistle"), (93, "Tomte")):
        make_glitch(number, gold_label=label)
    return make_proposal(*(make_glitch(number) for number in range(1, members + 1)))
