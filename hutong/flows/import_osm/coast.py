"""Which part of a box is sea: OpenStreetMap draws coasts as lines with the water on their right."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, unary_union

# How far beside a coast we look for its face, in degrees: about 10 cm.
_BESIDE = 1e-6


def sea(box: Polygon, coasts: Sequence[LineString]) -> BaseGeometry | None:
    """The sea inside the box, or None where no coast crosses it.

    The coasts cut the box into faces; each piece of a coast says of the face on its right that it is water
    and of the one on its left that it is land, and the majority decides, since coasts have mistakes.
    """
    lines = [piece for piece in (coast.intersection(box) for coast in coasts) if not piece.is_empty]
    if not lines:
        return None
    lines += _bridges(box, coasts)
    faces = [face for face in polygonize(unary_union([box.boundary, *lines])) if _is_in(box, face)]
    tree = shapely.STRtree(faces)
    votes = [0] * len(faces)
    for coast in coasts:
        for left, right in _sides(coast, box):
            for index in tree.query(left, predicate="within"):
                votes[index] -= 1
            for index in tree.query(right, predicate="within"):
                votes[index] += 1
    water = [face for face, vote in zip(faces, votes, strict=True) if vote > 0]
    return unary_union(water) if water else None


def _is_in(box: Polygon, face: Polygon) -> bool:
    return bool(box.contains(face.representative_point()))


def _bridges(box: Polygon, coasts: Sequence[LineString]) -> list[LineString]:
    """From each loose end inside the box straight to its edge: there the extract lost the next node."""
    ends = Counter(end for coast in coasts for end in (coast.coords[0], coast.coords[-1]))
    loose = [Point(end) for end, times in ends.items() if times == 1 and box.contains(Point(end))]
    return [shapely.shortest_line(end, box.boundary) for end in loose]


def _sides(coast: LineString, box: Polygon) -> Iterator[tuple[Point, Point]]:
    """A point left and a point right of the middle of each segment that lies in the box."""
    ends = list(coast.coords)
    for (west, south), (east, north) in itertools.pairwise(ends):
        inside = LineString([(west, south), (east, north)]).intersection(box)
        if inside.is_empty or inside.length == 0:
            continue
        middle = inside.interpolate(0.5, normalized=True)
        length = ((east - west) ** 2 + (north - south) ** 2) ** 0.5
        right_x, right_y = (north - south) / length * _BESIDE, (west - east) / length * _BESIDE
        yield Point(middle.x - right_x, middle.y - right_y), Point(middle.x + right_x, middle.y + right_y)
