"""My account: the password, and closing it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from labeling.models import ApiToken
from labeling.services.accounts import change_password
from labeling.services.closing import close_account
from labeling.throttles import throttled
from labeling.web.forms import CloseForm, NewPasswordForm
from labeling.web.permissions import account_required, user_of


@never_cache
@account_required
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    return _show(request)


def _show(request: HttpRequest, **given: Any) -> HttpResponse:
    """The page; ``given``: the form that was refused, under its name."""
    user = user_of(request)
    context = {
        "password_form": NewPasswordForm(user),
        "close_form": CloseForm(user, prefix="close"),
        "tokens": ApiToken.objects.filter(user=user, revoked_at=None).count(),
        **given,
    }
    return render(request, "pages/me.html", context, status=400 if given else 200)


@throttled("log_in")
@sensitive_post_parameters()
@account_required
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    form = NewPasswordForm(user_of(request), request.POST)
    if not form.is_valid():
        return _show(request, password_form=form)
    keep = form.cleaned_data["keep_tokens"]
    change_password(user_of(request), form.cleaned_data["new_password1"], keep_tokens=keep)
    update_session_auth_hash(request, user_of(request))
    messages.success(request, _("Your password is changed; other browsers must log in anew."))
    return redirect("me")


@throttled("log_in")
@sensitive_post_parameters()
@account_required
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    form = CloseForm(user_of(request), request.POST, prefix="close")
    if not form.is_valid():
        return _show(request, close_form=form)
    close_account(user_of(request))
    logout(request)
    messages.success(request, _("Your account is closed. Thank you for every vote."))
    return redirect("home")
