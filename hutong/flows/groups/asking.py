"""What somebody asks for who buys together: to open a group, to join one, or the campaign a deal is sold in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Invalid
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups
from hutong.pay.groups import rules
from hutong.pay.groups.queries import Standing
from hutong.pay.groups.services import (
    AlreadyInGroup,
    CampaignOver,
    GroupEnded,
    GroupFull,
    GroupNotOffered,
    GroupUnknown,
)
from hutong.pay.groups.types import GroupState, PriceStep, Terms
from hutong.town.catalog.types import OfferView

REFUSALS = (AlreadyInGroup, CampaignOver, GroupEnded, GroupFull, GroupNotOffered)


class GroupAlone(Invalid):
    """What is bought together is ordered by itself."""

    code = "group_alone"
    message = _("What you buy in a group is an order of its own. Please order the rest separately.")


@dataclass(frozen=True, slots=True)
class Ask:
    """To open a group of `size`, or to join `group_ref`; neither is to buy alone, or in the deal's campaign."""

    size: int = 0
    group_ref: str = ""

    def __bool__(self) -> bool:
        return bool(self.size or self.group_ref)


ALONE = Ask()


@dataclass(frozen=True, slots=True)
class Together:
    """What an order waits for, as it is shown before it is paid.

    `price` is each piece's, None where the deal's own counts. `group_ref` is "" while the group is still to be opened;
    `missing` counts the buyers it needs, with this one. `name` stands in the quote's hash.
    """

    name: str
    offer_ref: str
    size: int
    price: Money | None
    deadline: datetime
    missing: int
    fill: int = 0
    group_ref: str = ""
    terms_id: int = 0
    campaign: bool = False


def together(*, offers: Mapping[str, OfferView], ask: Ask, at: datetime) -> Together | None:
    """What an order of these offers would wait for at `at`; None for one that waits for nobody. One or two statements.

    Raises `GroupAlone`, `GroupUnknown`, and the refusals of `REFUSALS`.
    """
    standing = groups.standing(offers, at)
    campaigns = [ref for ref, each in standing.items() if each.is_campaign]
    if not ask and not campaigns:
        return None
    if len(offers) > 1:
        raise GroupAlone
    offer = next(iter(offers.values()))
    stands = standing.get(offer.ref)
    if ask.group_ref:
        return _joined(offer, ask.group_ref, at)
    if stands is None or (ask.size and stands.is_campaign):
        raise GroupNotOffered
    return _campaign(offer, stands, at) if stands.is_campaign else _opened(offer, stands, ask.size, at)


def zone_of(offer: OfferView) -> str:
    """The zone of a group's days: that of the offer's first store."""
    return offer.stores[0].zone if offer.stores else "UTC"


def ends_at(offer: OfferView, terms: Terms, at: datetime) -> datetime:
    """When a group or campaign of the offer would end that is opened now."""
    return rules.deadline(terms, zone=zone_of(offer), opened_at=at, sale_ends_at=offer.ends_at)


def _joined(offer: OfferView, group_ref: str, at: datetime) -> Together:
    group = groups.group_by_ref(group_ref)
    if group is None or group.offer_ref != offer.ref:
        raise GroupUnknown
    if not group.may_be_joined(at):
        ended = group.state is not GroupState.OPEN or group.deadline <= at
        raise GroupEnded(state=group.state.value) if ended else GroupFull
    return Together(
        name=group.ref,
        offer_ref=offer.ref,
        size=group.size,
        price=group.price,
        deadline=group.deadline,
        missing=group.left,
        fill=group.fill,
        group_ref=group.ref,
        campaign=group.price is None,
    )


def _opened(offer: OfferView, stands: Standing, size: int, at: datetime) -> Together:
    step: PriceStep | None = next((each for each in stands.terms.steps if each.size == size), None)
    ends = ends_at(offer, stands.terms, at)
    if step is None or ends <= at:
        raise GroupNotOffered
    return Together(
        name=f"open:{size}:{stands.terms.hours}:{stands.terms.fill}",
        offer_ref=offer.ref,
        size=size,
        price=step.price,
        deadline=ends,
        missing=size,
        fill=stands.terms.fill,
        terms_id=stands.terms_id,
    )


def _campaign(offer: OfferView, stands: Standing, at: datetime) -> Together:
    """Into the campaign that is under way; its first buyer opens it."""
    running = stands.campaign
    size = running.size if running else stands.terms.minimum
    ends = running.deadline if running else ends_at(offer, stands.terms, at)
    if ends <= at:
        raise CampaignOver
    return Together(
        # It is the same campaign before and after somebody else opened it.
        name=f"campaign:{size}:{ends.isoformat()}",
        offer_ref=offer.ref,
        size=size,
        price=None,
        deadline=ends,
        missing=running.left if running else size,
        group_ref=running.ref if running else "",
        terms_id=stands.terms_id,
        campaign=True,
    )
