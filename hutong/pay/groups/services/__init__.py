"""Writes of groups. An order in a group, in order:

1. `open_group` or `open_campaign` where there is none, then `take` in the transaction that places the order; `free`
   when it ends unpaid, `retake` for money that came late.
2. `pay` in the transaction that pays it. The last one makes the group full.
3. `end` at the deadline, for groups that are not.
4. `keep` in the transaction that makes what was bought, or `leave` in the one that gives the money back.
"""

from hutong.pay.groups.services.ending import end
from hutong.pay.groups.services.errors import (
    AlreadyInGroup,
    CampaignOver,
    GroupEnded,
    GroupFull,
    GroupNotOffered,
    GroupUnknown,
    TermsInvalid,
)
from hutong.pay.groups.services.places import (
    free,
    keep,
    leave,
    open_campaign,
    open_group,
    pay,
    retake,
    take,
)
from hutong.pay.groups.services.terms import set_terms

__all__ = [
    "AlreadyInGroup",
    "CampaignOver",
    "GroupEnded",
    "GroupFull",
    "GroupNotOffered",
    "GroupUnknown",
    "TermsInvalid",
    "end",
    "free",
    "keep",
    "leave",
    "open_campaign",
    "open_group",
    "pay",
    "retake",
    "set_terms",
    "take",
]
