"""Merchants that are paid by Alipay: the simulator with certificates, what calls it, and a payout on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import jobs, payouts
from hutong.kernel import clock
from hutong.pay.payments.providers import registry
from hutong.pay.payments.providers.alipay import certificates
from hutong.pay.payments.providers.alipay.client import AlipayProvider
from hutong.pay.payments.types import TransferReport, TransferRequest
from hutong.pay.settlement import queries
from hutong.pay.settlement.types import BatchState, PayoutView
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import catalog, merchants, people, regions
from tests.factories.loop import Scene
from tests.factories.settlement import days
from tests.fakes.providers.alipay import AlipaySimulator, Keys, certificate, make_keys
from tests.fakes.providers.server import running

PAYEE, HOLDER = "kahvila@example.org", "杭州咖啡"
PRICE, MINOR = 199_000, 179_100


class Slow(AlipayProvider):
    """The client of a worker that stands still before its call leaves; `meanwhile` is what happens then, once."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.asked = 0

    def transfer(self, request: TransferRequest) -> TransferReport:
        """See `Transfers.transfer`."""
        self.meanwhile.pop("transfer", lambda: None)()
        return super().transfer(request)

    def query_transfer(self, *, transfer_ref: str) -> TransferReport:
        """See `Transfers.query_transfer`; it stands still when it has the answer."""
        self.asked += 1
        found = super().query_transfer(transfer_ref=transfer_ref)
        self.meanwhile.pop("query_transfer", lambda: None)()
        return found


@contextmanager
def sending_alipay(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipaySimulator]:
    """Alipay, to whom this site has shown certificates, and which knows `PAYEE`; what calls it is a `Slow`."""
    keys = _keys()
    own, root = (certificate(pair.key, name) for pair, name in ((keys.merchant, "A"), (keys.alipay, "R")))
    with running(AlipaySimulator(keys=keys)) as simulator:
        assert isinstance(simulator, AlipaySimulator)
        simulator.certificates = certificates.numbers(application=own, roots=root)
        simulator.transfers.payees = {PAYEE: HOLDER}
        client = Slow(
            url=f"{simulator.url}/gateway.do", app_id=simulator.app_id, seller_id=simulator.seller_id,
            private_key=keys.merchant.private_text, alipay_public_keys=[keys.alipay.public_text],
            notify_url="", timeout_s=10.0, app_certificate=own, root_certificates=root,
        )  # fmt: skip
        settings.HUTONG_PROVIDERS = ["alipay"]
        settings.HUTONG_PROVIDER_KEYS = {"alipay": {"of": simulator.url}}
        monkeypatch.setitem(registry._MAKERS, "alipay", lambda _keys, _timeout_s: client)
        yield simulator


def bank_or_alipay(*, account: str = "", alipay: str = "") -> dict[str, str]:
    """What an owner in China types: an account number at a bank, or an account at Alipay."""
    bank = {"holder": HOLDER, "country": "CN", "iban": "", "bank_code": "102", "bic": ""}
    return bank | {"account_number": account, "alipay": alipay}


def pay_out(
    operator: Person, owner: Person, at: datetime, *, alipay: str = PAYEE, worker: bool = True
) -> PayoutView:
    """Something is earned, approved and sent; the payout as it is once a worker came, or without one."""
    earn(owner, at, alipay=alipay)
    return send_what_is_due(operator, at + days(4), worker=worker)


def earn(owner: Person, at: datetime, *, alipay: str = PAYEE, price: int = PRICE) -> str:
    """Something is sold and used, and due four days later; whose it is."""
    store = merchants.store(
        merchant=merchants.approved_merchant(region=regions.region(currency="CNY"), at=at), at=at
    )
    draft = catalog.draft(price=price, list_price=2 * price, unit="CNY", starts_at=at)
    offer = catalog.offer(store=store, at=at, draft=draft)
    shop = Scene(at=at, store=store, offer=offer, device=merchants.device(store=store))
    merchant = shop.merchant
    merchants.staff(merchant=merchant, person=owner, role=Role.OWNER)
    payouts.set_account(
        merchant_ref=merchant.public_id,
        typed=bank_or_alipay(account="" if alipay else "6222021202000000000", alipay=alipay),
        by=owner,
        at=at,
    )
    (voucher,) = shop.bought()
    shop.scan(voucher.code)
    jobs.drain()
    return merchant.public_id


def send_what_is_due(operator: Person, at: datetime, *, worker: bool = True) -> PayoutView:
    """The one payout that is due, approved and sent, as it is once a worker came, or without one."""
    batch = payouts.make(unit="CNY", on=at.date(), by=operator, at=at)
    for person in (operator, people.operator()):
        batch = payouts.approve(batch_ref=batch.ref, by=person, at=at)
        if batch.state is BatchState.APPROVED:
            break
    payouts.send(batch_ref=batch.ref, by=operator, at=at)
    if worker:
        worker_comes(at)
    (payout,) = queries.payouts_of_batch(batch.ref)
    return payout


def worker_comes(at: datetime) -> None:
    """A worker does at `at` what the outbox asks for."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "now", lambda: at)
        jobs.drain()


def now(payout: PayoutView) -> PayoutView:
    """A payout as it is now."""
    found = queries.payout(payout.ref)
    assert found is not None
    return found


@cache
def _keys() -> Keys:
    return make_keys()
