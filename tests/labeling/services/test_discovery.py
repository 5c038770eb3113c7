import threading

import pytest
from django.db import IntegrityError, connection

from labeling import jobs
from labeling.models import DiscoveryRun, ModelVersion
from labeling.services import discovery

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("states", "is_allowed"),
    [
        (("succeeded", "cancelled", "failed", "requested"), True),
        (("requested", "requested"), False),
        (("running", "requested"), False),
    ],
)
def test_one_search_is_under_way_at_a_time(states, is_allowed):
    *before, last = states
    for state in before:
        DiscoveryRun.objects.create(state=state)
    if is_allowed:
        DiscoveryRun.objects.create(state=last)
    else:
        with pytest.raises(IntegrityError, match="one_discovery_at_a_time"):
            DiscoveryRun.objects.create(state=last)


@pytest.mark.django_db(transaction=True)
def test_who_asks_at_the_same_time_is_given_the_same_search(monkeypatch):
    monkeypatch.setattr(discovery, "POOL_MIN", 0)
    monkeypatch.setattr(jobs, "enqueue_on_commit", lambda *args, **ids: None)
    ModelVersion.objects.create(role="classifier", number=1, state="active")
    barrier, given = threading.Barrier(4), []

    def ask():
        barrier.wait()
        given.append(discovery.request_discovery(None, "at once").pk)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == [DiscoveryRun.objects.get().pk] * 4
