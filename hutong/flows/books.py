"""`hutong books check`: add everything up again, over all rooms, and compare with the provider's own books."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from hutong.flows.moved_since import orders_moved_since
from hutong.kernel import outbox
from hutong.kernel.rows import execute, rows
from hutong.know.customers import queries as customers
from hutong.pay.giftcards import queries as giftcards
from hutong.pay.groups import queries as groups
from hutong.pay.ledger import queries as ledger
from hutong.pay.ledger.queries import Report
from hutong.pay.ledger.services import advance_checkpoint, mark_checkpoint
from hutong.pay.ledger.types import AccountKind
from hutong.pay.orders import queries as orders
from hutong.pay.payments import queries as payments
from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderRefused, ProviderUnavailable
from hutong.pay.payments.providers.registry import provider_names
from hutong.pay.payments.services import reconcile
from hutong.pay.pricing import queries as pricing
from hutong.pay.settlement import queries as settlement
from hutong.visit.stock import queries as stock
from hutong.visit.vouchers import queries as vouchers

OUTBOX_AGE_LIMIT_S = 120.0
PROVIDER_GRACE_S = 60
STATEMENT_LIMIT_S = 600
GROUPS_GRACE = timedelta(hours=1)
_ORDERS = "orders: states, times, units and totals agree"
_VOUCHERS = "vouchers: uses left + live redemptions + refunds = uses sold"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what does not hold; `transfers` of the ledger were read for it."""

    checked: tuple[str, ...]
    problems: tuple[str, ...]
    transfers: int = 0


def check(
    *,
    at: datetime,
    ask_providers: bool = True,
    since_checkpoint: bool = False,
    move_checkpoint: bool = False,
    progress: Report | None = None,
) -> Checked:
    """Re-add the books and every standing invariant; reads only, whatever the size.

    All of it is of one moment, also while people buy, unless the caller has a transaction open already. The ledger,
    orders and vouchers are added up whole, or `since_checkpoint` what is posted since and the orders it belongs to; the
    rest always whole. `move_checkpoint`: where it holds, the next one begins here. With
    `ask_providers` each provider's own books are fetched and compared payment by payment.
    """
    if move_checkpoint:
        mark_checkpoint()
    with _one_moment():
        added = ledger.add_up_since() if since_checkpoint else ledger.add_up(progress=progress)
        moved = orders_moved_since(added.base.transaction) if since_checkpoint else None
        found: dict[str, list[str]] = {
            "ledger: balances are the sums of their transfers, none below its floor": list(added.problems),
            _ORDERS: [str(each) for each in orders.problems(moved)],
            "payments: refunded <= captured <= asked, and no outcome unknown for a day": [
                f"{each.code} {each.ref}: {each.detail}" for each in payments.problems(at)
            ],
            "settlement: payable and commission are what was redeemed": list(settlement.problems()),
            "payouts: owed is redeemed, adjusted and not paid out; each payout is its lines": list(
                settlement.payout_problems()
            ),
            "stock: sold + held <= capacity, and equal to the holds": _stock(),
            _VOUCHERS: [f"{each.ref}: {each.what}" for each in vouchers.problems(moved)],
            "customers: counts are the sums of visits": [
                f"{each.ref}: {each.what}" for each in customers.problems()
            ],
            "clearing: what a provider holds is payments less fees, payouts and differences": _clearing(),
            "discrepancies: what is set apart is the sum of the open differences": _discrepancies(),
            "unredeemed: paid and neither used nor given back": _unredeemed(),
            "gift cards: what is on them, held and spent is what their orders say": [
                *giftcards.problems(),
                *_cards_and_orders(),
            ],
            "promotions: budgets, limits and coupons are what their orders used": [
                *pricing.problems(),
                *_promotions_and_orders(),
            ],
            "points: what is owed is what people have, and their lots, orders and units say the same": [
                *ledger.lot_problems(),
                *_points_and_orders(at),
            ],
            "groups: full and charged, or all refunded; places are what their orders say": [
                *groups.problems(at - GROUPS_GRACE),
                *_groups_and_orders(at - GROUPS_GRACE),
            ],
            "references: every order, unit and voucher named elsewhere exists": _references(),
            f"outbox: no row older than {OUTBOX_AGE_LIMIT_S:.0f} s": _outbox(at),
        }
    # What is wrong with an order that moved stays found as long as it is there.
    if move_checkpoint and not found[_ORDERS] and not found[_VOUCHERS]:
        advance_checkpoint(added=added, at=at)
    if ask_providers:
        found["providers: their own books agree with ours"] = _providers(at)
    return Checked(
        checked=tuple(name for name, problems in found.items() if not problems),
        problems=tuple(
            f"{name.partition(':')[0]}: {each}" for name, each_of in found.items() for each in each_of
        ),
        transfers=added.transfers,
    )


