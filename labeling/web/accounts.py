"""Sign up, log in, begin without an account."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from labeling.models import User
from labeling.services.accounts import sign_up_volunteer
from labeling.services.visitors import begin_visit, make_visitor_volunteer
from labeling.throttles import throttled
from labeling.web.context import SITE_NAME
from labeling.web.forms import LogInForm, SignUpForm


def visitor_of(request: HttpRequest) -> User | None:
    """Who labels without an account in this session, or None."""
    user = request.user
    return user if isinstance(user, User) and user.is_visitor else None


class LogInView(LoginView):
    template_name = "pages/log_in.html"
    authentication_form = LogInForm
    extra_context = {"site_name": SITE_NAME}  # the view's own would be the host's name

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Who labels without an account may have one all the same.
        self.redirect_authenticated_user = visitor_of(request) is None
        return super().dispatch(request, *args, **kwargs)


log_in = throttled("log_in")(LogInView.as_view())


@throttled("sign_up")
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account, log in, and go to the tutorial: one click leads past it.

    Who has labeled in this session before keeps those votes and goes on labeling.
    """
    visitor = visitor_of(request)
    if request.user.is_authenticated and visitor is None:
        return redirect("label")
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        name, password = form.cleaned_data["username"], form.cleaned_data["password1"]
        if visitor is not None:
            login(request, make_visitor_volunteer(visitor, name, password))
        else:
            login(request, sign_up_volunteer(name, password))
        return redirect("label" if visitor and visitor.votes_cast else "tutorial")
    return render(request, "pages/sign_up.html", {"form": form}, status=400 if form.errors else 200)


@throttled("visit")
@never_cache
@require_POST
def visit(request: HttpRequest) -> HttpResponse:
    """Begin to label without an account; in a session that has begun already, go on."""
    if not request.user.is_authenticated:
        login(request, begin_visit())
    return redirect("label")
