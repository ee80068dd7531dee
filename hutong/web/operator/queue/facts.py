"""Everything known about one item of the queue: facts, doubts, the difference to before, history, and ready reasons."""

from typing import Any

from django.http import Http404
from django.utils.translation import get_language

from hutong.flows import approve, price_check, review
from hutong.flows.checklist import checklist
from hutong.flows.offers import contents as offer_contents
from hutong.flows.offers.body import terms_of_body
from hutong.kernel import clock
from hutong.kernel.money import Money
from hutong.pay.groups import queries as groups
from hutong.town.catalog import queries as catalog
from hutong.town.catalog.types import OfferState, OfferView
from hutong.town.contents import queries as contents
from hutong.town.contents.rules import difference, owner_of
from hutong.town.contents.types import Change, ReasonKind, RevisionState, RevisionView, SubjectKind
from hutong.town.merchants import queries as merchants
from hutong.town.merchants.types import ClaimState, ClaimView, MerchantState, MerchantView
from hutong.town.people import queries as people
from hutong.town.pictures import queries as pictures
from hutong.town.regions.queries import region_by_id, region_by_ref
from hutong.visit.stock.queries import stock_of
from hutong.visit.vouchers.queries import terms_of
from hutong.web.operator.queue.reasons import choices
from hutong.web.shell.changes import lines
from hutong.web.shell.price_strip import Strip, strip_of

OTHERS_SHOWN = 6


def facts(ref: str) -> dict[str, Any]:
    """What the page of one item shows; 404 where there is none."""
    if ref.startswith(approve.MERCHANT) and (merchant := merchants.merchant_by_ref(ref)):
        return _of_merchant(merchant)
    if ref.startswith(approve.OFFER) and (offer := catalog.offer_by_ref(ref)):
        return _of_offer(offer)
    if ref.startswith(approve.REVISION) and (revision := contents.revision(ref)):
        return _of_revision(revision)
    if ref.startswith(approve.CLAIM) and (claim := merchants.claim_view(ref)):
        return _of_claim(claim)
    raise Http404


def _of_claim(claim: ClaimView) -> dict[str, Any]:
    region = region_by_id(claim.region_id)
    person = people.person_by_ref(claim.person_ref)
    earlier = [each for each in merchants.claim_history(claim.store_ref) if each.ref != claim.ref]
    return {
        "claim": claim,
        "earlier": earlier,
        "seen": "",
        "zone": region.zone if region else "",
        "waits": claim.state is ClaimState.WAITING,
        "may_approve": claim.state is ClaimState.WAITING,
        "may_reject": claim.state is ClaimState.WAITING,
        **_reading(
            ReasonKind.CLAIM,
            person.language if person else "en",
            name=claim.store_names,
            merchant=claim.merchant_names,
        ),
    }


def _reading(kind: ReasonKind, language: str, **names: dict[str, str]) -> dict[str, Any]:
    """The ready reasons in the language of who will read them, and that language."""
    return {
        "kind": kind.value,
        "about_names": names["name"],
        "reader_language": "zh-Hans" if language.startswith("zh") else language,
        "reads_another": language != (get_language() or "en"),
        "choices": choices(kind, language=language, names=names),
    }


def _of_merchant(merchant: MerchantView) -> dict[str, Any]:
    region = region_by_id(merchant.region_id)
    stores = merchants.stores_of_merchant(merchant.ref)
    # What they say of themselves goes live with the approval, so it is looked at here.
    galleries = pictures.shown_of(store.ref for store in stores)
    return {
        "merchant": merchant,
        "seen": approve.version_of(merchant.ref),
        "zone": region.zone if region else "",
        "region": region,
        "stores": stores,
        "galleries": [(store, galleries.get(store.ref, [])) for store in stores],
        "staff": merchants.staff_of(merchant.ref),
        "deals": catalog.merchant_offers(merchant.ref),
        "alike": merchants.alike(merchant.ref),
        "checklist": checklist(merchant.ref) if merchant.state is MerchantState.APPLIED else [],
        "history": merchants.merchant_history(merchant.ref),
        "waits": merchant.state is MerchantState.APPLIED,
        "may_approve": merchant.state is not MerchantState.APPROVED,
        "may_reject": merchant.state in (MerchantState.APPLIED, MerchantState.APPROVED),
        **_reading(
            ReasonKind.MERCHANT,
            merchants.owner_language(merchant.ref),
            name=merchant.names,
            merchant=merchant.names,
        ),
    }