@contextmanager
def _one_moment() -> Iterator[None]:
    """Every statement inside sees the same moment. Otherwise a sale that commits between two of them looks like a fault."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # The limit of a statement is made for pages; reading every order of a large site takes longer.
        execute(f"SET LOCAL statement_timeout = {STATEMENT_LIMIT_S * 1000}")
        yield


def _clearing() -> list[str]:
    """What a provider holds: what our payments say, less its fees and payouts and what it sent to merchants, and what its
    bills say otherwise."""
    expected: dict[tuple[str, str], int] = {}
    for provider in {*provider_names(), *ledger.balances(AccountKind.CLEARING)}:
        for total in payments.provider_totals(provider):
            held = total.captured - total.refunded + total.suspense - total.suspense_refunded
            expected[provider, total.unit] = held - total.disputed
    for billed in payments.billed_totals():
        key = billed.provider, billed.unit
        expected[key] = expected.get(key, 0) - billed.fees - billed.paid_out + billed.booked
    for key, sent in payments.transferred_totals().items():
        expected[key] = expected.get(key, 0) - sent
    return _unlike(AccountKind.CLEARING, expected, "payments, bills and transfers", sign=-1)


def _discrepancies() -> list[str]:
    expected = {(billed.provider, billed.unit): billed.open for billed in payments.billed_totals()}
    return _unlike(AccountKind.DISCREPANCY, expected, "open differences")


def _unlike(kind: AccountKind, expected: Mapping[tuple[str, str], int], who: str, sign: int = 1) -> list[str]:
    """The accounts of a kind whose balance is not what somebody else says, by owner and unit."""
    booked = {
        (owner, money.unit): sign * money.minor
        for owner, moneys in ledger.balances(kind).items()
        for money in moneys
    }
    return [
        f"{owner}: the ledger has {booked.get((owner, unit), 0)} {unit}, {who} {expected.get((owner, unit), 0)}"
        for owner, unit in sorted(booked.keys() | expected.keys())
        if booked.get((owner, unit), 0) != expected.get((owner, unit), 0)
    ]


# Paid and not enjoyed: units that are sold, and units that were given up whose money has not gone back yet. What
# gift cards bore goes back at once, and with it all of a unit that they bore whole: no provider is asked then.
_UNREDEEMED = """
WITH asked AS MATERIALIZED (
    SELECT r.state, unit_ref FROM payments_refund r, jsonb_array_elements_text(r.unit_refs) AS unit_ref
), given_up AS MATERIALIZED (
    SELECT unit_ref FROM asked WHERE state = 'done'
    UNION ALL
    SELECT p.unit_ref FROM giftcards_unitpart p JOIN orders_unit u ON u.public_id = p.unit_ref
    WHERE p.refund_id IS NOT NULL AND u.paid_stored = u.paid
      AND NOT EXISTS (SELECT 1 FROM asked a WHERE a.unit_ref = p.unit_ref)
    UNION ALL
    -- Discounts paid all of it, or beside what cards bore terms left nothing: nobody was asked to give anything back.
    SELECT u.public_id FROM orders_unit u WHERE u.state = 'refunded' AND u.paid = 0
      AND NOT EXISTS (SELECT 1 FROM asked a WHERE a.unit_ref = u.public_id)
    UNION ALL
    SELECT unit_ref FROM payments_dispute d, jsonb_array_elements_text(d.unit_refs) AS unit_ref
    WHERE d.status = 'lost'
), waiting AS (
    SELECT merchant_id, unit, paid + discount_platform AS minor FROM orders_unit WHERE state = 'sold'
    -- Apart from the sold ones: behind an OR what was given up would be read again for each refunded unit.
    UNION ALL
    SELECT u.merchant_id, u.unit, u.paid + u.discount_platform - u.paid_stored FROM orders_unit u
    WHERE u.state = 'refunded' AND NOT EXISTS (SELECT 1 FROM given_up g WHERE g.unit_ref = u.public_id)
)
SELECT m.public_id AS merchant_ref, w.unit, sum(w.minor) AS minor
FROM waiting w JOIN merchants_merchant m ON m.id = w.merchant_id
GROUP BY 1, 2
"""


def _unredeemed() -> list[str]:
    expected = {(entry["merchant_ref"], entry["unit"]): int(entry["minor"]) for entry in rows(_UNREDEEMED)}
    return _unlike(AccountKind.UNREDEEMED, expected, "orders")


# Held parts belong to orders that wait for the rest of their money, spent ones to paid orders; unit by unit what
# cards bore is what the unit was paid with from cards, and it went back with the unit.
_CARDS_AND_ORDERS = """
WITH part AS (
    SELECT order_ref, sum(amount) FILTER (WHERE state = 'held') AS held,
        sum(amount) FILTER (WHERE state = 'spent') AS spent
    FROM giftcards_cardpart GROUP BY order_ref
), every AS (
    SELECT o.public_id, o.stored, coalesce(part.held, 0) AS held, coalesce(part.spent, 0) AS spent,
        CASE WHEN o.state = 'awaiting_payment' THEN o.stored ELSE 0 END AS to_hold,
        CASE WHEN o.paid_at IS NOT NULL THEN o.stored ELSE 0 END AS to_spend
    FROM orders_order o LEFT JOIN part ON part.order_ref = o.public_id WHERE o.stored > 0 OR part.order_ref IS NOT NULL
), unit_part AS (
    SELECT unit_ref, sum(amount) AS borne, sum(amount) FILTER (WHERE refund_id IS NOT NULL) AS returned
    FROM giftcards_unitpart GROUP BY unit_ref
)
SELECT public_id || ' holds ' || held || ' of gift cards, and ' || to_hold || ' is right' AS what
FROM every WHERE held <> to_hold
UNION ALL SELECT public_id || ' spent ' || spent || ' of gift cards, and ' || to_spend || ' is right'
FROM every WHERE spent <> to_spend
UNION ALL SELECT u.public_id || ' was paid with ' || u.paid_stored || ' from cards, they bore '
    || coalesce(p.borne, 0) || ' and got back ' || coalesce(p.returned, 0)
