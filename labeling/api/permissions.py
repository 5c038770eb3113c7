"""Who may do what: the least that each role needs."""

from django.conf import settings
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.models import User


def user_of(request: Request) -> User:
    """The user of a request whose view lets in nobody else."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class RolePermission(BasePermission):
    """Anonymous users are told to log in (401), others that the role is wrong (403)."""

    code = "wrong_role"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and self.allows(request.user)

    def allows(self, user: User) -> bool:
        raise NotImplementedError


class IsPerson(RolePermission):
    """Volunteers and reviewers vote; a pipeline's token in the wrong hands cannot.

    Visitors do while the site lets people vote without an account.
    """

    message = "Only volunteers and reviewers are given glitches to vote on."

    def allows(self, user: User) -> bool:
        if user.is_visitor:
            return settings.ANONYMOUS_VOTING
        return user.role != User.Role.PIPELINE or user.is_superuser


class HasAccount(RolePermission):
    """What is kept for a person needs somebody to keep it for."""

    message = "This needs an account; sign up, and the votes so far are yours."

    def allows(self, user: User) -> bool:
        return not user.is_visitor


class IsReviewer(RolePermission):
    message = "Only a reviewer may do this."

    def allows(self, user: User) -> bool:
        return user.is_reviewer


class IsPipelineOrReviewer(RolePermission):
    """Gold, predictions and agreement are never for volunteers: they would vote by them."""

    message = "Only a pipeline or a reviewer may do this."

    def allows(self, user: User) -> bool:
        return user.is_pipeline or user.is_reviewer
