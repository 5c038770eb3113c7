"""PUT and DELETE favourites: the same again changes nothing."""

from labeling.models import CollectionGlitch, Glitch
from tests.conftest import make_glitch
from tests.labeling.api.conftest import refusal

ADDRESS = "/api/v1/favourites/0000000001"


def test_on_and_off(volunteer):
    make_glitch(1)
    for _ in range(2):
        answer = volunteer.put(ADDRESS)
        assert answer.json() == {"gravityspy_id": "0000000001", "favourite": True}
    assert CollectionGlitch.objects.get().collection.owner == volunteer.user
    for _ in range(2):
        assert volunteer.delete(ADDRESS).json()["favourite"] is False
    assert not CollectionGlitch.objects.exists()


def test_refusals(volunteer, anonymous, pipeline):
    assert refusal(volunteer.put(ADDRESS)) == (404, "not_found")
    make_glitch(1)
    Glitch.objects.update(is_reserved=True)  # kept for evaluation: nobody looks at it
    assert refusal(volunteer.put(ADDRESS)) == (404, "not_found")
    assert anonymous.put(ADDRESS).status_code == 401
    assert pipeline.put(ADDRESS).status_code == 403