FROM orders_unit u LEFT JOIN unit_part p ON p.unit_ref = u.public_id
WHERE u.paid_stored <> coalesce(p.borne, 0)
   OR coalesce(p.returned, 0) <> CASE u.state WHEN 'refunded' THEN u.paid_stored ELSE 0 END
ORDER BY 1 LIMIT 100
"""


def _cards_and_orders() -> list[str]:
    return [entry["what"] for entry in rows(_CARDS_AND_ORDERS)]


# A discount is held while its order awaits payment, and used once that is paid.
_PROMOTIONS_AND_ORDERS = """
SELECT 'the discount of ' || u.order_ref || ' is ' || u.state || ', and the order ' || o.state AS what
FROM pricing_use u JOIN orders_order o ON o.public_id = u.order_ref
WHERE o.state <> ALL (CASE u.state
    WHEN 'held' THEN ARRAY['awaiting_payment'] WHEN 'released' THEN ARRAY['expired', 'cancelled']
    ELSE ARRAY['paid', 'partly_refunded', 'refunded'] END)
ORDER BY 1 LIMIT 100
"""


def _promotions_and_orders() -> list[str]:
    return [entry["what"] for entry in rows(_PROMOTIONS_AND_ORDERS)]


# Points are set aside for orders that wait for their money, as many as their quote spends. Unit by unit what lots bore
# is what the unit was sold for in points, and it returned with the unit. What was earned with a unit that was refunded
# is taken back by a job, within the hour.
_POINTS_AND_ORDERS = """
WITH part AS (
    SELECT for_ref, sum(amount) FILTER (WHERE state = 'held') AS held FROM ledger_lotpart GROUP BY for_ref
), waits AS (
    SELECT o.public_id, (SELECT sum((d -> 'points' ->> 0)::int8) FROM jsonb_array_elements(o.quote -> 'discounts') d
        WHERE d ->> 'lane' = 'points') AS points
    FROM orders_order o WHERE o.state = 'awaiting_payment'
), piece AS (
    SELECT piece_ref, sum(amount) AS borne, sum(amount) FILTER (WHERE returned_at IS NOT NULL) AS returned
    FROM ledger_lotpiece GROUP BY piece_ref
)
SELECT coalesce(w.public_id, p.for_ref) || ' holds ' || coalesce(p.held, 0) || ' points, and ' || coalesce(w.points, 0)
    || ' is right' AS what
