"""Who changes something for others leaves a line in the audit log: read from the code, so that none is forgotten."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "hutong"

# Services that take `by` and write no line, each with its reason.
WITHOUT_A_LINE = {
    **{
        f"pay/orders/services/states.py:{name}": "every move of an order is an OrderEvent, which says who and when"
        for name in ("cancel_order", "expire_order", "mark_paid", "move_order", "note_late_payment_returned")
    },
    "pay/orders/services/units.py:mark_units_refunded": "an OrderEvent, and the flow writes an operator's refund",
    "attract/reviews/services/reacting.py:vote": "a vote is a row of its own, taken back by who gave it",
    "pay/giftcards/services/buying.py:begin_purchase": "the card says who bought it and when; its payment follows",
    "town/catalog/services/offers.py:check_offer": "changes nothing",
    "town/contents/services.py:propose": "the flow knows what changed, and writes it in the same transaction",
    "town/merchants/services/contents.py:check_store_contents": "changes nothing",
    "town/merchants/services/granting.py:end_work_in": "a part of giving up a store, which is written",
    "town/merchants/services/invitations.py:check_invitation": "changes nothing",
    "town/merchants/services/invitations.py:send_invitation": "the making of an invitation is written",
    "town/merchants/services/pairing.py:open_pairing": "what comes of it, the paired device, is written",
    "visit/stock/services.py:start_counting": "sets no limit; the approval it belongs to is written",
    "visit/stock/services.py:take_elsewhere": "the list that brought the vouchers is written",
    "visit/vouchers/services/channels.py:redeem_channel": "a redemption is a row of its own, with who, where and when",
    "visit/vouchers/services/channels.py:undo_channel": "stands in the row of the redemption",
    "visit/vouchers/services/gifts.py:give": "a gift is a row of its own, with who gave it and when",
    "visit/vouchers/services/offline.py:begin_scan": "a scan is a row of its own, with who, where and when",
    "visit/vouchers/services/redeem.py:redeem": "a redemption is a row of its own, with who, where and when",
    "visit/vouchers/services/redeem.py:require_terms": "changes nothing",
    **{
        f"visit/vouchers/services/requests.py:{name}": "a request is a row of its own, with who, where and when"
        for name in ("ask", "refuse", "take")
    },
    "visit/vouchers/services/undo.py:undo": "stands in the row of the redemption",
}


def service_files() -> list[Path]:
    """Every module of services, of all apps."""
    return sorted(
        path
        for path in PACKAGE.rglob("*.py")
        if "services" in path.relative_to(PACKAGE).with_suffix("").parts and "migrations" not in path.parts
    )


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """The functions of a module by name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def called(function: ast.FunctionDef) -> set[str]:
    """The names a function calls; of `audit.record` the dotted name."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                names.add(node.func.id)
            elif isinstance(node.func, ast.Attribute):
                owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
                names.add(f"{owner}.{node.func.attr}")
                names.add(node.func.attr)
    return names


def silent() -> dict[str, str]:
    """The public services that take `by` and from which no way leads to `audit.record`; with their file."""
    every = {path: functions(path) for path in service_files()}
    by_name: dict[str, set[str]] = {}
    for found in every.values():
        for name, function in found.items():
            by_name.setdefault(name, set()).update(called(function))
    writes = {"audit.record"}
    while True:
        more = {name for name, calls in by_name.items() if calls & writes} - writes
        if not more:
            break
        writes |= more
    return {
        f"{path.relative_to(PACKAGE)}:{name}": name
        for path, found in every.items()
        for name, function in found.items()
        if not name.startswith("_")
        and "by" in {argument.arg for argument in function.args.kwonlyargs}
        and name not in writes
    }


def test_every_service_that_knows_who_asks_writes_it_down() -> None:
    assert sorted(set(silent()) - set(WITHOUT_A_LINE)) == []


def test_no_exception_outlives_its_service() -> None:
    assert sorted(set(WITHOUT_A_LINE) - set(silent())) == []
