"""What a volunteer's votes have brought about: glitches settled, classes found."""

from dataclasses import dataclass

from django.db.models import Count

from labeling.models import GlitchClass, ProposalMember, User, Vote


@dataclass(frozen=True)
class Discovery:
    """A class born here, and what the volunteer gave to it.

    ``answers``: to "does this look like these?"; ``unknowns``: its first members, to which the
    volunteer had said None of the Above when it had no name.
    """

    label: str
    name_shown: str
    answers: int
    unknowns: int


def glitches_helped_retire(volunteer: User) -> int:
    """Glitches settled by the votes of several, the volunteer's among them; gold needs no votes."""
    mine = Vote.objects.filter(
        volunteer=volunteer, batch=None, was_gold=False, after_retirement=False
    )
    return mine.filter(glitch__retired_at__isnull=False).count()


def classes_helped_discover(volunteer: User) -> list[Discovery]:
    """The classes born from proposals that the volunteer had a part in: three queries."""
    answers = dict(
        Vote.objects.filter(volunteer=volunteer, batch__proposal__born_class__isnull=False)
        .values_list("batch__proposal__born_class")
        .annotate(Count("pk"))
    )
    unknowns = dict(
        ProposalMember.objects.filter(
            proposal__born_class__isnull=False,
            glitch__votes__volunteer=volunteer,
            glitch__votes__voted__is_none_of_the_above=True,
        )
        .values_list("proposal__born_class")
        .annotate(Count("glitch", distinct=True))
    )
    born = GlitchClass.objects.filter(pk__in={*answers, *unknowns})
    return [
        Discovery(c.label, c.name_shown, answers.get(c.pk, 0), unknowns.get(c.pk, 0)) for c in born
    ]