FROM waits w FULL JOIN part p ON p.for_ref = w.public_id WHERE coalesce(w.points, 0) <> coalesce(p.held, 0)
UNION ALL SELECT coalesce(u.public_id, p.piece_ref) || ' was sold for ' || coalesce(u.points, 0)
    || ' points, its lots bore ' || coalesce(p.borne, 0) || ' and got back ' || coalesce(p.returned, 0)
FROM orders_unit u FULL JOIN piece p ON p.piece_ref = u.public_id
WHERE coalesce(u.points, 0) <> coalesce(p.borne, 0)
   OR coalesce(p.returned, 0) <> CASE u.state WHEN 'refunded' THEN u.points ELSE 0 END
UNION ALL SELECT 'points were earned with ' || l.source_ref || ', which is not there or somebody else''s'
FROM ledger_lot l LEFT JOIN orders_unit u ON u.public_id = l.source_ref LEFT JOIN orders_order o ON o.id = u.order_id
LEFT JOIN people_person b ON b.id = o.person_id WHERE b.public_id IS DISTINCT FROM l.owner_ref
UNION ALL SELECT 'points of ' || l.source_ref || ' were not taken back, though it was refunded'
FROM ledger_lot l JOIN orders_unit u ON u.public_id = l.source_ref
WHERE l.revoked_at IS NULL AND u.refunded_at < %s::timestamptz
ORDER BY 1 LIMIT 100
"""
POINTS_FOLLOW_WITHIN = timedelta(hours=1)


def _points_and_orders(at: datetime) -> list[str]:
    return [entry["what"] for entry in rows(_POINTS_AND_ORDERS, [at - POINTS_FOLLOW_WITHIN])]


# A place is held while its order awaits payment, paid or kept while that is paid, and given back with its money. Nobody
# waits an hour for a group that has ended, or for what follows once a bank has decided who keeps the money.
_GROUPS_AND_ORDERS = """
SELECT 'the place of ' || p.order_ref || ' is ' || p.state || ', and the order ' || coalesce(o.state, 'not there') AS what
FROM groups_place p LEFT JOIN orders_order o ON o.public_id = p.order_ref
WHERE coalesce(o.state, '') <> ALL (CASE p.state
    WHEN 'held' THEN ARRAY['awaiting_payment'] WHEN 'freed' THEN ARRAY['expired', 'cancelled']
    WHEN 'paid' THEN ARRAY['paid', 'partly_refunded'] WHEN 'kept' THEN ARRAY['paid', 'partly_refunded', 'refunded']
    ELSE ARRAY['refunded', 'partly_refunded'] END)
UNION ALL
SELECT 'order ' || p.order_ref || ' waits for a group that is ' || g.state
FROM groups_place p JOIN groups_group g ON g.id = p.group_id
WHERE p.state = 'paid' AND g.ended_at <= %(hour_ago)s AND NOT EXISTS (
    SELECT 1 FROM payments_payment y JOIN payments_dispute d ON d.payment_id = y.id
    WHERE y.order_ref = p.order_ref AND (d.closed_at IS NULL OR d.closed_at > %(hour_ago)s))
ORDER BY 1 LIMIT 100
"""


def _groups_and_orders(hour_ago: datetime) -> list[str]:
    return [entry["what"] for entry in rows(_GROUPS_AND_ORDERS, {"hour_ago": hour_ago})]


# Vouchers that other channels sold count against the deal's number until they are gone.
_CHANNELS_AND_STOCK = """
SELECT coalesce(s.offer_ref, c.offer_ref) || ': elsewhere ' || coalesce(s.elsewhere, 0) || ', vouchers of channels say '
  || coalesce(c.number, 0) AS what
