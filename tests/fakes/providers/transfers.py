"""What a simulated provider sends to merchants' accounts with it: each once, with its own books as the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.fakes.providers.books import Books


@dataclass
class Sent:
    """A transfer as it was asked for; the amount as the provider writes it."""

    ref: str
    provider_ref: str
    amount: str
    unit: str
    account: str
    status: str
    at: datetime
    error: str = ""


class Transfers:
    """Transfers by our reference. `payees` are the accounts there are, with their names."""

    name: str
    done: str
    """What the provider calls one that arrived."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.payees: dict[str, str] = {}
        self.sent: dict[str, Sent] = {}
        self.refuse = ""
        """Why the next transfers are refused, whoever they are for; "" for no reason."""

    def judge(self, ours: Mapping[str, str]) -> list[str]:
        """Where the provider's own books and another's differ; `ours` are the amounts that are said to have been sent,
        by ref."""
        theirs = {ref: each.amount for ref, each in self.sent.items() if each.status == self.done}
        return [
            f"{ref}: {self.name} sent {theirs.get(ref, 'nothing')}, not {ours.get(ref, 'nothing')}"
            for ref in sorted(theirs.keys() | ours.keys())
            if theirs.get(ref) != ours.get(ref)
        ]

    def end(self, ref: str, status: str, error: str = "") -> None:
        """One comes to its end, by the provider's own word for that."""
        self.sent[ref].status, self.sent[ref].error = status, error
