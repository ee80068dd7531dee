"""What a new operator does before its town has anything to count."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from hutong.flows import site_pages
from hutong.flows.site_pages import SitePage
from hutong.town.merchants.queries import merchant_list
from hutong.town.merchants.types import MerchantState
from hutong.town.regions.types import RegionView


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its words, where it is taken, and whether it was."""

    label: str
    note: str
    url: str
    done: bool


def first_steps(region: RegionView) -> list[Step]:
    """The way from an imported town to its first order, in its order."""
    shops = {
        state
        for state in (MerchantState.APPLIED, MerchantState.APPROVED)
        if merchant_list(region_id=region.region_id, state=state, limit=1)
    }
    return [
        Step(
            _("Write the imprint, the terms and the privacy page"),
            _("Shops and shoppers agree to them when they sign up."),
            reverse("operator_site"),
            all(site_pages.history(page) for page in SitePage),
        ),
        Step(
            _("Win the first shop"),
            _("Send it the address of this page: it claims its listing there or signs up anew."),
            reverse("join"),
            bool(shops),
        ),
        Step(
            _("Decide about the shop and its first deal"),
            _("Both wait in the queue. What you approve is on the site at once."),
            reverse("operator_queue"),
            MerchantState.APPROVED in shops,
        ),
    ]
