"""The receipt of a redemption: what one scan used, where, when and by whom."""

from dataclasses import dataclass
from datetime import datetime

from hutong.kernel.money import Money
from hutong.visit.vouchers.types import VoucherKind


@dataclass(frozen=True, slots=True)
class ReceiptUse:
    """One use of the scan: of which voucher, which of its uses, what was chosen. `spent`: its unit was used by it."""

    voucher_ref: str
    unit_ref: str
    use_no: int
    choice: dict[str, str] | None
    spent: bool


@dataclass(frozen=True, slots=True)
class RedemptionReceipt:
    """All that one scan used. It says nothing about the shopper.

    `uses_left` and `uses_total` are of the vouchers it took from, as they are now. `given`: one of them changed hands, so
    what was paid is not its owner's to see.
    """

    ref: str
    titles: dict[str, str]
    kind: VoucherKind
    merchant_ref: str
    merchant_names: dict[str, str]
    store_ref: str
    store_names: dict[str, str]
    address: str
    zone: str
    device_name: str
    staff_name: str
    at: datetime
    undone_at: datetime | None
    uses: tuple[ReceiptUse, ...]
    uses_left: int
    uses_total: int
    bill: Money | None
    face: Money | None
    override_reason: str
    given: bool

    @property
    def unit_refs(self) -> tuple[str, ...]:
        """The units whose money the scan moved."""
        return tuple(one.unit_ref for one in self.uses if one.spent)

    @property
    def choices(self) -> tuple[dict[str, str], ...]:
        """What was chosen, in the order of the uses."""
        return tuple(one.choice for one in self.uses if one.choice)
