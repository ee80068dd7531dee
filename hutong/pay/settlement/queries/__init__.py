"""Reads of `settlement`."""

from hutong.pay.settlement.queries.earned import daily, earnings, problems, settled, settled_unit, unit_refs

__all__ = ["daily", "earnings", "problems", "settled", "settled_unit", "unit_refs"]
