"""The running demo as the pictures need it. Each thing is made when the first picture asks for it, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property

from playwright.sync_api import Browser, BrowserContext

from hutong.flows.offers import drafting
from hutong.kernel import clock
from hutong.pay.orders import queries as orders
from hutong.pay.orders.types import OrderState
from hutong.pay.payments.queries import bills, newest_bill_on
from hutong.pay.payments.types import BillView
from hutong.town.catalog.models import Offer, Sketch
from hutong.town.contents import queries as contents
from hutong.town.contents.models import Announcement
from hutong.town.contents.types import SubjectKind
from hutong.town.merchants import services
from hutong.town.merchants.models import Claim, Invitation, Merchant, Staff, Store
from hutong.town.merchants.types import Role
from hutong.town.people.models import Person
from tests.factories import busy_town
from tests.factories.billed import bill_of_a_day
from tools.pictures import visits
from tools.pictures.money import Money, money

# Who looks at a page. Those below the first four come to be with `Town.queue`.
PHONES = {
    "operator": "+358400000001",
    "owner": "+358400000002",
    "cashier": "+358400000003",
    "shopper": "+358400000004",
    "acting": "+358400000001",
    "claimant": "+358400005020",
    "newcomer": "+358400005022",
}


class Town:
    """What there is to show, by name; paths begin with a slash."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._states: dict[str, object] = {}

    def enter(self, who: str, **options: object) -> BrowserContext:
        """A browser of somebody who is signed in; "" is nobody in particular."""
        if who and who not in self._states:
            if who in ("claimant", "newcomer"):
                _ = self.queue
            context = self._browser.new_context(base_url=self._url)
            visits.sign_in(context, PHONES[who])
            if who == "acting":
                visits.act_for(context, self.merchant_ref)
            self._states[who] = context.storage_state()
            context.close()
        made: BrowserContext = self._browser.new_context(
            base_url=self._url,
            storage_state=self._states.get(who),  # type: ignore[arg-type]
            **options,  # type: ignore[arg-type]
        )
        return made

    @cached_property
    def at(self) -> datetime:
        """One moment for all that is made."""
        return clock.now()

    @cached_property
    def operator(self) -> Person:
        """Who runs the platform."""
        return Person.objects.get(phone=PHONES["operator"])

    @cached_property
    def owner(self) -> Person:
        """Whose shop is scanned in."""
        return Person.objects.get(phone=PHONES["owner"])

    @cached_property
    def merchant(self) -> Merchant:
        """The demo owner's."""
        return (
            Staff.objects.filter(person=self.owner, role="owner", revoked_at=None).order_by("pk")[0].merchant
        )

    @property
    def merchant_ref(self) -> str:
        """Its public id."""
        return self.merchant.public_id

    @cached_property
    def shop(self) -> Store:
        """Its first store."""
        return self.merchant.stores.order_by("pk")[0]

    @cached_property
    def offer_ref(self) -> str:
        """A deal of it that is on sale."""
        return Offer.objects.filter(merchant=self.merchant, state="live").order_by("pk")[0].public_id

    @property
    def deal(self) -> str:
        """The page of the deal."""
        return f"/deal/{self.offer_ref}/"

    @cached_property
    def vouchers(self) -> list[str]:
        """Pages of two vouchers that the shopper bought just now: the first one is used."""
        shopper, owner = self.enter("shopper"), self.enter("owner")
        bought = [visits.buy(shopper, self.deal) for _ in range(2)]
        visits.scan(owner.new_page(), visits.code_of(shopper, bought[0]))
        shopper.close()
        owner.close()
        return bought

    @cached_property
    def bill(self) -> BillView:
        """A bill of a day of the trade: most of it fits, some of it waits for a word."""
        assert self.trade
        known = next((bill for bill in bills() if bill.lines), None)
        if known:
            return known
        newest = newest_bill_on("sandbox")
        on = (newest or self.at.date()) - timedelta(days=3)
        return bill_of_a_day(on=on, at=self.at)

    @cached_property
    def money(self) -> Money:
        """Payouts, chargebacks, gift cards and a rule of commission; once in a demo."""
        assert self.bill
        return money(operator=self.operator, owner=self.owner, merchant=self.merchant, at=self.at)

    @cached_property
    def codes(self) -> dict[str, str]:
        """What the shop types, by the answer it gets."""
        shopper = self.enter("shopper")
        used, fresh = (visits.code_of(shopper, voucher) for voucher in self.vouchers)
        shopper.close()
        mistyped = used[:-1] + next(letter for letter in "ACDEFG" if letter != used[-1])
        return {"yes": fresh, "no": used, "wait": mistyped}

    @cached_property
    def pay(self) -> str:
        """The sandbox, asking for the money."""
        shopper = self.enter("shopper")
        address = visits.unpaid(shopper, self.deal)
        shopper.close()
        return address

    def first_link(self, who: str, page: str, begins: str) -> str:
        """The first link on a page that begins so."""
        context = self.enter(who)
        tab = context.new_page()
        tab.goto(page)
        found = tab.locator(f"a[href^='{begins}']").first.get_attribute("href")
        context.close()
        assert found, f"no {begins} on {page}"
        return found

    @cached_property
    def order(self) -> str:
        """The shopper's newest order that was paid."""
        _ = self.vouchers
        return self.first_link("shopper", self.vouchers[1], "/orders/ord_")

    @cached_property
    def trade(self) -> bool:
        """Eight weeks of sales, so that four can be compared with those before; once in a demo."""
        if not Person.objects.filter(phone="+358400005000").exists():
            busy_town.trade(at=self.at, days=56)
            unused = busy_town.newest_unused()
            busy_town.give_back(unused, units=1, by=self.operator, at=self.at, failed=True)
        return True

    @cached_property
    def queue(self) -> bool:
        """All kinds of things that wait for the operator; once in a demo."""
        if not Person.objects.filter(phone=PHONES["claimant"]).exists():
            busy_town.queue(at=self.at)
        return True

    @cached_property
    def words(self) -> bool:
        """Announcements and a second version of the terms; once in a demo."""
        if not Announcement.objects.exists():
            busy_town.words_of_the_site(at=self.at, by=self.operator, shown_now=False)
        return True

    @cached_property
    def team(self) -> bool:
        """Some more people at the owner's shop; once in a demo."""
        if not Staff.objects.filter(merchant=self.merchant, role="manager").exists():
            busy_town.hired(self.merchant, self.owner, at=self.at)
        return True

    def waiting(self, kind: str) -> str:
        """The page of one thing that waits: claim, dispute, merchant, deal, words, price, pictures."""
        _ = self.queue
        revisions = {"words": SubjectKind.STORE, "price": SubjectKind.OFFER, "pictures": SubjectKind.PICTURES}
        finders: dict[str, Callable[[], str]] = {
            "claim": lambda: Claim.objects.filter(state="waiting", kind="claim").order_by("pk")[0].public_id,
            "dispute": lambda: (
                Claim.objects.filter(state="waiting", kind="dispute").order_by("pk")[0].public_id
            ),
            "merchant": lambda: Merchant.objects.get(names__name="Nordic Bowl").public_id,
            "deal": lambda: (
                Offer.objects.filter(state="submitted", merchant__state="approved")
                .order_by("pk")[0]
                .public_id
            ),
        }
        if kind in finders:
            return f"/operator/queue/{finders[kind]()}/"
        found = next(each for each in contents.waiting() if each.kind is revisions[kind])
        return f"/operator/queue/{found.ref}/"

    @cached_property
    def together(self) -> str:
        """The page on which several deals are approved together."""
        _ = self.queue
        refs = Offer.objects.filter(state="submitted", merchant__state="approved").order_by("pk")
        return "/operator/queue/together/?" + "&".join(f"ref={offer.public_id}" for offer in refs[:3])

    @cached_property
    def sold(self) -> str:
        """The operator's page of an order of several units."""
        _ = self.trade
        found = orders.order_list(state=OrderState.PARTLY_REFUNDED, limit=1)
        return f"/operator/orders/{found[0].order_ref}/"

    @cached_property
    def refunding(self) -> str:
        """The operator's page before money goes back."""
        _ = self.trade
        order = busy_town.newest_unused(units=2)
        units = "&".join(f"unit={ref}" for ref in busy_town.unused(order))
        return f"/operator/orders/{order}/refund/?{units}"

    @cached_property
    def sketch(self) -> str:
        """The owner's draft of a deal, up to its last part."""
        begun = Sketch.objects.filter(merchant=self.merchant, done_at=None, dropped_at=None).first()
        ref = (
            begun.public_id
            if begun
            else drafting.duplicate(
                offer_ref=self.offer_ref, merchant_ref=self.merchant_ref, by=self.owner, at=self.at
            ).ref
        )
        return f"/merchant/deals/drafts/{ref}/"

    @cached_property
    def member(self) -> str:
        """The owner's page of somebody who works there."""
        _ = self.team
        return f"/merchant/team/{Staff.objects.get(merchant=self.merchant, role='manager').pk}/"

    @cached_property
    def invitation(self) -> str:
        """The owner's page of an invitation that is open."""
        _ = self.team
        found = Invitation.objects.filter(merchant=self.merchant, to__gt="").order_by("pk")[0]
        return f"/merchant/team/invitations/{found.public_id}/"

    @cached_property
    def invited(self) -> str:
        """The page that a link of an invitation opens."""
        links = Invitation.objects.filter(merchant=self.merchant, to="", used_at=None, expires_at__gt=self.at)
        ref = (
            links[0].public_id
            if links
            else services.invite(
                merchant_ref=self.merchant_ref,
                store_ref=None,
                role=Role.CASHIER,
                to="",
                by=self.owner,
                at=self.at,
            )
        )
        return f"/merchant/invited/{ref}/{services.invitation_key(ref)}/"

    @cached_property
    def pairing(self) -> str:
        """The owner's page with the QR for a scanner."""
        ref = services.open_pairing(store_ref=self.shop.public_id, by=self.owner, at=clock.now())
        return f"/merchant/desk/pairing/{ref}/"

    @cached_property
    def listing(self) -> str:
        """Where a shop that nobody has yet is claimed."""
        free = Store.objects.filter(merchant=None, state="open").exclude(phone="").order_by("pk")[8]
        return f"/merchant/join/listing/{free.public_id}/"

    @cached_property
    def claim(self) -> str:
        """The claimant's page of its claim."""
        _ = self.queue
        return f"/merchant/join/claims/{Claim.objects.filter(person__phone=PHONES['claimant'])[0].public_id}/"

    @cached_property
    def customer(self) -> str:
        """The shop's page of somebody it knows."""
        _ = self.trade, self.vouchers
        return self.first_link("owner", "/merchant/customers/", "/merchant/customers/cus_")
