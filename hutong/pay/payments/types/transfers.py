"""What crosses the boundary of `payments` about money that a provider sends to a merchant."""

from dataclasses import dataclass
from enum import StrEnum

from hutong.kernel.money import Money
from hutong.pay.payments.types.core import ReportStatus


class TransferState(StrEnum):
    """Where a transfer stands. Open ones are asked about until they end."""

    UNKNOWN = "unknown"
    """Written down, and perhaps sent: nobody has said so."""
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """Money for somebody's account at the provider. Repeated with the same `transfer_ref` it is sent once."""

    transfer_ref: str
    amount: Money
    account: str
    holder: str
    purpose: str


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What a provider says about one transfer. FAILED: nothing was sent, or it came back; `reason` is its word."""

    transfer_ref: str
    status: ReportStatus
    provider_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer as it stands. `reason` is the provider's word: why it failed, or why it was not sent yet."""

    ref: str
    provider: str
    amount: Money
    state: TransferState
    reason: str
    tries: int