FROM stock_stock s FULL JOIN (
  SELECT i.offer_ref, count(*) AS number FROM vouchers_channelvoucher v
  JOIN vouchers_channelimport i ON i.id = v.brought_by_id WHERE v.state <> 'gone' GROUP BY i.offer_ref
) c ON c.offer_ref = s.offer_ref
WHERE coalesce(s.elsewhere, 0) <> coalesce(c.number, 0) ORDER BY 1 LIMIT 100
"""


def _stock() -> list[str]:
    return [*map(str, stock.problems()), *(entry["what"] for entry in rows(_CHANNELS_AND_STOCK))]


# Every name that one room keeps of a thing in another, and where it must be found. `what` reads as a sentence.
_REFERENCES = """
SELECT 'a payment names order ' || p.order_ref AS what FROM payments_payment p
    WHERE NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.public_id = p.order_ref)
      AND NOT EXISTS (SELECT 1 FROM giftcards_giftcard g WHERE g.public_id = p.order_ref)
UNION ALL SELECT 'a gift card''s part names order ' || c.order_ref FROM giftcards_cardpart c
    WHERE NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.public_id = c.order_ref)
UNION ALL SELECT 'a promotion names order ' || u.order_ref FROM pricing_use u
    WHERE NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.public_id = u.order_ref)
UNION ALL SELECT 'a hold names order ' || h.order_ref FROM stock_hold h
    WHERE NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.public_id = h.order_ref)
UNION ALL SELECT 'a voucher names order ' || v.order_ref FROM vouchers_voucher v
    WHERE NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.public_id = v.order_ref)
UNION ALL SELECT 'a use names unit ' || u.unit_ref FROM vouchers_use u
    WHERE NOT EXISTS (SELECT 1 FROM orders_unit s WHERE s.public_id = u.unit_ref AND s.state =
        CASE u.state WHEN 'ready' THEN 'sold' ELSE u.state END)
UNION ALL SELECT 'a settlement names unit ' || t.unit_ref FROM settlement_settled t
    WHERE t.undone_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM orders_unit s WHERE s.public_id = t.unit_ref AND s.state = 'used')
UNION ALL SELECT 'a scan without a network names redemption ' || f.redemption_ref FROM vouchers_offlinescan f
    WHERE f.redemption_ref <> '' AND NOT EXISTS (SELECT 1 FROM vouchers_redemption r
        WHERE r.public_id = f.redemption_ref AND r.actor_ref = f.actor_ref AND r.nonce = f.nonce)
UNION ALL SELECT 'a question by phone names redemption ' || q.redemption_ref FROM vouchers_redemptionrequest q
    WHERE q.redemption_ref <> '' AND NOT EXISTS (SELECT 1 FROM vouchers_redemption r
        WHERE r.public_id = q.redemption_ref AND r.actor_ref = q.actor_ref AND r.nonce = q.public_id)
UNION ALL SELECT 'no voucher was made for unit ' || s.public_id FROM orders_unit s
    WHERE NOT EXISTS (SELECT 1 FROM vouchers_use u WHERE u.unit_ref = s.public_id)
      AND NOT EXISTS (SELECT 1 FROM orders_order o JOIN groups_place p ON p.order_ref = o.public_id
                      WHERE o.id = s.order_id AND p.state <> 'kept')
UNION ALL SELECT 'no captured payment for paid order ' || o.public_id FROM orders_order o
    WHERE o.paid_at IS NOT NULL AND o.stored < o.total
      AND NOT EXISTS (SELECT 1 FROM payments_payment p WHERE p.order_ref = o.public_id AND p.state = 'captured')
LIMIT 100
"""


def _references() -> list[str]:
    return [
        f"{entry['what']}, which is not there or stands otherwise"
        if " names " in entry["what"]
        else entry["what"]
        for entry in rows(_REFERENCES)
    ]


def _outbox(at: datetime) -> list[str]:
    age_s = outbox.age_s(at)
    return [f"the oldest row has waited {age_s:.0f} s"] if age_s > OUTBOX_AGE_LIMIT_S else []


def _providers(at: datetime) -> list[str]:
    """Compare with each provider what is older than a minute: younger news may still be on its way."""
    problems = []
    for provider in provider_names():
        try:
            differences = reconcile(provider=provider, at=at, grace_s=PROVIDER_GRACE_S)
        except (ProviderUnavailable, OutcomeUnknown):
            problems.append(f"{provider} does not answer; start it, or check without it")
            continue
        except ProviderRefused as error:
            # Its keys cannot be read, or it turns us away; what was found besides has to be told all the same.
            why = error.details.get("reason") or error
            problems.append(f"{provider} cannot be asked ({why}); `hutong doctor` says what to do")
            continue
        problems += [
            f"{each.code} {each.payment_ref}: ours {each.ours}, theirs {each.theirs}" for each in differences
        ]
    return problems
