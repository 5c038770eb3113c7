"""What a browser may load on our pages: our own files and nothing else."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

OURS = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def _text(rules: dict[str, str]) -> str:
    return "; ".join(f"{what} {whence}" for what, whence in rules.items())


POLICY = _text(OURS)
# The page that documents the API brings styles of its own; its scripts are files of ours.
DOCS_POLICY = _text(OURS | {"style-src": "'self' 'unsafe-inline'"})
API_DOCS = "/api/v1/docs/"


class ContentSecurityPolicyMiddleware:
    """Send the policy with every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = DOCS_POLICY if request.path == API_DOCS else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        return response
