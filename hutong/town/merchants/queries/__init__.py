"""Reads of merchants, stores, staff, devices, and of those who join."""

from hutong.town.merchants.queries.shops import (
    alike,
    category_tree,
    merchant_by_ref,
    merchant_history,
    merchant_list,
    merchants_in,
    owner_language,
    pending_merchants,
    store_by_ref,
    stores_by_ids,
    stores_of_merchant,
)
from hutong.town.merchants.queries.team import (
    device_by_ref,
    devices_of,
    everything_about,
    has_right,
    may_redeem,
    owned_alone,
    staff_of,
    staff_roles,
    stores_of,
)

__all__ = [
    "alike",
    "category_tree",
    "device_by_ref",
    "devices_of",
    "everything_about",
    "has_right",
    "may_redeem",
    "merchant_by_ref",
    "merchant_history",
    "merchant_list",
    "merchants_in",
    "owned_alone",
    "owner_language",
    "pending_merchants",
    "staff_of",
    "staff_roles",
    "store_by_ref",
    "stores_by_ids",
    "stores_of",
    "stores_of_merchant",
]
