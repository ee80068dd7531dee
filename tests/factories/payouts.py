"""Merchants that are paid by a provider: its simulator, what calls it, and a payout on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from hutong.flows import jobs, payouts
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.payments.providers import registry
from hutong.pay.payments.providers.alipay import certificates
from hutong.pay.payments.providers.alipay.client import AlipayProvider
from hutong.pay.payments.providers.stripe.client import StripeProvider
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
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.providers.transfers import Transfers

PAYEE, HOLDER = "kahvila@example.org", "杭州咖啡"
PRICE, MINOR = 199_000, 179_100


class Slow:
    """The client of a worker that stands still before its call leaves; `meanwhile` is what happens then, once."""

    def __init__(self, client: AlipayProvider | StripeProvider) -> None:
        self._client = client
        self.transfers_to = client.transfers_to
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        """All else is the client's own."""
        return getattr(self._client, name)

    def least_transfer(self, unit: str) -> int:
        """See `Transfers.least_transfer`."""
        return self._client.least_transfer(unit)

    def transfer(self, request: TransferRequest) -> TransferReport:
        """See `Transfers.transfer`."""
        self.meanwhile.pop("transfer", lambda: None)()
        return self._client.transfer(request)

    def query_transfer(self, *, transfer_ref: str) -> TransferReport:
        """See `Transfers.query_transfer`; it stands still when it has the answer."""
        self.asked += 1
        found = self._client.query_transfer(transfer_ref=transfer_ref)
        self.meanwhile.pop("query_transfer", lambda: None)()
        return found


@dataclass(frozen=True)
class Service:
    """A provider that sends payouts, whom it knows, and its words."""

    simulator: AlipaySimulator | StripeSimulator
    worker: Slow
    account: str
    nobody: str
    masked: str
    no_payee: str
    too_little: str
    written: Callable[[Money], str]
    """An amount as the provider writes it."""

    @property
    def name(self) -> str:
        """What the registry calls it."""
        return self.simulator.name

    @property
    def transfers(self) -> Transfers:
        """Its own books of what it sent."""
        return self.simulator.transfers


@contextmanager
def sending(name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A site whose merchants may be paid at this provider, which knows `HOLDER`; what calls it is a `Slow`."""
    with {"alipay": _alipay, "stripe": _stripe}[name]() as service:
        service.transfers.payees = {service.account: HOLDER}
        settings.HUTONG_PROVIDERS = [name]
        settings.HUTONG_PROVIDER_KEYS = {name: {"of": service.simulator.url}}
        monkeypatch.setitem(registry._MAKERS, name, lambda _keys, _timeout_s: service.worker)
        yield service


@contextmanager
def _alipay() -> Iterator[Service]:
    """Alipay, to whom this site has shown certificates."""
    keys = _keys()
    own, root = (certificate(pair.key, name) for pair, name in ((keys.merchant, "A"), (keys.alipay, "R")))
    with running(AlipaySimulator(keys=keys)) as simulator:
        assert isinstance(simulator, AlipaySimulator)
        simulator.certificates = certificates.numbers(application=own, roots=root)
        client = AlipayProvider(
            url=f"{simulator.url}/gateway.do", app_id=simulator.app_id, seller_id=simulator.seller_id,
            private_key=keys.merchant.private_text, alipay_public_keys=[keys.alipay.public_text],
            notify_url="", timeout_s=10.0, app_certificate=own, root_certificates=root,
        )  # fmt: skip
        yield Service(
            simulator=simulator, worker=Slow(client), account=PAYEE, nobody="nobody@example.org",
            masked="Alipay k•••@example.org", no_payee="PAYEE_NOT_EXIST",
            too_little="PAYER_BALANCE_NOT_ENOUGH", written=lambda money: money.major_text,
        )  # fmt: skip


@contextmanager
def _stripe() -> Iterator[Service]:
    """Stripe, to whose account others are connected."""
    with running(StripeSimulator()) as simulator:
        assert isinstance(simulator, StripeSimulator)
        client = StripeProvider(
            url=simulator.url, secret_key=simulator.secret_key, webhook_secrets=simulator.webhook_secrets,
            timeout_s=10.0, connect=True,
        )  # fmt: skip
        yield Service(
            simulator=simulator, worker=Slow(client), account="acct_1MTfjCQ9PRzxEwkZ",
            nobody="acct_1Nobody9PRzxEwkZ", masked="Stripe •••• EwkZ", no_payee="resource_missing",
            too_little="balance_insufficient", written=lambda money: str(money.minor),
        )  # fmt: skip


@contextmanager
def sending_alipay(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlipaySimulator]:
    """`sending` by Alipay, whose transfers may take their time and have a least amount."""
    with sending("alipay", settings, monkeypatch) as service:
        assert isinstance(service.simulator, AlipaySimulator)
        yield service.simulator


def account_typed(*, account: str = "", **at: str) -> dict[str, str]:
    """What an owner in China types: an account number at a bank, or `alipay` or `stripe`, an account there."""
    bank = {"holder": HOLDER, "country": "CN", "iban": "", "bank_code": "102", "bic": ""}
    return bank | {"account_number": account} | at


def pay_out(
    operator: Person,
    owner: Person,
    at: datetime,
    *,
    typed: dict[str, str] | None = None,
    worker: bool = True,
) -> PayoutView:
    """Something is earned, approved and sent; the payout as it is once a worker came, or without one."""
    earn(owner, at, typed=typed)
    return send_what_is_due(operator, at + days(4), worker=worker)


def earn(owner: Person, at: datetime, *, typed: dict[str, str] | None = None, price: int = PRICE) -> str:
    """Something is sold and used, and due four days later; whose it is. It is paid to `PAYEE` at Alipay, or as typed."""
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
        typed=typed or account_typed(alipay=PAYEE),
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
