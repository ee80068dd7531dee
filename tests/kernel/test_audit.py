"""The audit log keeps what differs, finds it again, and refuses every change."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from hutong.kernel import audit
from hutong.kernel.models import AuditEntry
from hutong.kernel.rows import execute

pytestmark = pytest.mark.django_db


def write(at: datetime, action: str = "store.hours_changed", **fields: object) -> None:
    values: dict[str, object] = {"subject": "sto_a", "by": "per_a", "at": at, **fields}
    audit.record(action=action, **values)  # type: ignore[arg-type]


def test_only_what_differs_is_kept(at: datetime) -> None:
    write(at, before={"hours": "Mo 9-17", "phone": "1"}, after={"hours": "Mo 10-18", "phone": "1"})
    (entry,) = audit.search().entries
    assert entry.changes == {"hours": ["Mo 9-17", "Mo 10-18"]}
    assert (entry.actor_ref, entry.subject_ref, entry.at) == ("per_a", "sto_a", at)


def test_nothing_changed_is_nothing_written(at: datetime) -> None:
    write(at, before={"hours": "x"}, after={"hours": "x"})
    assert audit.search().entries == ()


def test_acting_for_a_merchant_is_marked(at: datetime) -> None:
    with audit.acting_for("mer_a"):
        write(at)
    write(at)
    plain, marked = audit.search().entries
    assert (marked.on_behalf_of, marked.merchant_ref) == ("mer_a", "mer_a")
    assert (plain.on_behalf_of, plain.merchant_ref) == ("", "")


def test_search_narrows_by_each_field_and_pages(at: datetime) -> None:
    for number in range(5):
        write(at + timedelta(hours=number), subject=f"sto_{number}", reason=f"because {number}")
    write(at, action="offer.pause", by="per_b", merchant="mer_b", after={"state": "Lantern"})
    assert [entry.action for entry in audit.search(action="offer.").entries] == ["offer.pause"]
    assert len(audit.search(actor="per_a").entries) == 5
    assert [entry.reason for entry in audit.search(subject="sto_3").entries] == ["because 3"]
    assert len(audit.search(merchant="mer_b").entries) == 1
    assert len(audit.search(text="lantern").entries) == 1
    assert len(audit.search(since=at + timedelta(hours=1), until=at + timedelta(hours=3)).entries) == 2
    first = audit.search(limit=4)
    second = audit.search(limit=4, before=first.before)
    assert len(first.entries) == 4
    assert len(second.entries) == 2
    assert second.before is None


@pytest.mark.parametrize(
    "statement", ["UPDATE kernel_auditentry SET reason = 'x'", "DELETE FROM kernel_auditentry"]
)
def test_the_log_refuses_changes(at: datetime, statement: str) -> None:
    write(at)
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        execute(statement)
    assert AuditEntry.objects.count() == 1
