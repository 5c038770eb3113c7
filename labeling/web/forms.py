"""What people may type, and what is said when they type something else."""

from typing import Any

from django import forms
from django.contrib.auth.forms import (
    AuthenticationForm,
    BaseUserCreationForm,
    PasswordChangeForm,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from labeling.models import GlitchClass, Proposal, User
from labeling.services.closing import FORMER_PREFIX
from labeling.services.visitors import VISITOR_PREFIX

# Names that begin so would pass for what they are not.
RESERVED = {
    "simulated": _("Names that begin so are kept for simulated volunteers."),
    VISITOR_PREFIX: _("Names that begin so are kept for people without an account."),
    FORMER_PREFIX: _("Names that begin so are kept for accounts that were closed."),
}


class LogInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("This name and password do not belong together. Both mind capitals."),
        "inactive": _("This account is closed."),
    }


class SignUpForm(BaseUserCreationForm):
    """A name and a password; nothing else is asked of a volunteer."""

    class Meta:
        model = User
        fields = ("username",)
        widgets = {"username": forms.TextInput({"autocomplete": "username"})}

    def clean_username(self) -> str:
        """Names that differ only in capitals, or that look simulated, would mislead others."""
        name: str = self.cleaned_data["username"]
        for prefix, reason in RESERVED.items():
            if name.lower().startswith(prefix):
                raise ValidationError(reason)
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(_("This name is taken; choose another one."))
        return name


class NewPasswordForm(PasswordChangeForm):
    """Another password; the page has more on it, so nothing takes the focus."""

    keep_tokens = forms.BooleanField(
        required=False,
        label=_("keep my API tokens"),
        help_text=_("Programs that use them go on. Without this they end with the password."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]


class CloseForm(forms.Form):
    """The password once more: who finds a page left open must not end an account."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not the password of your account."))
        return password


class DecisionForm(forms.Form):
    """One decision of a reviewer about one proposal; the service says what is missing."""

    decision = forms.ChoiceField(
        choices=[(d, d) for d in ("vote", "rename", "merge", "reject", "close", "accept")],
        error_messages={"invalid_choice": _("Choose one of the decisions on the page.")},
    )
    name = forms.CharField(required=False, max_length=63)
    description = forms.CharField(required=False, max_length=1000)
    reason = forms.CharField(required=False, max_length=1000)
    into = forms.ModelChoiceField(
        Proposal.objects.filter(state=Proposal.State.PROPOSED),
        required=False,
        error_messages={"invalid_choice": _("The other proposal is decided already; reload.")},
    )


class GoldForm(forms.Form):
    label = forms.ModelChoiceField(
        GlitchClass.objects.filter(valid_to__isnull=True),
        to_field_name="label",
        error_messages={
            "required": _("Choose a class."),
            "invalid_choice": _("There is no such class; reload the page."),
        },
    )
