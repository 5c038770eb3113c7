"""Whether this process can do its work: asked by load balancers and by the demo."""

import uuid

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while database and cache answer, else 503 with what is down."""
    parts = {"database": _database(), "cache": _cache()}
    ok = all(state == "ok" for state in parts.values())
    return JsonResponse({"ok": ok, **parts}, status=200 if ok else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError):
        return "down: the database cannot be reached"
    return "ok"


def _cache() -> str:
    sent = uuid.uuid4().hex
    try:
        cache.set(f"healthz:{sent}", sent, timeout=5)
        received = cache.get(f"healthz:{sent}")
    except (RedisError, OSError):
        return "down: the cache cannot be reached"
    return "ok" if received == sent else "down: the cache forgets what it is told"
