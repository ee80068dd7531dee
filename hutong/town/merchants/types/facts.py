"""What a store says of itself at once, without anybody looking at it first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """Names by language (`name` is what stands on the door), what the store is, how to reach it, where it is."""

    names: dict[str, str]
    category_slug: str
    phone: str
    email: str
    website: str
    address: str
    postcode: str
    city: str
    lon: float
    lat: float
