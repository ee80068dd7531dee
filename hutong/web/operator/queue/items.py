"""What waits for the operator, from all four kinds, the longest waiting first; its tabs and filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hutong.flows import review
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferView
from hutong.town.contents import queries as contents
from hutong.town.contents.rules import owner_of
from hutong.town.contents.types import ReasonKind, RevisionView, SubjectKind
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import ClaimView, MerchantView
from hutong.town.regions import queries as regions
from hutong.town.regions.types import RegionView

# After a day somebody waits for too long.
OVERDUE = timedelta(hours=24)
TABS = (ReasonKind.CLAIM, ReasonKind.MERCHANT, ReasonKind.DEAL, ReasonKind.CONTENT)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits. `simple` ones can be approved together with others; `note` says whose it is."""

    ref: str
    kind: ReasonKind
    names: dict[str, str]
    note: dict[str, str]
    at: datetime
    waited: str
    overdue: bool
    region_id: int | None
    emoji: str
    simple: bool
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the queue is looked at: a tab and a region, both may be "" for everything."""

    tab: str = ""
    region: str = ""

    @property
    def query(self) -> str:
        """The part as it stands in an address, with its question mark; "" for everything."""
        named = {"tab": self.tab, "region": self.region}
        text = urlencode({name: value for name, value in named.items() if value})
        return f"?{text}" if text else ""


def wanted_of(request: HttpRequest, every: Sequence[RegionView]) -> Wanted:
    """What the address asks for; anything unknown counts as nothing."""
    tab, region = request.GET.get("tab", ""), request.GET.get("region", "")
    return Wanted(
        tab=tab if tab in set(TABS) else "",
        region=region if any(each.slug == region for each in every) else "",
    )


def waiting(*, at: datetime) -> list[Item]:
    """Everything that waits, at most 200 of each kind. Seven statements, however many wait."""
    deals = catalog.pending_offers()
    found = [_claim(claim, at) for claim in merchants.open_claims()]
    found += [_merchant(merchant, at) for merchant in merchants.pending_merchants()]
    found += [_deal(offer, at) for offer in deals]
    found += _contents(contents.waiting(), at)
    return sorted(found, key=lambda item: (item.at, item.ref))


def narrowed(items: Sequence[Item], wanted: Wanted, every: Sequence[RegionView]) -> list[Item]:
    """The items of a tab and a region."""
    here = next((region.region_id for region in every if region.slug == wanted.region), None)
    return [
        item
        for item in items
        if (not wanted.tab or item.kind == wanted.tab) and (here is None or item.region_id == here)
    ]


def next_after(items: Sequence[Item], ref: str, gone: set[str]) -> str:
    """The item that opens once `ref` is decided: the one behind it, else the first one left, else ""."""
    refs = [item.ref for item in items]
    behind = refs[refs.index(ref) + 1 :] if ref in refs else refs
    return next((each for each in [*behind, *refs] if each not in gone), "")


def chips(items: Sequence[Item], wanted: Wanted, every: Sequence[RegionView]) -> list[dict[str, object]]:
    """The tabs with how many wait in each, within the region looked at."""
    labels = {"": _("All")} | {kind.value: label for kind, label in kind_words().items()}
    return [
        {
            "url": reverse("operator_queue") + Wanted(tab, wanted.region).query,
            "label": label,
            "current": wanted.tab == tab,
            "count": len(narrowed(items, Wanted(tab, wanted.region), every)),
        }
        for tab, label in labels.items()
    ]


def kind_words() -> dict[ReasonKind, str]:
    """The tabs in words."""
    return {
        ReasonKind.CLAIM: _("Claims"),
        ReasonKind.MERCHANT: _("Merchants"),
        ReasonKind.DEAL: _("Deals"),
        ReasonKind.CONTENT: _("Contents"),
    }


def time_waited(since: datetime, *, at: datetime) -> str:
    """How long something waits, in its largest whole unit."""
    minutes = max(0, int((at - since).total_seconds()) // 60)
    if minutes < 60:
        return ngettext("waits %(n)s minute", "waits %(n)s minutes", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("waits %(n)s hour", "waits %(n)s hours", hours) % {"n": hours}
    return ngettext("waits %(n)s day", "waits %(n)s days", hours // 24) % {"n": hours // 24}


def _waits(since: datetime, at: datetime) -> dict[str, Any]:
    """What an item says of its time."""
    return {"at": since, "waited": time_waited(since, at=at), "overdue": at - since >= OVERDUE}


def _claim(claim: ClaimView, at: datetime) -> Item:
    return Item(
        ref=claim.ref,
        kind=ReasonKind.CLAIM,
        names=claim.store_names,
        note=claim.merchant_names,
        region_id=claim.region_id,
        emoji="1f3ea",
        simple=False,
        **_waits(claim.submitted_at or claim.created_at, at),
    )


def _merchant(merchant: MerchantView, at: datetime) -> Item:
    return Item(
        ref=merchant.ref,
        kind=ReasonKind.MERCHANT,
        names=merchant.names,
        note={},
        region_id=merchant.region_id,
        emoji="1f3ee",
        simple=False,
        **_waits(merchant.applied_at, at),
    )


def _deal(offer: OfferView, at: datetime) -> Item:
    return Item(
        ref=offer.ref,
        kind=ReasonKind.DEAL,
        names=offer.titles,
        note=offer.merchant_names,
        region_id=offer.stores[0].region_id if offer.stores else None,
        emoji=offer.emoji,
        simple=offer.merchant_approved and not review.doubts(offer, [], at=at),
        **_waits(offer.submitted_at or offer.created_at, at),
    )


def _contents(found: Sequence[RevisionView], at: datetime) -> list[Item]:
    """Versions with the names of what they are about: one statement for stores, deals and regions each."""
    if not found:
        return []
    owners = [owner_of(revision.subject_ref) for revision in found]
    names = merchants.names_of([*owners, *(revision.merchant_ref for revision in found)])
    names |= {ref: offer.titles for ref, offer in catalog.offers_by_refs(owners).items()}
    region_ids = regions.ids_of({revision.region_ref for revision in found})
    return [
        Item(
            ref=revision.ref,
            kind=ReasonKind.CONTENT,
            names=names.get(owner, {"name": owner}),
            note=names.get(revision.merchant_ref, {}),
            region_id=region_ids.get(revision.region_ref),
            emoji="1f4f7" if revision.kind is SubjectKind.PICTURES else "1f4dd",
            simple=True,
            subject=revision.kind.value,
            **_waits(revision.at, at),
        )
        for revision, owner in zip(found, owners, strict=True)
    ]
