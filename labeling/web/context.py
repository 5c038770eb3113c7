"""What every page's template knows."""

from django.conf import settings
from django.http import HttpRequest

from labeling.web import display

SITE_NAME = "Nota"


def site(request: HttpRequest) -> dict[str, object]:
    match = request.resolver_match
    return {
        "site_name": SITE_NAME,
        "page": match.url_name if match else "",
        "may_visit": settings.ANONYMOUS_VOTING,
        "display": display.context(request),
    }
