"""Writes of `settlement`."""

from hutong.pay.settlement.services.settling import (
    AlreadySettled,
    NotSettled,
    settle,
    unsettle,
    unsettle_units,
)

__all__ = ["AlreadySettled", "NotSettled", "settle", "unsettle", "unsettle_units"]
