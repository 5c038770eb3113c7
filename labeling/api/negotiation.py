"""Which of a view's formats an answer has."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class ShortNegotiation(DefaultContentNegotiation):
    """As DRF's; who asks for a view's first format by its name, and for no other, has it at once.

    So do our own pages with every vote; taking the header apart to see it takes as long as to
    check the vote.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        given = list(renderers)
        asked = request.META.get("HTTP_ACCEPT")
        # A query may name a format too (?format=csv).
        if asked == given[0].media_type and not format_suffix and not request.GET:
            return given[0], asked
        return super().select_renderer(request, given, format_suffix)
