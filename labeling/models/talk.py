"""What people say of glitches and gather of them: no part of any vote."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

COMMENT_MOST = 1000  # characters


class Comment(models.Model):
    """A remark on a glitch. Shown only to those whom it can no longer lead (``selectors.talk``)."""

    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="comments")
    author = models.ForeignKey("User", models.CASCADE, related_name="comments")
    text = models.CharField(max_length=COMMENT_MOST)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_says_something")]


class Collection(models.Model):
    """Glitches that somebody gathered under a name. Everybody's favourites are one of them."""

    owner = models.ForeignKey("User", models.CASCADE, related_name="collections")
    name = models.CharField(max_length=60)
    is_public = models.BooleanField(default=False)
    is_favourites = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    glitches: models.ManyToManyField = models.ManyToManyField("Glitch", through="CollectionGlitch")

    class Meta:
        ordering = ["-is_favourites", "pk"]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_collection_an_owner_name"),
            models.UniqueConstraint(
                fields=["owner"], condition=Q(is_favourites=True), name="one_favourites_an_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CollectionGlitch(models.Model):
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="places")
    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "glitch"], name="one_place_a_collection_glitch"
            )
        ]
