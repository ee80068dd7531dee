"""Writes of `settlement`."""

from hutong.pay.settlement.services.settling import AlreadySettled, NotSettled, settle, unsettle

__all__ = ["AlreadySettled", "NotSettled", "settle", "unsettle"]
