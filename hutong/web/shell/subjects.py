"""What entries of the log are about, by name: shops, deals, claims, pictures, pages, announcements, categories."""

from collections.abc import Iterable, Mapping

from django.utils.translation import get_language

from hutong.attract.placements import queries as placements
from hutong.kernel.text import pick
from hutong.town.catalog import queries as catalog
from hutong.town.contents import queries as contents
from hutong.town.merchants import queries as merchants
from hutong.town.pictures import queries as pictures
from hutong.town.regions import queries as regions
from hutong.web.shell.site_pages import TITLES

_CATEGORY, _PAGE = "category:", "page:"


def subject_names(refs: Iterable[str]) -> dict[str, str]:
    """The names of these subjects in the reader's language; who has none is left out.

    People are not among them. One statement for each kind of thing there is, two for shops.
    """
    wanted = set(refs)
    shown = pictures.pictures(_of("pic_", wanted)) if _of("pic_", wanted) else {}
    owners = {picture.ref: picture.owner_ref for picture in shown.values()}
    names = _things(wanted | set(owners.values()))
    names |= {ref: names[owner] for ref, owner in owners.items() if owner in names}
    language = get_language() or "en"
    found = {ref: pick(names[ref], language) for ref in wanted if ref in names}
    return found | {f"{_PAGE}{page}": str(title) for page, title in TITLES.items()}


def _things(refs: set[str]) -> dict[str, Mapping[str, str]]:
    names: dict[str, Mapping[str, str]] = {}
    if shops := _of(("mer_", "sto_"), refs):
        names |= merchants.names_of(shops)
    if deals := _of("off_", refs):
        names |= {ref: offer.titles for ref, offer in catalog.offers_by_refs(deals).items()}
    if claims := _of("clm_", refs):
        names |= merchants.claimed_names(claims)
    if brands := _of("brd_", refs):
        names |= merchants.brand_names(brands)
    if paid := _of("plc_", refs):
        names |= placements.names_of(paid)
    if _of("ann_", refs):
        names |= {each.ref: each.texts for each in contents.announcements()}
    if places := _of("reg_", refs):
        names |= regions.names_of(places)
    if _of(_CATEGORY, refs):
        tree = merchants.category_settings()
        names |= {f"{_CATEGORY}{each.slug}": each.names for group, own in tree for each in (group, *own)}
    return names


def _of(prefix: str | tuple[str, ...], refs: Iterable[str]) -> list[str]:
    return [ref for ref in refs if ref.startswith(prefix)]
