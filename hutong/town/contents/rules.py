"""Pure decisions about contents: what differs between two versions, what a ready reason says."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any

from hutong.kernel.text import pick
from hutong.town.contents.types import (
    Change,
    Piece,
    PieceKind,
    ReasonKind,
    RevisionState,
    RevisionView,
)

# An operator who hit the wrong key takes a decision back within this time; later it is decided anew.
TAKE_BACK_WITHIN = timedelta(minutes=5)

# What may stand in a ready reason: what is decided about, and the merchant it belongs to.
PLACEHOLDERS = ("name", "merchant")
MAX_REASON = 400
MAX_ANNOUNCEMENT = 300
_PLACEHOLDER = re.compile(r"\{(\w*)\}")

# A word with the space behind it; each Chinese character is a word of its own.
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+\s*|\s+")


_PICTURES = ".pictures"


def pictures_of(owner_ref: str) -> str:
    """The subject whose versions are the pictures of a store or an offer."""
    return owner_ref + _PICTURES


def owner_of(subject_ref: str) -> str:
    """The store, offer or page that a subject belongs to; itself, unless it is somebody's pictures."""
    return subject_ref.removesuffix(_PICTURES)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields that differ, in the order of their names; of nested maps the single fields."""
    flat_before, flat_after = dict(_flat(before)), dict(_flat(after))
    fields = sorted(set(flat_before) | set(flat_after))
    return [
        Change(field=field, before=old, after=new, pieces=_pieces(old, new))
        for field in fields
        if (old := flat_before.get(field)) != (new := flat_after.get(field))
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _pieces(before: Any, after: Any) -> tuple[Piece, ...]:
    """What came and went, word by word, where both sides are texts (or nothing)."""
    if not all(value is None or isinstance(value, str) for value in (before, after)):
        return ()
    # A word is compared with the space behind it, so the last one gets one, too, for as long as that takes.
    old, new = _WORDS.findall(f"{before} " if before else ""), _WORDS.findall(f"{after} " if after else "")
    pieces: list[Piece] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(
        a=old, b=new, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(PieceKind.SAME, "".join(old[old_from:old_to])))
            continue
        if old_to > old_from:
            pieces.append(Piece(PieceKind.REMOVED, "".join(old[old_from:old_to])))
        if new_to > new_from:
            pieces.append(Piece(PieceKind.ADDED, "".join(new[new_from:new_to])))
    return tuple(_without_last_space(pieces))


def _without_last_space(pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces without the space that was put behind both texts: behind what ends them."""
    ends = next((place for place, each in reversed([*enumerate(pieces)]) if each.kind is PieceKind.SAME), -1)
    first = ends if ends == len(pieces) - 1 else ends + 1
    for place, piece in enumerate(pieces):
        text = piece.text[:-1] if place >= first else piece.text
        if text:
            yield Piece(piece.kind, text)


def may_take_back(revision: RevisionView, *, at: datetime) -> bool:
    """Whether the decision about a version is young enough to be taken back, and nothing replaced it."""
    decided = revision.state in (RevisionState.PUBLISHED, RevisionState.REJECTED)
    if not decided or not revision.decided_by_ref or revision.decided_at is None:
        return False
    return timedelta() <= at - revision.decided_at <= TAKE_BACK_WITHIN


def fill(texts: Mapping[str, str], language: str, values: Mapping[str, str]) -> str:
    """A ready reason in a language (`en`, `zh-hans`) with its places filled; an unknown place stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), pick(texts, language))


def unknown_places(text: str) -> list[str]:
    """The places of a ready reason that nothing fills, so that it cannot be saved with them."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]


def _both(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh-Hans": zh}


# The ready reasons the site comes with, by kind; operators change their words, retire them, and add their own.
REASONS: Mapping[ReasonKind, Mapping[str, dict[str, str]]] = {
    ReasonKind.CLAIM: {
        "claim.document": _both(
            "The document does not show that you run {name}. Please send the trade register entry.",
            "文件未能证明您经营{name}，请提交工商登记信息。",
        ),
        "claim.unreadable": _both(
            "The document cannot be read. Please send a sharper picture.",
            "文件无法辨认，请重新提交清晰的图片。",
        ),
        "claim.other_owner": _both(
            "Somebody else has shown that {name} is theirs. Please call us.",
            "已有其他人证明拥有{name}，请与我们联系。",
        ),
        "claim.wrong_shop": _both(
            "{name} is not the shop you described. Please claim the right one.",
            "{name}与您描述的门店不符，请认领正确的门店。",
        ),
    },
    ReasonKind.MERCHANT: {
        "merchant.phone": _both(
            "We could not reach you by phone. Please check the number and apply again.",
            "电话无法接通，请核对号码后重新申请。",
        ),
        "merchant.address": _both(
            "The shop could not be found at its address. Please correct it and apply again.",
            "按地址未找到门店，请更正后重新申请。",
        ),
        "merchant.kind": _both(
            "We list shops where something is enjoyed in person. {name} does not seem to be one.",
            "平台只收录到店消费的门店，{name}似乎不属于此类。",
        ),
        "merchant.twice": _both(
            "{name} is already on the site under another name.", "{name}已以其他名称入驻。"
        ),
        "merchant.complaints": _both(
            "There were complaints about deals that were not honoured. Please call us.",
            "有顾客投诉团购未被接待，请与我们联系。",
        ),
    },
    ReasonKind.DEAL: {
        "deal.list_price": _both(
            "The list price of “{name}” is higher than what you usually charge. Please give the usual price.",
            "“{name}”的门市价高于日常售价，请填写日常售价。",
        ),
        "deal.vague": _both(
            "The text does not say clearly what is in “{name}”. Please list every part.",
            "“{name}”的文字没有写清套餐内容，请逐项列出。",
        ),
        "deal.title": _both(
            "Title and contents do not fit together. Please correct one of them.",
            "标题与内容不符，请修改其一。",
        ),
        "deal.not_allowed": _both(
            "The deal promises something that is not allowed on this site.", "团购承诺了本平台不允许的内容。"
        ),
        "deal.twice": _both(
            "There is a deal of the same kind from {merchant} already.", "{merchant}已有同类团购。"
        ),
    },
    ReasonKind.CONTENT: {
        "content.contact": _both(
            "Please leave phone numbers and addresses of other sites out of the text.",
            "请勿在文字中留下电话或其他网站地址。",
        ),
        "content.untrue": _both(
            "The text promises what {name} does not offer. Please keep to what people find there.",
            "文字承诺了{name}并未提供的内容，请如实描述。",
        ),
        "content.picture": _both(
            "A picture does not show {name}, or you may not use it. Please send one of your own.",
            "图片并非{name}或未获授权，请使用自己的图片。",
        ),
        "content.language": _both(
            "The text stands in the wrong language field. Please swap them.", "文字填错了语言栏，请对调。"
        ),
    },
    ReasonKind.REFUND: {
        "refund.mind": _both("The shopper changed their mind.", "顾客改变了主意。"),
        "refund.closed": _both("The shop was closed or could not serve it.", "门店未营业或无法提供服务。"),
        "refund.twice": _both("Bought twice by mistake.", "误买了两次。"),
        "refund.not_as_described": _both("Not as described.", "与描述不符。"),
    },
}
