"""A simulated reviewer, named so: decides from what the API shows of a proposal.

Only the name that it gives comes from the hidden truth, as a person's would come from looking.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from demo.client import ApiError, Client

MEMBERS_MIN = 8
CONFIRMED_SHARE_MIN = 0.5


class Reviewer:
    def __init__(self, client: Client, truth: Mapping[str, str]) -> None:
        self.client = client
        self.truth = truth

    def name_of(self, proposal: Mapping[str, Any]) -> str:
        """What most of the pictures in the middle of the cluster are."""
        medoids = [m for m in proposal["members"] if m["is_medoid"]] or proposal["members"]
        counts = Counter(self.truth[m["gravityspy_id"]] for m in medoids)
        return counts.most_common(1)[0][0]

    def decide_proposals(self) -> list[str]:
        """Decide every open proposal; what was decided, in words.

        Where several show the same kind, the largest takes the others' members before the vote.
        """
        said = []
        largest: dict[str, Mapping[str, Any]] = {}
        for short in self._largest_first("proposed"):
            proposal = self.client.get(f"proposals/{short['id']}")
            size = len(proposal["members"])
            name = self.name_of(proposal)
            if name in largest:
                said.append(self._merge(proposal["id"], largest[name]["id"], name))
            elif size < MEMBERS_MIN:
                said.append(self._reject(proposal["id"], f"{size} members are too few to tell"))
            else:
                largest[name] = proposal
        return said + [self._to_vote(proposal, name) for name, proposal in largest.items()]

    def _largest_first(self, state: str) -> list[dict[str, Any]]:
        proposals = list(self.client.pages("proposals", state=state))
        return sorted(proposals, key=lambda p: -p["size"])

    def _merge(self, number: int, into: int, name: str) -> str:
        reason = f"the same kind as proposal {into}"
        self._post(number, decision="merge", into=into, reason=reason)
        return f"proposal {number}: merged into proposal {into}, both look like {name}"

    def _to_vote(self, proposal: Mapping[str, Any], name: str) -> str:
        number = proposal["id"]
        try:
            self._post(number, decision="vote", name=name, reason="a tight group of its own")
        except ApiError as error:
            if error.code != "class_exists":
                raise
            return self._reject(number, f"these are {name}, a class that exists")
        return f"proposal {number}: to the volunteers as {name}"

    def _reject(self, number: int, why: str) -> str:
        self._post(number, decision="reject", reason=why)
        return f"proposal {number}: rejected, {why}"

    def _post(self, number: int, **decision: Any) -> None:
        self.client.post(f"proposals/{number}/decide", **decision)

    def conclude_votes(self) -> list[str]:
        """Accept what the volunteers confirmed, reject what they did not; only closed batches."""
        said = []
        for short in self._largest_first("in_vote"):
            proposal = self.client.get(f"proposals/{short['id']}")
            if proposal["batch"]["state"] != "closed":
                continue
            cluster = [m for m in proposal["members"] if m["distance"] is not None]
            share = sum(m["confirmed"] is True for m in cluster) / max(len(cluster), 1)
            number = proposal["id"]
            if share < CONFIRMED_SHARE_MIN:
                said.append(self._reject(number, f"volunteers confirmed only {share:.0%}"))
                continue
            reason = f"volunteers confirmed {share:.0%} of the members"
            self._post(number, decision="accept", reason=reason)
            said.append(f"proposal {number}: the class {proposal['name']} is born, {reason}")
        return said
