"""The database, for superusers to look things up.

What services guard (votes, consensus, gold, model versions, proposals) can be read here and not
written: a row changed past its service would be a lie to everything computed from it.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.http import HttpRequest

from labeling import models
from labeling.services.policies import change_workflow
from labeling.services.tokens import revoke_tokens


class ReadOnly(admin.ModelAdmin):
    """Look, and search; no adding, changing or deleting. Counting millions of rows is left out."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PasswordForm(AdminPasswordChangeForm):
    """Where an operator takes the password away the tokens end too: nobody tells of no password."""

    def save(self, commit: bool = True) -> models.User:
        user: models.User = super().save(commit)
        revoke_tokens(user)
        return user


@admin.register(models.User)
class NotaUserAdmin(UserAdmin):
    """People may be made reviewers here; skills and counts stay as they were earned.

    An account is suspended by taking ``is_active`` away and closed by ``manage.py
    close_account``, never deleted: its votes keep their volunteer.
    """

    change_password_form = PasswordForm

    list_display = ("username", "role", "level", "votes_cast", "is_simulated", "is_active")
    list_filter = ("role", "is_simulated", "is_active", "is_superuser")
    readonly_fields = (
        *("level", "votes_cast", "gold_seen", "gold_correct"),
        *("is_simulated", "closed_at"),
    )
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Nota", {"fields": ("role", *readonly_fields)}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Workflow)
class WorkflowAdmin(admin.ModelAdmin):
    """Levels: thresholds and limits may be tuned; the database checks what makes sense."""

    list_display = ("level", "name", "is_open", "rule", "retire_threshold", "votes_max")
    readonly_fields = ("level",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: models.Workflow, form: Any, change: bool
    ) -> None:
        by = request.user if isinstance(request.user, models.User) else None
        change_workflow(obj, by=by)


@admin.register(models.GlitchClass)
class GlitchClassAdmin(admin.ModelAdmin):
    """Classes: what is shown of them may be mended; the label never changes."""

    list_display = ("label", "name_shown", "position", "valid_from", "valid_to")
    readonly_fields = ("label", "is_none_of_the_above", "prior", "proposal")
    filter_horizontal = ("confused_with",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(models.Glitch)
class GlitchAdmin(ReadOnly):
    list_display = ("gravityspy_id", "ifo", "workflow", "votes_count", "retire_reason")
    list_filter = ("ifo", "retire_reason", "is_simulated", "is_reserved")
    list_select_related = ("workflow",)
    search_fields = ("gravityspy_id__exact",)


@admin.register(models.Vote)
class VoteAdmin(ReadOnly):
    list_display = ("pk", "volunteer", "glitch", "voted", "alike", "created_at")
    list_select_related = ("volunteer", "glitch", "voted")
    search_fields = ("volunteer__username__exact", "glitch__gravityspy_id__exact")


@admin.register(models.Assignment)
class AssignmentAdmin(ReadOnly):
    """Which glitch was lent to whom, from which stream and why."""

    list_display = ("pk", "volunteer", "glitch", "stream", "why", "state", "created_at")
    list_select_related = ("volunteer", "glitch")
    search_fields = ("volunteer__username__exact", "glitch__gravityspy_id__exact")


@admin.register(models.GoldLabel)
class GoldLabelAdmin(ReadOnly):
    list_display = ("glitch", "glitch_class", "split", "origin", "given_by", "created_at")
    list_filter = ("split", "origin")
    list_select_related = ("glitch", "glitch_class", "given_by")
    search_fields = ("glitch__gravityspy_id__exact",)


@admin.register(models.Consensus)
class ConsensusAdmin(ReadOnly):
    list_display = ("glitch", "top_class", "top_agreement", "votes_count", "rule")
    list_select_related = ("glitch", "top_class")
    search_fields = ("glitch__gravityspy_id__exact",)


@admin.register(models.ModelVersion)
class ModelVersionAdmin(ReadOnly):
    list_display = ("__str__", "state", "decision_reason", "created_at")


@admin.register(models.TrainingRun, models.DiscoveryRun)
class RunAdmin(ReadOnly):
    list_display = ("pk", "state", "reason", "requested_by", "worker", "created_at", "ended_at")
    list_select_related = ("requested_by",)


@admin.register(models.Proposal)
class ProposalAdmin(ReadOnly):
    list_display = ("pk", "name", "state", "method", "cohesion", "created_at")
    list_filter = ("state",)


@admin.register(models.AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ("at", "actor", "verb", "target")
    list_select_related = ("actor",)


@admin.register(models.TaskError)
class TaskErrorAdmin(ReadOnly):
    list_display = ("at", "times", "task", "error")
