"""The nearest embeddings, where most of the nearest are not asked for."""

import pytest
from django.db import connection

from labeling.models import Embedding, Glitch, ModelVersion
from labeling.selectors.embeddings import nearest_embeddings

pytestmark = pytest.mark.django_db

POOL = 300


@pytest.fixture
def version():
    """Glitch n lies at n + 1 from the origin, each on one of four axes; the last eight are known.

    Read by the index, as a database does that has more than a few.
    """
    version = ModelVersion.objects.create(role="embedding", number=1, state="active")
    glitches = Glitch.objects.bulk_create(
        Glitch(gravityspy_id=f"{number:010d}", ifo="H1", is_reserved=number < POOL)
        for number in range(POOL + 8)
    )
    Embedding.objects.bulk_create(
        Embedding(glitch=glitch, model_version=version, vector=on_an_axis(number))
        for number, glitch in enumerate(glitches)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
    return version


def on_an_axis(number):
    vector = [0.0] * 200
    vector[number % 4] = number + 1.0
    return vector


def test_filters_leave_as_many_as_were_asked_for(version):
    known = Embedding.objects.filter(model_version=version, glitch__is_reserved=False)
    found = nearest_embeddings(known, [0.0] * 200, 6)
    assert [distance for _, distance in found] == [301, 302, 303, 304, 305, 306]
    ids = {pk for pk, _ in found}
    assert ids <= set(Glitch.objects.filter(is_reserved=False).values_list("pk", flat=True))
    nearest = nearest_embeddings(Embedding.objects.all(), [0.0] * 200, 2)
    assert [distance for _, distance in nearest] == [1, 2]
