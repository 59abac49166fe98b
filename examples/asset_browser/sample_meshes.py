"""The solids of the demo's library: surfaces of revolution, tubes, prisms and a terrain, as Wavefront OBJ texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Point = tuple[float, float, float]
Mesh = tuple[list[Point], list[list[int]]]  # corners, and faces as indices of corners from 0


def _grid(columns: int, rows: int, at: Callable[[float, float], Point], *, close_u: bool, close_v: bool) -> Mesh:
    """A surface over the unit square, with its edges joined where they are closed."""
    width, height = columns + (not close_u), rows + (not close_v)
    points = [at(u / columns, v / rows) for v in range(height) for u in range(width)]
    faces = []
    for row in range(rows):
        for column in range(columns):
            right, below = (column + 1) % width, (row + 1) % height
            corners = (row, column), (row, right), (below, right), (below, column)
            faces.append([y * width + x for y, x in corners])
    return points, faces


def _lathe(profile: Sequence[tuple[float, float]], segments: int = 28) -> Mesh:
    """A profile of (radius, height) from bottom to top, turned about the upright axis."""

    def at(u: float, v: float) -> Point:
        radius, height = profile[round(v * (len(profile) - 1))]
        return radius * math.cos(math.tau * u), height, radius * math.sin(math.tau * u)

    return _grid(segments, len(profile) - 1, at, close_u=True, close_v=False)


def _tube(center: Callable[[float], Point], radius: float, *, along: int, around: int, closed: bool) -> Mesh:
    """A round tube along a curve."""

    def at(u: float, v: float) -> Point:
        here, ahead = center(v), center(v + 1e-3)
        tangent = _unit(_minus(ahead, here))
        side = _unit(_cross(tangent, (0.13, 0.97, 0.21)))
        up = _cross(side, tangent)
        a, b = radius * math.cos(math.tau * u), radius * math.sin(math.tau * u)
        return tuple(h + a * s + b * w for h, s, w in zip(here, side, up, strict=True))  # type: ignore[return-value]

    return _grid(around, along, at, close_u=True, close_v=closed)


def _prism(outline: Sequence[tuple[float, float]], depth: float) -> Mesh:
    """An outline in the plane, counter-clockwise, extruded; its caps are fans about the middle."""
    count = len(outline)
    points: list[Point] = [(x, y, side * depth / 2) for side in (1, -1) for x, y in outline]
    points += [(0.0, 0.0, depth / 2), (0.0, 0.0, -depth / 2)]
    faces = []
    for here in range(count):
        there = (here + 1) % count
        faces.append([here, there, 2 * count])
        faces.append([count + there, count + here, 2 * count + 1])
        faces.append([there, here, count + here, count + there])
    return points, faces


def _boxes(boxes: Sequence[tuple[Point, Point]]) -> Mesh:
    """Boxes, each given by two opposite corners."""
    points: list[Point] = []
    faces: list[list[int]] = []
    for low, high in boxes:
        first = len(points)
        points += [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
        sides = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
        faces += [[first + corner for corner in side] for side in sides]
    return points, faces


def _arc(radius: float, low: float, high: float, steps: int, lift: float = 0.0) -> list[tuple[float, float]]:
    """Part of a circle as a profile; angles in degrees from straight down."""
    angles = [math.radians(low + (high - low) * step / steps) for step in range(steps + 1)]
    return [(radius * math.sin(angle), lift - radius * math.cos(angle)) for angle in angles]


def _gear(teeth: int, inner: float, outer: float) -> list[tuple[float, float]]:
    outline = []
    for step in range(teeth * 4):
        radius = outer if step % 4 in (1, 2) else inner
        angle = math.tau * (step + (0.15 if step % 4 in (0, 2) else -0.15)) / (teeth * 4)
        outline.append((radius * math.cos(angle), radius * math.sin(angle)))
    return outline


def _star(points: int, inner: float, outer: float) -> list[tuple[float, float]]:
    radii = (outer if step % 2 == 0 else inner for step in range(points * 2))
    return [
        (radius * math.sin(math.pi * step / points), radius * math.cos(math.pi * step / points))
        for step, radius in reversed(list(enumerate(radii)))
    ]


def _knot(v: float) -> Point:
    angle = math.tau * v
    reach = 1 + 0.42 * math.cos(3 * angle)
    return reach * math.cos(2 * angle), reach * math.sin(2 * angle), 0.5 * math.sin(3 * angle)


def _helix(v: float) -> Point:
    return 0.7 * math.cos(9 * math.pi * v), 2.2 * v - 1.1, 0.7 * math.sin(9 * math.pi * v)


def _torus(u: float, v: float) -> Point:
    ring = 1 + 0.38 * math.cos(math.tau * v)
    return ring * math.cos(math.tau * u), 0.38 * math.sin(math.tau * v), ring * math.sin(math.tau * u)


def _hills(u: float, v: float) -> Point:
    x, z = 2.4 * u - 1.2, 2.4 * v - 1.2
    height = 0.3 * math.sin(3.1 * x) * math.cos(2.3 * z) + 0.16 * math.sin(5 * z + 1.3 * x) - 0.1 * (x * x + z * z)
    return x, height, z


def _minus(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _cross(a: Point, b: Point) -> Point:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: Point) -> Point:
    length = math.hypot(*a) or 1.0
    return a[0] / length, a[1] / length, a[2] / length


def _bolt() -> Mesh:
    head, faces = _prism([(0.75 * math.cos(a), 0.75 * math.sin(a)) for a in _sixths()], 0.5)
    points: list[Point] = [(x, z + 0.85, -y) for x, y, z in head]
    shaft, shaft_faces = _lathe([(0.0, -1.2), (0.36, -1.2), *_thread(), (0.4, 0.6)], 20)
    return points + shaft, faces + [[index + len(points) for index in face] for face in shaft_faces]


def _sixths() -> list[float]:
    return [math.tau * corner / 6 for corner in range(6)]


def _thread() -> list[tuple[float, float]]:
    return [(0.4 if step % 2 else 0.33, -1.1 + step * 0.11) for step in range(15)]


def _half_pipe() -> list[tuple[float, float]]:
    outer = [(1.1 * math.cos(math.pi * step / 16), 1.1 * math.sin(math.pi * step / 16)) for step in range(17)]
    inner = [(0.75 * x / 1.1, 0.75 * y / 1.1) for x, y in reversed(outer)]
    return [(1.1, -0.9), *outer, (-1.1, -0.9), (-0.75, -0.9), *inner, (0.75, -0.9)]


def _arch() -> Mesh:
    """A doorway; its front cannot be a fan about the middle, so it is a band of quadrilaterals."""
    outline = _half_pipe()
    count = len(outline)
    points: list[Point] = [(x, y, side * 0.3) for side in (1, -1) for x, y in outline]
    faces = []
    for here in range(count):
        there = (here + 1) % count
        faces.append([there, here, count + here, count + there])
    for step in range(count // 2 - 1):
        a, b, c, d = step, step + 1, count - 2 - step, count - 1 - step
        faces.append([a, b, c, d])
        faces.append([count + d, count + c, count + b, count + a])
    return points, faces


MESHES: dict[str, Callable[[], Mesh]] = {
    "arch": _arch,
    "bell": lambda: _lathe([(1.0, -0.9), (0.86, -0.7), (0.66, -0.2), (0.56, 0.4), (0.4, 0.72), (0.14, 0.86), (0, 0.9)]),
    "bolt": _bolt,
    "capsule": lambda: _lathe([*_arc(0.55, 0, 90, 6, -0.5), *_arc(0.55, 90, 180, 6, 0.5)]),
    "crystal": lambda: _lathe([(0.0, -1.2), (0.62, -0.35), (0.55, 0.45), (0.0, 1.25)], 7),
    "dome": lambda: _lathe([(1.1, -0.6), *[(r, h - 0.5) for r, h in _arc(1.1, 90, 180, 9)]]),
    "gear_large": lambda: _prism(_gear(14, 0.92, 1.15), 0.4),
    "gear_small": lambda: _prism(_gear(9, 0.82, 1.1), 0.55),
    "goblet": lambda: _lathe(
        [(0.6, -1.2), (0.5, -1.12), (0.12, -0.98), (0.1, -0.3), (0.36, -0.1), (0.66, 0.3), (0.7, 0.8), (0.62, 1.2)]
    ),
    "pawn": lambda: _lathe(
        [(0.72, -1.1), (0.7, -0.92), (0.5, -0.8), (0.3, -0.4), (0.22, 0.25), (0.42, 0.32), *_arc(0.4, 40, 180, 8, 0.72)]
    ),
    "sphere": lambda: _lathe(_arc(1.1, 0, 180, 14)),
    "spring": lambda: _tube(_helix, 0.13, along=110, around=8, closed=False),
    "stairs": lambda: _boxes(
        [((-0.7, -0.8, 0.8 - 0.32 * n), (0.7, -0.8 + 0.32 * (n + 1), 1.12 - 0.32 * n)) for n in range(6)]
    ),
    "star": lambda: _prism(_star(5, 0.5, 1.2), 0.45),
    "terrain": lambda: _grid(22, 22, _hills, close_u=False, close_v=False),
    "torus": lambda: _grid(30, 14, _torus, close_u=True, close_v=True),
    "trefoil_knot": lambda: _tube(_knot, 0.24, along=96, around=10, closed=True),
    "vase": lambda: _lathe(
        [(0.42, -1.2), (0.6, -0.95), (0.78, -0.5), (0.72, 0.0), (0.46, 0.45), (0.32, 0.75), (0.38, 1.0), (0.52, 1.15)]
    ),
}


def to_obj(name: str) -> str:
    """One of :data:`MESHES` as the text of an OBJ file."""
    points, faces = MESHES[name]()
    rows = [f"o {name}", *(f"v {x:.3f} {y:.3f} {z:.3f}" for x, y, z in points)]
    rows += ["f " + " ".join(str(index + 1) for index in face) for face in faces]
    return "\n".join(rows) + "\n"
