"""Sign up, log in, log out."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from labeling.services.accounts import sign_up_volunteer
from labeling.throttles import throttled
from labeling.web.forms import LogInForm, SignUpForm

log_in = throttled("log_in")(
    LoginView.as_view(
        template_name="pages/log_in.html",
        authentication_form=LogInForm,
        redirect_authenticated_user=True,
    )
)


@throttled("sign_up")
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account, log in, and go to the tutorial: one click leads past it."""
    if request.user.is_authenticated:
        return redirect("label")
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        user = sign_up_volunteer(form.cleaned_data["username"], form.cleaned_data["password1"])
        login(request, user)
        return redirect("tutorial")
    return render(request, "pages/sign_up.html", {"form": form}, status=400 if form.errors else 200)
