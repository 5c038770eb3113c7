"""Votes cast without an account, told apart wherever votes are counted."""

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from labeling.models import User, Vote


def visitor_votes() -> Coalesce:
    """For a queryset of Glitch: how many of a glitch's votes on its class are visitors'."""
    theirs = Vote.objects.filter(
        glitch=OuterRef("pk"), batch=None, was_gold=False, volunteer__role=User.Role.VISITOR
    )
    counted = theirs.order_by().values("glitch").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
