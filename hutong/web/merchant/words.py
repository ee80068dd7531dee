"""What roles, rights and fields of a deal are called. The table of rights itself is `rules.RIGHTS`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from hutong.town.contents.types import Change
from hutong.town.merchants.rules import RIGHTS
from hutong.town.merchants.types import Right, Role
from hutong.web.shell.changes import ChangeLine, lines
from hutong.web.shell.templatetags.hutong import deal_field

ROLES = {
    Role.OWNER: _("Owner"),
    Role.MANAGER: _("Manager"),
    Role.CASHIER: _("Cashier"),
    Role.COURIER: _("Courier"),
    Role.ACCOUNTANT: _("Accountant"),
}
ROLE_TEXTS = {
    Role.OWNER: _("May do everything, and is answerable to the platform. Always for all stores."),
    Role.MANAGER: _("Runs the day: deals, stores, customers, team and devices."),
    Role.CASHIER: _("Scans vouchers and sees the day, without money."),
    Role.COURIER: _("Brings orders to people."),
    Role.ACCOUNTANT: _("Sees orders, takings and payouts, and changes nothing."),
}
RIGHTS_IN_WORDS = {
    Right.REDEEM: _("Scan vouchers"),
    Right.UNDO: _("Take back scans of others"),
    Right.SEE_TODAY: _("See the day's visits"),
    Right.SEE_TAKINGS: _("See takings"),
    Right.SEE_ORDERS: _("See orders"),
    Right.SEE_CUSTOMERS: _("See customers"),
    Right.SEE_MONEY: _("See payouts and fees"),
    Right.REFUND: _("Refund orders, also what was used"),
    Right.ANSWER_REVIEWS: _("Answer reviews"),
    Right.EDIT_DEALS: _("Make and change deals"),
    Right.EDIT_STORE: _("Change hours, texts and pictures"),
    Right.MANAGE_TEAM: _("Invite and remove people"),
    Right.MANAGE_DEVICES: _("Pair and remove devices"),
    Right.MANAGE_MERCHANT: _("Change the company's facts, add and close stores"),
}


def rights_table() -> list[dict[str, Any]]:
    """One line a right, with a yes or no for each role in the order of `Role`."""
    return [
        {"right": RIGHTS_IN_WORDS[right], "roles": [right in RIGHTS[role] for role in Role]}
        for right in Right
    ]


def rights_of(role: Role) -> list[Any]:
    """What a role may do, in words."""
    return [RIGHTS_IN_WORDS[right] for right in Right if right in RIGHTS[role]]


def deal_changes(changes: Sequence[Change]) -> list[ChangeLine]:
    """What differs between two versions of a deal, with the words of the deal's own form."""
    return [replace(line, label=deal_field(change.field)) for change in changes for line in lines([change])]
