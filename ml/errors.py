"""The one family of errors that the library raises at people's input."""

from typing import Any


class MLError(Exception):
    """An input that the library cannot work with.

    ``code`` is stable and meant for programs; the message says what was wrong, where, and what to
    do about it; ``data`` holds the values that the message names.
    """

    code = "ml_error"

    def __init__(self, message: str, *, code: str | None = None, **data: Any) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.data = data
