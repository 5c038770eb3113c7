"""Accounts of people."""

from labeling.models import User


def sign_up_volunteer(username: str, password: str) -> User:
    """Make a volunteer's account. The caller has checked name and password."""
    return User.objects.create_user(username, password=password, role=User.Role.VOLUNTEER)
