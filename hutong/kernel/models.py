"""The kernel's tables: budgets, idempotency keys, the outbox, the audit log. Written only through their modules."""

from django.db import models

from hutong.kernel.ids import public_id_field


class Budget(models.Model):
    """How much of a budget was spent in its current window. Written by `kernel.budget`."""

    key = models.CharField(max_length=200, unique=True)
    window_started_at = models.DateTimeField()
    spent = models.IntegerField()


class IdempotencyKey(models.Model):
    """The answer once given under a client's key. Written by `kernel.idempotency`."""

    actor = models.CharField(max_length=60)
    route = models.CharField(max_length=120)
    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64)
    status = models.IntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "route", "key"], name="idempotency_once"),
            models.CheckConstraint(
                condition=models.Q(status__isnull=True, body__isnull=True)
                | models.Q(status__isnull=False, body__isnull=False),
                name="idempotency_answer_whole",
            ),
        ]


class OutboxRow(models.Model):
    """A job that the transaction which wrote it asks for. Written by `kernel.outbox`."""

    job = models.CharField(max_length=60)
    payload = models.JSONField()
    created_at = models.DateTimeField()


class AuditEntry(models.Model):
    """Who changed what, when and why. Written by `kernel.audit`; a trigger refuses every change of it."""

    public_id = public_id_field("aud")
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    subject_ref = models.CharField(max_length=60)
    actor_ref = models.CharField(max_length=60)
    on_behalf_of = models.CharField(max_length=40, blank=True, default="")
    merchant_ref = models.CharField(max_length=40, blank=True, default="")
    changes = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["subject_ref", "-id"], name="kernel_audit_subject"),
            models.Index(fields=["actor_ref", "-id"], name="kernel_audit_actor"),
            models.Index(fields=["merchant_ref", "-id"], name="kernel_audit_merchant"),
            models.Index(fields=["action", "-id"], name="kernel_audit_action"),
        ]
