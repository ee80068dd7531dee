"""Reads of `people`."""

from hutong.town.people.queries.account import (
    SESSION_PURPOSE,
    address_of,
    addresses_of,
    changed_address,
    consent_history,
    consent_states,
    deleted_address,
    due_for_erasure,
    everything_about,
    operates_alone,
    person_in_session,
    sign_ins_of,
)
from hutong.town.people.queries.named import named
from hutong.town.people.queries.persons import (
    TOKEN_PURPOSE,
    messages,
    person_by_id,
    person_by_phone,
    person_by_ref,
    token_by_plain,
    tokens_of,
)

__all__ = [
    "SESSION_PURPOSE",
    "TOKEN_PURPOSE",
    "address_of",
    "addresses_of",
    "changed_address",
    "consent_history",
    "consent_states",
    "deleted_address",
    "due_for_erasure",
    "everything_about",
    "messages",
    "named",
    "operates_alone",
    "person_by_id",
    "person_by_phone",
    "person_by_ref",
    "person_in_session",
    "sign_ins_of",
    "token_by_plain",
    "tokens_of",
]
