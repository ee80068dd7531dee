"""Which pages are shown, to whom, and in how many of the eight variants.

Pages that many people see, or that say most about how it looks, are shown in all eight; the others in two that
differ in everything: width, language and colours. So the folder stays at some 12 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from tools.pictures.town import Town

SIZES = {"390": (390, 844), "1280": (1280, 800)}
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
SCHEMES = ("light", "dark")
EVERY = tuple(product(SIZES, LANGUAGES, SCHEMES))
# What is used in a shop or in the street is looked at on a phone first, what is used in an office at a desk.
STREET = (("390", "en", "light"), ("1280", "zh", "dark"))
OFFICE = (("1280", "en", "light"), ("390", "zh", "dark"))

Path = Callable[[Town], str]
Variant = tuple[str, str, str]


@dataclass(frozen=True)
class Shot:
    """One page: its picture's name, who looks ("" for nobody in particular), its address, and in which variants.

    `code` is typed at the shop's scanner instead; `at` is what the picture begins with when that is further down.
    """

    name: str
    who: str
    path: Path
    variants: tuple[Variant, ...] = STREET
    code: str = ""
    at: str = ""


def _to(path: str) -> Path:
    return lambda _town: path


def _public() -> list[Shot]:
    every = {"home": _to("/"), "nearby": _to("/nearby/"), "map": _to("/map/"), "sign-in": _to("/sign-in/")}
    every["deal"] = lambda town: town.deal
    every["store"] = lambda town: f"/store/{town.shop.public_id}/"
    street = {"search": "/nearby/?q=kah", "category": "/category/food/", "region": "/region/"}
    street |= {
        "offline": "/offline/",
        "not-found": "/no-such-page/",
        "terms": "/terms/",
        "messages": "/demo/messages/",
    }
    office = {"gallery": "/gallery/", "api-docs": "/api/v1/docs"}
    shots = [Shot(name, "", path, EVERY) for name, path in every.items()]
    shots += [Shot(name, "", _to(path)) for name, path in street.items()]
    return shots + [Shot(name, "", _to(path), OFFICE) for name, path in office.items()]


def _shopper() -> list[Shot]:
    every: dict[str, Path] = {
        "checkout": lambda town: f"{town.deal}buy/",
        "wallet": lambda town: (town.vouchers and "/wallet/") or "",
        "voucher": lambda town: town.vouchers[1],
        "me": _to("/me/"),
    }
    street: dict[str, Path] = {
        "voucher-used": lambda town: town.vouchers[0],
        "refund": lambda town: f"{town.vouchers[1]}refund/",
        "orders": lambda town: (town.vouchers and "/orders/") or "",
        "order": lambda town: town.order,
        "receipt": lambda town: f"{town.order}receipt/",
        "balance": lambda town: (town.money and "/me/balance/") or "",
        "sandbox-pay": lambda town: town.pay,
        "notifications": lambda town: (town.vouchers and "/notifications/") or "",
        "notification-settings": _to("/notifications/settings/"),
    }
    account = ("profile", "phone", "email", "addresses", "consents", "sign-ins", "data")
    street |= {f"account-{name}": _to(f"/me/{name}/") for name in account}
    street |= {"account-address": _to("/me/addresses/new/"), "account-delete": _to("/me/data/delete/")}
    shots = [Shot(name, "shopper", path, EVERY) for name, path in every.items()]
    return shots + [Shot(name, "shopper", path) for name, path in street.items()]


def _merchant() -> list[Shot]:
    every: dict[str, Path] = {
        "today": lambda town: (town.trade and town.vouchers and "/merchant/") or "",
        "scan": _to("/merchant/scan/"),
        "deals": _to("/merchant/deals/"),
        "store": _to("/merchant/store/"),
    }
    street: dict[str, Path] = {
        "deal": lambda town: f"/merchant/deals/{town.offer_ref}/",
        "deal-begin": _to("/merchant/deals/new/"),
        **{f"deal-{step}": _step(step) for step in ("what", "price", "terms", "look")},
        "deal-preview": lambda town: f"/merchant/deals/{town.offer_ref}/preview/",
        "deal-pictures": lambda town: f"/merchant/pictures/{town.offer_ref}/",
        "store-preview": _to("/merchant/store/preview/"),
        "hours": _to("/merchant/hours/"),
        "pictures": lambda town: f"/merchant/pictures/{town.shop.public_id}/",
        "orders": lambda town: (town.trade and "/merchant/orders/") or "",
        "order": lambda town: town.order.replace("/orders/", "/merchant/orders/"),
        "unused": lambda town: (town.trade and "/merchant/vouchers/") or "",
        "money": lambda town: (town.money and "/merchant/money/") or "",
        "statement": lambda town: (town.money and f"/merchant/money/statements/{town.at:%Y-%m}/") or "",
        "customers": lambda town: (town.customer and "/merchant/customers/") or "",
        "customer": lambda town: town.customer,
        "team": lambda town: (town.team and "/merchant/team/") or "",
        "member": lambda town: town.member,
        "invitation": lambda town: town.invitation,
        "desk": _to("/merchant/desk/"),
        "pairing": lambda town: town.pairing,
        "stores": _to("/merchant/stores/"),
        "company": _to("/merchant/company/"),
        "audit": lambda town: (town.team and "/merchant/audit/") or "",
    }
    shots = [Shot(f"merchant-{name}", "owner", path, EVERY) for name, path in every.items()]
    shots += [Shot(f"merchant-{name}", "owner", path) for name, path in street.items()]
    shots.append(Shot("merchant-scan-yes", "owner", _to(""), EVERY, code="yes"))
    shots += [Shot(f"merchant-scan-{code}", "owner", _to(""), code=code) for code in ("no", "wait")]
    return shots


def _step(step: str) -> Path:
    return lambda town: f"{town.sketch}{step}/"


def _joining() -> list[Shot]:
    return [
        Shot("join", "shopper", _to("/merchant/join/?q=kah")),
        Shot("join-listing", "shopper", lambda town: town.listing),
        Shot("join-new", "shopper", _to("/merchant/join/new/")),
        Shot("join-claim", "claimant", lambda town: town.claim),
        Shot("join-checklist", "newcomer", _to("/merchant/")),
        Shot("join-invited", "", lambda town: town.invited),
        Shot("merchant-cashier", "cashier", _to("/merchant/")),
    ]


def _operator() -> list[Shot]:
    every: dict[str, Path] = {
        "figures": lambda town: (town.trade and "/operator/?span=28d") or "",
        "queue": lambda town: (town.queue and "/operator/queue/") or "",
        "queue-deal": lambda town: town.waiting("deal"),
        "merchant": lambda town: (town.trade and f"/operator/merchants/{town.merchant_ref}/") or "",
        "money": lambda town: (town.bill and "/operator/money/") or "",
    }
    kinds = ("claim", "dispute", "merchant", "words", "price", "pictures")
    office: dict[str, Path] = {f"queue-{kind}": _waiting(kind) for kind in kinds}
    office |= {
        "figures-area": lambda town: (town.trade and "/operator/?span=28d&against=week&by=area") or "",
        "queue-together": lambda town: town.together,
        "reasons": _to("/operator/queue/reasons/"),
        "merchants": lambda town: (town.queue and "/operator/merchants/") or "",
        "merchant-deals": lambda town: (
            (town.trade and f"/operator/merchants/{town.merchant_ref}/?show=deals") or ""
        ),
        "merchant-team": lambda town: (
            (town.team and f"/operator/merchants/{town.merchant_ref}/?show=people") or ""
        ),
        "merchant-facts": lambda town: f"/operator/merchants/{town.merchant_ref}/facts/",
        "act": lambda town: f"/operator/merchants/{town.merchant_ref}/act/",
        "orders": lambda town: (town.trade and "/operator/orders/") or "",
        "order": lambda town: town.sold,
        "refund": lambda town: town.refunding,
        "refunds": lambda town: (town.trade and "/operator/refunds/") or "",
        "bills": lambda town: (town.bill and "/operator/bills/") or "",
        "money-account": lambda town: (
            (town.bill and f"/operator/money/payable/{town.merchant_ref}/EUR/") or ""
        ),
        "payouts": lambda town: (town.money and "/operator/payouts/") or "",
        "batch": lambda town: f"/operator/payouts/batches/{town.money.batch_ref}/",
        "chargebacks": lambda town: (town.money and "/operator/disputes/") or "",
        "chargeback": lambda town: f"/operator/disputes/{town.money.dispute_ref}/",
        "commission": lambda town: (town.money and "/operator/commission/") or "",
        "gift-cards": lambda town: (town.money and "/operator/gift-cards/") or "",
        "books": lambda town: (town.trade and "/operator/books/?run=ours") or "",
        "audit": lambda town: (town.team and town.words and "/operator/audit/") or "",
        "site": lambda town: (town.words and "/operator/site/") or "",
        "site-page": lambda town: (town.words and "/operator/site/pages/terms/") or "",
        "announce": _to("/operator/site/announce/"),
        "categories": _to("/operator/site/categories/"),
        "admin": _to("/admin/"),
    }
    shots = [Shot(f"operator-{name}", "operator", path, EVERY) for name, path in every.items()]
    shots += [Shot(f"operator-{name}", "operator", path, OFFICE) for name, path in office.items()]
    return [
        *shots,
        Shot("operator-acting", "acting", lambda town: f"/merchant/deals/{town.offer_ref}/", OFFICE),
    ]


def _waiting(kind: str) -> Path:
    return lambda town: town.waiting(kind)


def shots() -> list[Shot]:
    """Every page, in the order in which people meet them."""
    return [*_public(), *_shopper(), *_joining(), *_merchant(), *_operator()]
