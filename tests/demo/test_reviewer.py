"""The simulated reviewer's decisions, against an API that only remembers what it was told."""

from demo.client import ApiError
from demo.reviewer import Reviewer

TRUTH = {**{f"c{i}": "Crown" for i in range(30)}, **{f"b{i}": "Blip" for i in range(10)}}


class Site:
    """Proposals by number; decisions are kept in the order they came."""

    def __init__(self, proposals):
        self.proposals = {p["id"]: p for p in proposals}
        self.decisions = []

    def pages(self, path, state):
        return iter([p for p in self.proposals.values() if p["state"] == state])

    def get(self, path):
        return self.proposals[int(path.rsplit("/", 1)[1])]

    def post(self, path, **decision):
        if decision.get("name") == "Blip":
            raise ApiError(409, "class_exists", "there is a Blip")
        self.decisions.append((int(path.split("/")[1]), decision["decision"]))


def proposal(number, ids, cohesion=0.8, state="proposed", confirmed=(), batch=None):
    members = [
        {
            "gravityspy_id": i,
            "is_medoid": place == 0,
            "distance": 0.1,
            "confirmed": i in confirmed,
        }
        for place, i in enumerate(ids)
    ]
    return {
        "id": number,
        "state": state,
        "size": len(ids),
        "cohesion": cohesion,
        "members": members,
        "name": "Crown",
        "batch": batch,
    }


def crowns(first, last):
    return [f"c{i}" for i in range(first, last)]


def test_the_largest_of_one_kind_takes_the_others_and_goes_to_the_vote():
    site = Site([proposal(1, crowns(0, 9)), proposal(2, crowns(9, 30))])
    Reviewer(site, TRUTH).decide_proposals()
    assert site.decisions == [(1, "merge"), (2, "vote")]


def test_too_few_members_and_known_classes_are_rejected():
    site = Site([proposal(1, crowns(0, 5)), proposal(2, [f"b{i}" for i in range(10)])])
    said = Reviewer(site, TRUTH).decide_proposals()
    assert site.decisions == [(1, "reject"), (2, "reject")]
    assert "Blip, a class that exists" in said[1]


def test_votes_are_concluded_only_when_their_batch_is_closed():
    ids = crowns(0, 10)
    site = Site(
        [
            proposal(1, ids, state="in_vote", batch={"state": "open"}),
            proposal(2, ids, state="in_vote", batch={"state": "closed"}, confirmed=ids[:6]),
            proposal(3, ids, state="in_vote", batch={"state": "closed"}, confirmed=ids[:3]),
        ]
    )
    Reviewer(site, TRUTH).conclude_votes()
    assert site.decisions == [(2, "accept"), (3, "reject")]
