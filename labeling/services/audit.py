"""The record of deeds."""

from typing import Any

from labeling.models import AuditEvent, User


def record_deed(actor: User | None, verb: str, target: str, **data: Any) -> None:
    AuditEvent.objects.create(actor=actor, verb=verb, target=target, data=data)
