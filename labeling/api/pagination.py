"""Pages by cursor on the id: no COUNT, no row twice or missed while others write."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class OldestFirst(CursorPagination):
    """``?cursor=`` as in the links ``next`` and ``previous``; ``?limit=`` rows a page."""

    ordering = "id"
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 500

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        position = None if cursor is None or cursor.position is None else str(cursor.position)
        if position is not None and not (position.isdecimal() and len(position) < 19):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class NewestFirst(OldestFirst):
    ordering = "-id"
