"""What a volunteer's skill says, for people."""

from labeling.models import Skill


def gold_answers_by_class(skill: Skill | None) -> dict[int, tuple[int, int]]:
    """Class id -> (right answers, answers) of one volunteer on gold."""
    by_class: dict[int, tuple[int, int]] = {}
    if skill is None:
        return by_class
    for truth_id, voted_id, count in zip(skill.truths, skill.votes, skill.counts, strict=True):
        right, seen = by_class.get(truth_id, (0, 0))
        by_class[truth_id] = (right + (count if truth_id == voted_id else 0), seen + count)
    return by_class
