"""What every page's template knows."""

from django.http import HttpRequest

from labeling.web import display


def site(request: HttpRequest) -> dict[str, object]:
    match = request.resolver_match
    return {
        "site_name": "Nota",
        "page": match.url_name if match else "",
        "display": display.context(request),
    }
