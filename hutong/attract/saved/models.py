from django.conf import settings
from django.db import models
from django.db.models import Q

from hutong.kernel.ids import public_id_field


class SavedList(models.Model):
    """A list of what somebody keeps. A deleted one is there for an hour, so that it can be had back."""

    public_id = public_id_field("lst")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60, blank=True, default="")
    is_default = models.BooleanField(default=False)
    # What its link ends with. It is shown to its owner again, so it is kept as it is; to guess it is hopeless.
    share_key = models.CharField(max_length=60, null=True, blank=True)
    shares_notes = models.BooleanField(default=False)
    shared_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(is_default=True), name="saved_list_one_default"
            ),
            models.UniqueConstraint(fields=["share_key"], name="saved_list_share_key"),
            models.CheckConstraint(
                condition=Q(is_default=True, name="", deleted_at__isnull=True)
                | (Q(is_default=False) & ~Q(name="")),
                name="saved_list_named",
            ),
            models.CheckConstraint(
                condition=Q(share_key__isnull=True, shared_at__isnull=True)
                | Q(share_key__isnull=False, shared_at__isnull=False),
                name="saved_list_shared_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="saved_list_deleted"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class SavedEntry(models.Model):
    """A shop or a deal in a list, with a note. A removed one is there for an hour."""

    public_id = public_id_field("sav")
    list = models.ForeignKey(SavedList, on_delete=models.PROTECT, related_name="entries", db_index=False)
    store = models.ForeignKey(
        "merchants.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    offer = models.ForeignKey(
        "catalog.Offer", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True, default="")
    # The smallest stands first. Numbers only say an order: they may have gaps and be below zero.
    position = models.BigIntegerField()
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(store__isnull=False, offer__isnull=True)
                | Q(store__isnull=True, offer__isnull=False),
                name="saved_entry_one_thing",
            ),
            # These two also serve the reading of a list.
            models.UniqueConstraint(
                fields=["list", "store"],
                condition=Q(removed_at__isnull=True, store__isnull=False),
                name="saved_entry_store_once",
            ),
            models.UniqueConstraint(
                fields=["list", "offer"],
                condition=Q(removed_at__isnull=True, offer__isnull=False),
                name="saved_entry_offer_once",
            ),
        ]
        indexes = [
            models.Index(fields=["list", "position"], name="saved_entry_order"),
            models.Index(
                fields=["removed_at"], condition=Q(removed_at__isnull=False), name="saved_entry_removed"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class SeenStore(models.Model):
    """When somebody looked at a shop last."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    store = models.ForeignKey("merchants.Store", on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "store"], name="saved_seen_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.store_id}"


class SeenChoice(models.Model):
    """What somebody said about being remembered; no row says yes."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    remembers = models.BooleanField(default=True)
    # What was done before this moment says nothing any more about a person's taste.
    cleared_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id}: {'yes' if self.remembers else 'no'}"
