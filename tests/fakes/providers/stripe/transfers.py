"""What a simulated Stripe sends to accounts that are connected to the platform's, out of what it holds for that."""

from __future__ import annotations

from tests.fakes.providers import transfers
from tests.fakes.providers.books import Books
from tests.fakes.providers.server import Call
from tests.fakes.providers.stripe.books import free, made_id, merchants_own
from tests.fakes.providers.stripe.objects import Json, seconds
from tests.fakes.providers.stripe.requests import Wrong, form_of, form_or_none, group, transfer_asked
from tests.fakes.providers.transfers import Sent

_REFUSALS = {
    "too_little": Wrong(
        "You have insufficient available funds in your Stripe account.", code="balance_insufficient"
    ),
    "border": Wrong("Funds can't be sent to accounts located in this region.", code="transfers_not_allowed"),
}


class Transfers(transfers.Transfers):
    """Nothing but keys keeps two from carrying the same reference; then they are `ref` and `ref~2`."""

    name, done = "Stripe", "paid"

    def __init__(self, books: Books) -> None:
        super().__init__(books)
        self.forms: dict[str, dict[str, str]] = {}
        self.unable: set[str] = set()
        """The accounts that may not be sent money yet."""

    def named(self, call: Call, *, again: bool) -> tuple[str, str]:
        """See `Simulator.named`. A call whose key was used before has a name of its own: it sends nothing."""
        if call.method == "POST":
            return "transfer_again" if again else "transfer", form_or_none(call).get("transfer_group", "")
        return "query_transfer", call.query.get("transfer_group", "")

    def create(self, call: Call, parts: list[str]) -> Json:
        """Send money now."""
        form = form_of(call.body)
        amount, account = transfer_asked(form), form["destination"]
        if account not in self.payees:
            raise Wrong(f"No such destination: '{account}'", code="resource_missing", param="destination")
        if account in self.unable:
            raise Wrong(
                "Your destination account needs to have at least one of the following capabilities enabled: transfers",
                code="insufficient_capabilities_for_transfer",
            )
        if self.refuse:
            raise _REFUSALS[self.refuse]
        with self._books.lock:
            ref, number = free(form.get("transfer_group", "unnamed"), self.sent), self._books.new_ref("X")
            made = made_id("tr_1", number, 23)
            self.sent[ref] = Sent(
                ref, made, str(amount), form["currency"].upper(), account, self.done, self._books.now()
            )
            self.forms[ref] = form
            return self._json(ref)

    def of_group(self, wanted: str | None) -> list[Json]:
        """Those of a group, or all, newest first."""
        return [self._json(ref) for ref in reversed(self.sent) if wanted in (None, merchants_own(ref))]

    def on_bill(self, *, expand: bool) -> list[Json]:
        """Their balance transactions, newest first."""
        return [
            {
                "id": made_id("txn_1", each["id"], 23),
                "object": "balance_transaction",
                "amount": -each["amount"],
                "created": each["created"],
                "currency": each["currency"],
                "fee": 0,
                "net": -each["amount"],
                "source": each if expand else each["id"],
                "status": "available",
                "type": "transfer",
            }
            for each in self.of_group(None)
        ]

    def _json(self, ref: str) -> Json:
        found, form = self.sent[ref], self.forms[ref]
        back = found.status == "reversed"
        return {
            "id": found.provider_ref,
            "object": "transfer",
            "amount": int(found.amount),
            "amount_reversed": int(found.amount) if back else 0,
            "created": seconds(found.at),
            "currency": found.unit.lower(),
            "description": form.get("description"),
            "destination": found.account,
            "livemode": False,
            "metadata": group(form, "metadata"),
            "reversed": back,
            "source_transaction": None,
            "source_type": "card",
            "transfer_group": form.get("transfer_group"),
        }