def _of_offer(offer: OfferView) -> dict[str, Any]:
    history = list(reversed(catalog.offer_history(offer.ref)))
    zone = offer.stores[0].zone if offer.stores else ""
    others = [other for other in catalog.merchant_offers(offer.merchant_ref) if other.ref != offer.ref]
    decided = next(
        (move.at for move in history if move.to_state in (OfferState.REJECTED, OfferState.LIVE)), None
    )
    changes = review.changes_since_decision(offer.ref, decided_at=decided)
    return {
        "offer": offer,
        "seen": approve.version_of(offer.ref),
        "zone": zone,
        "terms": terms_of(offer.ref),
        "groups": groups.terms_of(offer.ref, unit=offer.price.unit),
        "stock": stock_of([offer.ref]).get(offer.ref),
        "doubts": review.doubts(offer, others, at=clock.now()),
        "others": others[:OTHERS_SHOWN],
        "changes": lines(changes, unit=offer.price.unit, zone=zone),
        "strip": _market(offer) if offer.stores else None,
        "decided_before": decided,
        "card": _card(offer),
        "history": history,
        "waits": offer.state is OfferState.SUBMITTED,
        "may_approve": offer.state is OfferState.SUBMITTED,
        "may_reject": offer.state in (OfferState.SUBMITTED, OfferState.LIVE, OfferState.PAUSED),
        **_reading(
            ReasonKind.DEAL,
            merchants.owner_language(offer.merchant_ref),
            name=offer.titles,
            merchant=offer.merchant_names,
        ),
    }


def _market(offer: OfferView) -> Strip | None:
    """The deal's prices beside those nearby."""
    terms = terms_of(offer.ref)
    return strip_of(
        price_check.check(
            price=offer.price,
            list_price=offer.list_price,
            uses=terms.uses,
            kind=terms.kind,
            store=offer.stores[0],
            offer_ref=offer.ref,
            at=clock.now(),
        )
    )


def _market_of_version(revision: RevisionView, offer: OfferView | None) -> Strip | None:
    """The prices of a changed deal beside those nearby."""
    if revision.kind is not SubjectKind.OFFER or offer is None or not offer.stores:
        return None
    body, terms = revision.body, terms_of_body(revision.body)
    if body.get("price") is None or body.get("list_price") is None:
        return None
    unit = offer.price.unit
    return strip_of(
        price_check.check(
            price=Money(body["price"], unit),
            list_price=Money(body["list_price"], unit),
            uses=terms.uses,
            kind=terms.kind,
            store=offer.stores[0],
            offer_ref=offer.ref,
            at=clock.now(),
        )
    )


def _card(offer: OfferView) -> dict[str, Any]:
    """The deal as a card of the list shoppers see."""
    return {
        "offer_ref": offer.ref,
        "titles": offer.titles,
        "store_names": offer.stores[0].names if offer.stores else {},
        "distance_m": None,
        "price": offer.price,
        "list_price": offer.list_price,
        "emoji": offer.emoji,
        "hue": offer.hue,
        "tags": offer.tags,
        "sold": 0,
        "sample": offer.sample,
        "cover": pictures.covers([offer.ref]).get(offer.ref),
    }


def _of_revision(revision: RevisionView) -> dict[str, Any]:
    owner = owner_of(revision.subject_ref)
    offer = catalog.offer_by_ref(owner) if owner.startswith(approve.OFFER) else None
    names = merchants.names_of([owner, revision.merchant_ref])
    region = region_by_ref(revision.region_ref)
    subject = offer.titles if offer else names.get(owner, {"name": owner})
    merchant = names.get(revision.merchant_ref, {})
    before = _before(revision)
    return {
        "revision": revision,
        "seen": "",
        "owner_ref": owner,
        "merchant_names": merchant,
        "zone": region.zone if region else "",
        "changes": lines(_changes(revision, before), zone=region.zone if region else ""),
        "strip": _market_of_version(revision, offer),
        "pictures": _pictures(revision, before) if revision.kind is SubjectKind.PICTURES else None,
        "history": contents.history(revision.subject_ref),
        "waits": revision.state is RevisionState.WAITING,
        "may_approve": revision.state is RevisionState.WAITING,
        "may_reject": revision.state is RevisionState.WAITING,
        **_reading(
            ReasonKind.CONTENT,
            merchants.owner_language(revision.merchant_ref),
            name=subject,
            merchant=merchant,
        ),
    }


def _before(revision: RevisionView) -> dict[str, Any]:
    """The version readers had before this one; {} before the first."""
    earlier = [
        each
        for each in contents.history(revision.subject_ref)
        if each.number < revision.number and each.state is RevisionState.PUBLISHED
    ]
    if earlier:
        return earlier[0].body
    owner = owner_of(revision.subject_ref)
    store = merchants.store_by_ref(owner) if revision.kind is SubjectKind.STORE else None
    if store is not None and revision.state is RevisionState.WAITING:
        return {"descriptions": store.descriptions}
    return {}


def _changes(revision: RevisionView, before: dict[str, Any]) -> list[Change]:
    if revision.kind is SubjectKind.OFFER:
        return offer_contents.changes_of(revision, language=get_language() or "en")
    if revision.kind is SubjectKind.PICTURES:
        return difference({"alts": before.get("alts", {})}, {"alts": revision.body.get("alts", {})})
    return difference(before, revision.body)


def _pictures(revision: RevisionView, before: dict[str, Any]) -> dict[str, Any]:
    """The pictures before and after, in their order, with what came and went marked."""
    old, new = list(before.get("pictures", [])), list(revision.body.get("pictures", []))
    found = pictures.pictures([*old, *new])
    return {
        "before": [{"picture": found[ref], "gone": ref not in new} for ref in old if ref in found],
        "after": [{"picture": found[ref], "new": ref not in old} for ref in new if ref in found],
        "moved": [ref for ref in new if ref in old] != [ref for ref in old if ref in new],
    }
