"""Comments: said by anybody, taken away by who said it or by a reviewer."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import ForbiddenError, LabelingError, NotFoundError
from labeling.models import Comment, Glitch, User
from labeling.models.talk import COMMENT_MOST
from labeling.services.audit import record_deed


def add_comment(author: User, glitch: Glitch, text: str) -> Comment:
    """Raises LabelingError ``comment_empty``, ``comment_too_long``."""
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise LabelingError(_("The comment is empty; write something first."), code="comment_empty")
    if len(said) > COMMENT_MOST:
        raise LabelingError(
            _("The comment has %(said)s characters; %(comment_most)s are the most. Shorten it.")
            % {"said": len(said), "comment_most": COMMENT_MOST},
            code="comment_too_long",
        )
    if "\x00" in said:
        raise LabelingError(
            _("The comment holds a character that is no text."), code="bad_character"
        )
    return Comment.objects.create(author=author, glitch=glitch, text=said)


@transaction.atomic
def delete_comment(comment_id: int, *, by: User) -> Glitch:
    """Take a comment away and return its glitch; what was said is gone, the deed is recorded.

    Raises NotFoundError ``no_comment``; ForbiddenError ``not_your_comment``.
    """
    comment = Comment.objects.select_related("glitch", "author").filter(pk=comment_id).first()
    if comment is None:
        raise NotFoundError(_("This comment is gone already."), code="no_comment")
    if comment.author_id != by.pk and not by.is_reviewer:
        raise ForbiddenError(
            _("Only its author or a reviewer can delete a comment."), code="not_your_comment"
        )
    target = f"glitch {comment.glitch.gravityspy_id}"
    record_deed(by, "delete_comment", target, author=comment.author.username)
    comment.delete()
    return comment.glitch
