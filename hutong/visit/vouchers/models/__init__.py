"""Tables of vouchers: those sold here, and those that other channels sold."""

from hutong.visit.vouchers.models.channels import ChannelImport, ChannelRedemption, ChannelVoucher
from hutong.visit.vouchers.models.core import (
    Gift,
    OfflineRules,
    OfflineScan,
    Redemption,
    RedemptionRequest,
    Use,
    Voucher,
    VoucherTerms,
)

__all__ = [
    "ChannelImport",
    "ChannelRedemption",
    "ChannelVoucher",
    "Gift",
    "OfflineRules",
    "OfflineScan",
    "Redemption",
    "RedemptionRequest",
    "Use",
    "Voucher",
    "VoucherTerms",
]
