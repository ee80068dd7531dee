"""Writes of merchants: what people decide, who works where, what an import brings."""

from hutong.town.merchants.services.categories import store_categories
from hutong.town.merchants.services.contents import (
    ContentsInvalid,
    check_store_contents,
    set_store_contents,
)
from hutong.town.merchants.services.corrections import (
    FactUnknown,
    TooLateToTakeBack,
    correct_merchant,
    take_back_decision,
)
from hutong.town.merchants.services.decisions import (
    MerchantAlreadyDecided,
    MerchantUnnamed,
    ReasonMissing,
    StoreTaken,
    apply_merchant,
    claim_store,
    decide_merchant,
)
from hutong.town.merchants.services.imported import store_imported
from hutong.town.merchants.services.people import (
    DeviceUnknown,
    NameMissing,
    StaffUnknown,
    add_staff,
    pair_device,
    revoke_device,
    revoke_staff,
)

__all__ = [
    "ContentsInvalid",
    "DeviceUnknown",
    "FactUnknown",
    "MerchantAlreadyDecided",
    "MerchantUnnamed",
    "NameMissing",
    "ReasonMissing",
    "StaffUnknown",
    "StoreTaken",
    "TooLateToTakeBack",
    "add_staff",
    "apply_merchant",
    "check_store_contents",
    "claim_store",
    "correct_merchant",
    "decide_merchant",
    "pair_device",
    "revoke_device",
    "revoke_staff",
    "set_store_contents",
    "store_categories",
    "store_imported",
    "take_back_decision",
]
