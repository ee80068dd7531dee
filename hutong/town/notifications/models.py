from django.conf import settings
from django.db import models
from django.db.models import Q

from hutong.kernel.ids import public_id_field, ref_field
from hutong.town.notifications.types import Channel, DeliveryState, Group


class Notification(models.Model):
    """What a person was told. `params` are the values of its text; `in_app` says that the list shows it.

    Which kinds there are is not a constraint here: each new one would cost a migration.
    """

    public_id = public_id_field("ntf")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=30)
    merchant_ref = ref_field(blank=True, default="")
    subject_ref = models.CharField(max_length=60, blank=True, default="")
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300)
    once_key = models.CharField(max_length=120)
    in_app = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "once_key"], name="notifications_once"),
            models.CheckConstraint(
                condition=Q(url__startswith="/") & ~Q(url__startswith="//"), name="notifications_url_is_ours"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], condition=Q(in_app=True), name="notifications_list"),
            models.Index(
                fields=["person"], condition=Q(in_app=True, read_at__isnull=True), name="notifications_unread"
            ),
            models.Index(fields=["created_at"], name="notifications_old"),
            models.Index(fields=["once_key"], name="notifications_once_key"),
            models.Index(fields=["subject_ref"], name="notifications_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class Delivery(models.Model):
    """One notification through one channel that leaves the house. `error` is a word, never what somebody said."""

    public_id = public_id_field("dlv")
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default=DeliveryState.WAITING.value)
    tries = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True, default="")
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="notifications_delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in DeliveryState]),
                name="notifications_delivery_state",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[Channel.EMAIL.value, Channel.PUSH.value, Channel.SMS.value]),
                name="notifications_delivery_channel",
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.SENT.value, sent_at__isnull=False)
                | (~Q(state=DeliveryState.SENT.value) & Q(sent_at__isnull=True)),
                name="notifications_delivery_sent_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=[DeliveryState.WAITING.value, DeliveryState.SENDING.value]),
                name="notifications_delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class Subscription(models.Model):
    """A browser that takes web push (RFC 8030): where to, and the keys its messages are sealed with.

    `sign_in_ref` is the sign-in it was turned on in: a browser that was logged out gets nothing more.
    """

    public_id = public_id_field("psh")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    sign_in_ref = ref_field(blank=True, default="")
    browser = models.CharField(max_length=40, blank=True, default="")
    system = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person"], name="notifications_push_person")]

    def __str__(self) -> str:
        return self.public_id


class Preference(models.Model):
    """A switch that a person turned; what nobody turned stands as `rules` says."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    group = models.CharField(max_length=20)
    channel = models.CharField(max_length=10)
    on = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "group", "channel"], name="notifications_preference_once"
            ),
            models.CheckConstraint(
                condition=Q(group__in=[group.value for group in Group])
                & Q(channel__in=[channel.value for channel in Channel]),
                name="notifications_preference_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.channel} {self.on}"
