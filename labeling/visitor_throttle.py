"""The second throttle of those who label without an account: by address, over all sessions."""

from types import SimpleNamespace
from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.models import User
from labeling.throttles import PostThrottle

SCOPE: Any = SimpleNamespace(throttle_scope="visitor_vote")


class VisitorThrottle(PostThrottle):
    """Counts what all visitors at one address post together: a new session is no new allowance."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not (isinstance(request.user, User) and request.user.is_visitor):
            return True
        return super().allow_request(request, SCOPE)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return str(self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)})
