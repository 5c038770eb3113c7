"""Who may open which page."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from labeling.models import User

View = Callable[..., HttpResponse]


def user_of(request: HttpRequest) -> User:
    """The person logged in, where a decorator has made sure that there is one."""
    return cast(User, request.user)


def account_required(view: View) -> View:
    """Send strangers to log in, and those who label without an account to sign up."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if user_of(request).is_visitor:
            messages.info(request, _("That needs an account. Your votes so far come along."))
            return redirect("sign-up")
        return view(request, *args, **kwargs)

    return cast(View, login_required(guarded))


def reviewer_required(view: View) -> View:
    """Send strangers to log in, and refuse everyone who is no reviewer."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not user_of(request).is_reviewer:
            raise PermissionDenied(
                _("This page is for reviewers. Ask whoever runs this site to make you one.")
            )
        return view(request, *args, **kwargs)

    return cast(View, login_required(guarded))
