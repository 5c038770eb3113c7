"""The mix of streams at a level: where the next glitch comes from, and by which weights.

Plain values, checked when made, to and from a dictionary (JSON), as the policy of retirement.
Gold has a schedule of its own (``ml.crowd.promotion.gold_share``) and comes before the draw.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ml.query.uncertainty import MEASURES

STREAMS = ("batch", "active", "audit")
REST = "pool"


class BadSelection(ValueError):
    """A selection that cannot be; the message begins with the key, also in ``key``."""

    code = "bad_selection"

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


@dataclass(frozen=True)
class Selection:
    """Shares of the streams in what is not gold, while they have something; the pool has the rest.

    Attributes:
        batch: questions of proposal batches ("does this look like these?").
        active: what the classifier and the crowd are unsure of.
        audit: the random audit.
        uncertainty: the measure that active learning goes by, a name of ``MEASURES``.
        route_by_skill: of a few glitches next in line, lend the one on which this volunteer's
            answer says most beside an average one's.

    Raises:
        BadSelection: a share outside [0, 1], shares of more than 1 in all, an unknown measure.
    """

    batch: float = 0.3
    active: float = 0.5
    audit: float = 0.05
    uncertainty: str = "entropy"
    route_by_skill: bool = False

    def __post_init__(self) -> None:
        for stream in STREAMS:
            share = getattr(self, stream)
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise BadSelection(stream, f"must be a share between 0 and 1, got {share!r}")
        total = self.batch + self.active + self.audit
        if total > 1 + 1e-9:
            raise BadSelection(
                "batch", f"the shares of {', '.join(STREAMS)} must not exceed 1 in all, got {total}"
            )
        if self.uncertainty not in tuple(MEASURES):  # unhashable values too
            problem = f"must be one of {', '.join(MEASURES)}, got {self.uncertainty!r}"
            raise BadSelection("uncertainty", problem)
        if not isinstance(self.route_by_skill, bool):
            raise BadSelection(
                "route_by_skill", f"must be true or false, got {self.route_by_skill!r}"
            )

    def draw(self, u: float) -> str:
        """The stream of a draw ``u`` in [0, 1).

        >>> [Selection().draw(u) for u in (0.1, 0.4, 0.82, 0.9)]
        ['batch', 'active', 'audit', 'pool']
        """
        for stream in STREAMS:
            u -= getattr(self, stream)
            if u < 0:
                return stream
        return REST

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``from_dict`` takes them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Any) -> "Selection":
        """The selection of a dictionary; keys left out have their defaults.

        Raises:
            BadSelection: no dictionary, an unknown key, or a value as said above.
        """
        if not isinstance(plain, Mapping):
            raise BadSelection("selection", f"must be an object of keys and values, got {plain!r}")
        known = [field.name for field in fields(cls)]
        for key in plain:
            if key not in known:
                raise BadSelection(str(key), f"no such key; there are {', '.join(known)}")
        return cls(**plain)
