from django.conf import settings
from django.db import models
from django.db.models import Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.town.pictures.types import PictureState


class Picture(models.Model):
    """A picture that somebody uploaded for a store or an offer. `digest` is that of the upload."""

    public_id = public_id_field("pic")
    owner_ref = ref_field()
    merchant_ref = ref_field()
    digest = models.CharField(max_length=64)
    width = models.IntegerField()
    height = models.IntegerField()
    colour = models.CharField(max_length=7)
    # From the narrowest to the widest: width, height, and the names of the two files.
    variants = models.JSONField()
    bytes = models.BigIntegerField()
    alts = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default=PictureState.WAITING.value)
    position = models.IntegerField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    # Since when it is in this state.
    state_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=PictureState.SHOWN.value, position__isnull=False, position__gte=0)
                | Q(
                    state__in=[PictureState.WAITING.value, PictureState.REMOVED.value], position__isnull=True
                ),
                name="pictures_picture_state",
            ),
            models.UniqueConstraint(
                fields=["owner_ref", "position"],
                name="pictures_picture_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]
        indexes = [
            models.Index(fields=["owner_ref", "state"], name="pictures_picture_owner"),
            models.Index(fields=["digest"], name="pictures_picture_digest"),
        ]

    def __str__(self) -> str:
        return self.public_id
