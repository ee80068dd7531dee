"""Names of people by their refs, for lists of who did what."""

from collections.abc import Iterable

from hutong.town.people.models import Person
from hutong.town.people.types import NamedPerson


def named(refs: Iterable[str]) -> dict[str, NamedPerson]:
    """Names by public id, active or not; unknown ones are left out. One statement."""
    found = Person.objects.filter(public_id__in=list(refs)).values_list("public_id", "name", "is_operator")
    return {ref: NamedPerson(ref, name, is_operator) for ref, name, is_operator in found}
