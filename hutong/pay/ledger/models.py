"""Tables of the books. What no Django constraint can say (composite keys, triggers) is in the migrations."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from hutong.kernel.ids import public_id_field
from hutong.pay.ledger.rules import FLOORS
from hutong.pay.ledger.types import AccountKind, PartState, TransactionKind


class Account(models.Model):
    """A pot of one owner in one unit. Made by the first transfer that names it, never removed."""

    kind = models.CharField(max_length=20)
    owner_ref = models.CharField(max_length=60)
    unit = models.CharField(max_length=40)
    guarded = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "owner_ref", "unit"], name="ledger_account_once"),
            # The target of the composite keys that keep a transfer within one unit.
            models.UniqueConstraint(fields=["id", "unit"], name="ledger_account_id_unit"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AccountKind]), name="ledger_account_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in FLOORS], guarded=True)
                | (~Q(kind__in=[kind.value for kind in FLOORS]) & Q(guarded=False)),
                name="ledger_account_guarded_iff_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.owner_ref} in {self.unit}"


class Balance(models.Model):
    """The running balance of a guarded account, in minor units; the only row of the books that changes."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="balance"
    )
    minor = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minor__gte=F("floor")), name="ledger_balance_floor"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.minor}"


class Transaction(models.Model):
    """Transfers that happened together, under a reference that is used once."""

    public_id = public_id_field("txn")
    reference = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in TransactionKind]), name="ledger_transaction_kind"
            ),
        ]
        # What moved in a month: rows lie in the order of their moments, so that a few pages say where.
        indexes = [BrinIndex(fields=["at"], autosummarize=True, name="ledger_transaction_at")]

    def __str__(self) -> str:
        return self.reference


class Transfer(models.Model):
    """A positive amount that left one account and arrived at another of the same unit.

    The foreign keys of the two accounts are composite, (account, unit), and made in the migration.
    """

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="transfers")
    from_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    to_account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_transfer_positive"),
            models.CheckConstraint(
                condition=~Q(from_account=F("to_account")), name="ledger_transfer_two_accounts"
            ),
        ]
        indexes = [
            # What moved since a checkpoint is a sum over one of these alone: the heap is not read.
            models.Index(fields=["from_account", "id"], include=["amount"], name="ledger_transfer_from"),
            models.Index(fields=["to_account", "id"], include=["amount"], name="ledger_transfer_to"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


class Closing(models.Model):
    """Until when the books of a unit are closed: nothing is posted with an earlier moment."""

    unit = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.unit}: {self.until}"


class Checkpoint(models.Model):
    """Up to where the books were added up and found right: one row, or none.

    Everything up to `upto_transfer` and `upto_transaction` is committed or will never be. Ids are given out before
    their transactions commit, in any order; so the end of what was given out at one moment (`next_...`) becomes the
    checkpoint only once every transaction that was open then (below `next_xid`) has ended.
    """

    only = models.BooleanField(default=True, unique=True)
    upto_transfer = models.BigIntegerField(default=0)
    upto_transaction = models.BigIntegerField(default=0)
    transfers = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    next_transfer = models.BigIntegerField(null=True)
    next_transaction = models.BigIntegerField(null=True)
    next_xid = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="ledger_checkpoint_only")]

    def __str__(self) -> str:
        return f"up to {self.upto_transfer}"


class CheckpointSum(models.Model):
    """What one kind of transaction had brought into an account at the checkpoint, less what it took out."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind"], name="ledger_checkpoint_sum_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}: {self.minor}"


class Lot(models.Model):
    """Points that somebody got together: what is left of them, and until when.

    `earned` is what is left, what orders have of it (held or spent), what expired and what was taken back. It changes
    under the lock of its owner's balance alone. `written_off` could not be taken back, since it was spent.
    """

    owner_ref = models.CharField(max_length=60)
    unit = models.CharField(max_length=40)
    source_ref = models.CharField(max_length=60)
    earned = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expired = models.BigIntegerField(default=0)
    taken_back = models.BigIntegerField(default=0)
    written_off = models.BigIntegerField(default=0)
    earned_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "source_ref"],
                condition=Q(revoked_at__isnull=True),
                name="ledger_lot_once_per_source",
            ),
            models.CheckConstraint(condition=Q(earned__gt=0), name="ledger_lot_positive"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, expired__gte=0, taken_back__gte=0, written_off__gte=0),
                name="ledger_lot_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(earned__gte=F("remaining") + F("expired") + F("taken_back")),
                name="ledger_lot_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(written_off=0) | Q(revoked_at__isnull=False), name="ledger_lot_written_off"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("earned_at")),
                name="ledger_lot_expires_later",
            ),
        ]
        indexes = [
            models.Index(fields=["owner_ref", "unit", "expires_at"], name="ledger_lot_by_owner"),
            models.Index(fields=["source_ref"], name="ledger_lot_by_source"),
            models.Index(fields=["expires_at"], condition=Q(remaining__gt=0), name="ledger_lot_to_expire"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.earned} {self.unit}"


class LotPart(models.Model):
    """What one lot gave to one order (`for_ref`): held, then spent or released."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="parts")
    for_ref = models.CharField(max_length=60)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, default=PartState.HELD.value)
    # How often the order has set points aside: again where its money came late, then maybe from other lots.
    turn = models.SmallIntegerField(default=1)
    held_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["for_ref", "lot"], name="ledger_lotpart_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_lotpart_positive"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PartState]), name="ledger_lotpart_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.for_ref}"


class LotPiece(models.Model):
    """Of a spent part, what paid for one unit of the order (`piece_ref`); it returns to its lot once at most."""

    part = models.ForeignKey(LotPart, on_delete=models.PROTECT, related_name="pieces", db_index=False)
    piece_ref = models.CharField(max_length=60, db_index=True)
    amount = models.BigIntegerField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "piece_ref"], name="ledger_lotpiece_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_lotpiece_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.piece_ref}"
