"""The policy of retirement: limits, overrides by class, and what happens where votes do not settle.

Plain values, checked when made, to and from a dictionary (JSON), so that it can be stored with a
workflow and be shown what is wrong with it key by key.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, NamedTuple

from ml.crowd.stopping import HORIZON_MAX, Stopping


class BadPolicy(ValueError):
    """A policy that cannot be; the message begins with the key, also in ``key``."""

    code = "bad_policy"

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


class Otherwise(StrEnum):
    """What happens to a glitch that the votes at its level do not settle."""

    MOVE_UP = "move_up"
    TO_REVIEWER = "to_reviewer"
    RETIRE = "retire"
    KEEP = "keep"


class Limits(NamedTuple):
    """Retire at ``threshold`` with ``votes_min`` votes or more, give up at ``votes_max``."""

    threshold: float
    votes_min: int
    votes_max: int


@dataclass(frozen=True)
class ClassLimits:
    """What differs where one class leads; None: as the policy says for all."""

    threshold: float | None = None
    votes_min: int | None = None
    votes_max: int | None = None


@dataclass(frozen=True)
class RetirementPolicy:
    """Retire at ``threshold`` with at least ``votes_min`` votes, give up at ``votes_max``.

    Attributes:
        per_class: overrides by label, for the class that leads.
        at_none_of_the_above: what happens when the agreement is on None_of_the_Above, or on
            what this level does not offer. Where no level is above, moving up is to retire.
        none_of_the_above_votes: so many such votes do the same at once (Gravity Spy: 3).
        at_no_consensus: what happens at ``votes_max`` without agreement; also where stopping says
            that another vote is not worth its cost.
        nothing_here: labels that mean an empty picture; their agreement has its own reason.
        stopping: expected-value stopping; None: votes are asked for up to the limit.

    Raises:
        BadPolicy: a value out of its range, naming the key.
    """

    threshold: float = 0.97
    votes_min: int = 2
    votes_max: int = 8
    per_class: Mapping[str, ClassLimits] = field(default_factory=dict)
    at_none_of_the_above: Otherwise = Otherwise.MOVE_UP
    none_of_the_above_votes: int | None = None
    at_no_consensus: Otherwise = Otherwise.MOVE_UP
    nothing_here: tuple[str, ...] = ()
    stopping: Stopping | None = None

    def __post_init__(self) -> None:
        _check_limits(self.limits(), "")
        for label in self.per_class:
            _check_limits(self.limits(label), f"per_class.{label}.")
        if self.none_of_the_above_votes is not None:
            _whole("none_of_the_above_votes", self.none_of_the_above_votes)
        if self.stopping is not None:
            _check_stopping(self.stopping)

    def limits(self, label: str | None = None) -> Limits:
        """The limits that hold where this class leads; without a label, those of all."""
        own = Limits(self.threshold, self.votes_min, self.votes_max)
        override = self.per_class.get(label) if label else None
        if override is None:
            return own
        given = {key: value for key, value in asdict(override).items() if value is not None}
        return own._replace(**given)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``from_dict`` takes them back."""
        plain = asdict(self)
        plain["nothing_here"] = list(self.nothing_here)
        plain["per_class"] = {
            label: {key: value for key, value in asdict(limits).items() if value is not None}
            for label, limits in self.per_class.items()
        }
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "RetirementPolicy":
        """The policy of a dictionary; keys left out have their defaults.

        Raises:
            BadPolicy: an unknown key, a value of the wrong kind or out of its range.
        """
        given = _known_keys(cls, plain, "")
        for key in ("at_none_of_the_above", "at_no_consensus"):
            if key in given:
                given[key] = _otherwise(key, given[key])
        if "per_class" in given:
            per_class = _mapping("per_class", given["per_class"])
            given["per_class"] = {
                label: ClassLimits(**_known_keys(ClassLimits, limits, f"per_class.{label}"))
                for label, limits in per_class.items()
            }
        if "nothing_here" in given:
            given["nothing_here"] = _labels("nothing_here", given["nothing_here"])
        if given.get("stopping") is not None:
            given["stopping"] = Stopping(**_known_keys(Stopping, given["stopping"], "stopping"))
        return cls(**given)


def _known_keys(kind: type, plain: Any, where: str) -> dict[str, Any]:
    known = [known_field.name for known_field in fields(kind)]
    for key in _mapping(where or "policy", plain):
        if key not in known:
            path = f"{where}.{key}" if where else str(key)
            raise BadPolicy(path, f"no such key; there are {', '.join(known)}")
    return dict(plain)


def _mapping(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadPolicy(key, f"must be an object of keys and values, got {value!r}")
    return value


def _labels(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(label, str) for label in value):
        raise BadPolicy(key, f"must be a list of labels, got {value!r}")
    return tuple(value)


def _otherwise(key: str, value: Any) -> Otherwise:
    if value not in list(Otherwise):
        raise BadPolicy(key, f"must be one of {', '.join(Otherwise)}, got {value!r}")
    return Otherwise(value)


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadPolicy(key, f"must be a number, got {value!r}")
    return value


def _whole(key: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadPolicy(key, f"must be a whole number of at least 1, got {value!r}")


def _check_limits(limits: Limits, where: str) -> None:
    if not 0 < _number(f"{where}threshold", limits.threshold) <= 1:
        raise BadPolicy(f"{where}threshold", f"must be in (0, 1], got {limits.threshold!r}")
    _whole(f"{where}votes_min", limits.votes_min)
    _whole(f"{where}votes_max", limits.votes_max)
    if limits.votes_max < limits.votes_min:
        problem = f"must be at least votes_min ({limits.votes_min}), got {limits.votes_max}"
        raise BadPolicy(f"{where}votes_max", problem)


def _check_stopping(stopping: Stopping) -> None:
    if not 0 < _number("stopping.cost", stopping.cost) < 1:
        raise BadPolicy("stopping.cost", f"must be in (0, 1), got {stopping.cost!r}")
    _whole("stopping.horizon", stopping.horizon)
    if stopping.horizon > HORIZON_MAX:
        raise BadPolicy("stopping.horizon", f"must be at most {HORIZON_MAX}")
