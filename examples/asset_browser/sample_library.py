"""The assets of the demo: patterns, solids, materials and notes, drawn by arithmetic, the same on every machine.

Nothing is downloaded and nothing is committed: :func:`write` makes some sixty small files in a directory, so that the
demo may rename and add files without touching the checkout.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from sample_meshes import MESHES, to_obj

TILE = 256  # side of a texture in its own units

Rows = Iterator[str]


def write(folder: Path) -> int:
    """Writes the whole library into ``folder``, which is made where it is missing. Returns the number of files."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        **{f"{name}.svg": _svg(name) for name in TEXTURES},
        **{f"{name}.obj": to_obj(name) for name in MESHES},
        **{f"{name}.json": _material(*row) for name, *row in MATERIALS},
        **{f"{name}.md": text for name, text in NOTES.items()},
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(texts)


# Textures: a ground colour, and shapes on it


def _rect(x: float, y: float, width: float, height: float, fill: str, extra: str = "") -> str:
    return f'<rect x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}" fill="{fill}"{extra}/>'


def _circle(x: float, y: float, radius: float, fill: str, extra: str = "") -> str:
    return f'<circle cx="{x:.4g}" cy="{y:.4g}" r="{radius:.4g}" fill="{fill}"{extra}/>'


def _polygon(points: list[tuple[float, float]], fill: str, extra: str = "") -> str:
    return f'<polygon points="{" ".join(f"{x:.4g},{y:.4g}" for x, y in points)}" fill="{fill}"{extra}/>'


def _line(path: str, stroke: str, width: float, extra: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:.4g}"{extra}/>'


def _regular(x: float, y: float, radius: float, corners: int, turn: float = 0.0) -> list[tuple[float, float]]:
    angles = (turn + math.tau * corner / corners for corner in range(corners))
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def _checker(colors: list[str], _: random.Random) -> Rows:
    for row in range(8):
        for column in range(row % 2, 8, 2):
            yield _rect(column * 32, row * 32, 32, 32, colors[(row + column // 2) % len(colors)])


def _bricks(colors: list[str], dice: random.Random) -> Rows:
    for row in range(8):
        for column in range(-1, 5):
            left = column * 64 + (row % 2) * 32
            yield _rect(left + 2, row * 32 + 2, 60, 28, dice.choice(colors), ' rx="2"')


def _hexagons(colors: list[str], dice: random.Random) -> Rows:
    for row in range(7):
        for column in range(7):
            x, y = column * 48 + (row % 2) * 24 - 8, row * 41.6
            yield _polygon(_regular(x, y, 26, 6, math.pi / 6), dice.choice(colors))


def _waves(colors: list[str], _: random.Random) -> Rows:
    for row in range(14):
        y = row * 20 + 4
        curve = "".join(f" q16 {-14 if bend % 2 else 14} 32 0" for bend in range(9))
        yield _line(f"M-16 {y}{curve}", colors[row % len(colors)], 9)


def _dots(colors: list[str], _: random.Random) -> Rows:
    for row in range(9):
        for column in range(9):
            x, y = column * 32 + (row % 2) * 16, row * 32
            yield _circle(x, y, 6 + 4 * math.sin(row * 0.9 + column * 0.7), colors[(row + column) % len(colors)])


def _herringbone(colors: list[str], dice: random.Random) -> Rows:
    for row in range(-2, 18):
        for column in range(-1, 5):
            left, top = column * 64 + (row % 2) * 0, row * 16
            lean = 32
            plank = [(left, top + lean), (left + 32, top), (left + 32, top + 15), (left, top + lean + 15)]
            yield _polygon(plank, dice.choice(colors))
            other = [(left + 33, top), (left + 63, top + lean), (left + 63, top + lean + 15), (left + 33, top + 15)]
            yield _polygon(other, dice.choice(colors))


def _rings(colors: list[str], dice: random.Random) -> Rows:
    for ring in range(22, 0, -1):
        wobble = 1 + 0.06 * dice.random()
        shape = f'rx="{ring * 13 * wobble:.4g}" ry="{ring * 10:.4g}"'
        yield f'<ellipse cx="92" cy="150" {shape} fill="{colors[ring % len(colors)]}"/>'


def _terrazzo(colors: list[str], dice: random.Random) -> Rows:
    for _ in range(110):
        x, y, size = dice.uniform(0, TILE), dice.uniform(0, TILE), dice.uniform(4, 15)
        corners = [
            (px + dice.uniform(-3, 3), py + dice.uniform(-3, 3))
            for px, py in _regular(x, y, size, 5, dice.random() * 6)
        ]
        yield _polygon(corners, dice.choice(colors))


def _tartan(colors: list[str], _: random.Random) -> Rows:
    for start, width, color in ((20, 44, 0), (84, 10, 1), (112, 24, 2), (148, 44, 0), (212, 10, 1), (240, 16, 2)):
        tint = colors[color % len(colors)]
        yield _rect(0, start, TILE, width, tint, ' opacity=".55"')
        yield _rect(start, 0, width, TILE, tint, ' opacity=".55"')


def _scales(colors: list[str], dice: random.Random) -> Rows:
    for row in range(16, -2, -1):
        for column in range(9):
            x, y = column * 32 + (row % 2) * 16, row * 18
            yield _circle(x, y, 18, dice.choice(colors), ' stroke="#0003" stroke-width="1.5"')


def _stripes(colors: list[str], _: random.Random) -> Rows:
    for stripe in range(-8, 16):
        left = stripe * 32
        band = [(left, 0), (left + 16, 0), (left + 16 + TILE / 2, TILE), (left + TILE / 2, TILE)]
        yield _polygon(band, colors[stripe % len(colors)])


def _triangles(colors: list[str], dice: random.Random) -> Rows:
    for row in range(7):
        for column in range(-1, 14):
            x, y = column * 21, row * 38
            up = (row + column) % 2 == 0
            corners = [(x, y + 38), (x + 42, y + 38), (x + 21, y)] if up else [(x, y), (x + 42, y), (x + 21, y + 38)]
            yield _polygon(corners, dice.choice(colors))


def _blueprint(colors: list[str], _: random.Random) -> Rows:
    for step in range(0, TILE + 1, 16):
        strong = step % 64 == 0
        stroke, width = colors[0 if strong else 1], 1.6 if strong else 0.7
        yield _line(f"M{step} 0V{TILE}M0 {step}H{TILE}", stroke, width)
    yield _line("M64 192V96a64 64 0 0 1 128 0v96z", colors[0], 3)
    yield _circle(128, 96, 22, "none", f' stroke="{colors[0]}" stroke-width="3"')


def _veins(colors: list[str], dice: random.Random) -> Rows:
    for _ in range(16):
        x, y = dice.uniform(-40, TILE), dice.uniform(-40, TILE)
        path = f"M{x:.4g} {y:.4g}" + "".join(
            f" q{dice.uniform(10, 40):.4g} {dice.uniform(-30, 40):.4g} "
            f"{dice.uniform(30, 60):.4g} {dice.uniform(10, 60):.4g}"
            for _ in range(5)
        )
        yield _line(path, dice.choice(colors), dice.uniform(0.8, 4), ' opacity=".6" stroke-linecap="round"')


def _stars(colors: list[str], dice: random.Random) -> Rows:
    for _ in range(70):
        yield _circle(dice.uniform(0, TILE), dice.uniform(0, TILE), dice.uniform(0.6, 2.6), dice.choice(colors))
    for _ in range(6):
        x, y, size = dice.uniform(20, 236), dice.uniform(20, 236), dice.uniform(6, 12)
        points = [_regular(x, y, size if corner % 2 else size / 3, 8, 0)[corner] for corner in range(8)]
        yield _polygon(points, colors[0])


def _leaves(colors: list[str], dice: random.Random) -> Rows:
    for row in range(6):
        for column in range(6):
            x, y = column * 48 + (row % 2) * 24, row * 48
            turn = dice.choice((25, 65, 115, 155))
            leaf = "M0 -24Q17 0 0 24Q-17 0 0 -24Z"
            yield f'<path d="{leaf}" transform="translate({x} {y}) rotate({turn})" fill="{dice.choice(colors)}"/>'


def _dunes(colors: list[str], _: random.Random) -> Rows:
    for row, color in enumerate(colors * 2):
        y, bend = 20 + row * 34, 26 if row % 2 else -22
        yield f'<path d="M0 {y}Q64 {y - bend} 128 {y}T{TILE} {y}V{TILE}H0Z" fill="{color}"/>'


#: Name, ground colour, colours of the shapes, and what draws them.
TEXTURES: dict[str, tuple[str, list[str], Callable[[list[str], random.Random], Rows]]] = {
    "awning_stripes": ("#f7efe0", ["#d8483e", "#e2604f"], _stripes),
    "blueprint_grid": ("#17417f", ["#dfeaff", "#6f95cf"], _blueprint),
    "brick_london": ("#b9a88d", ["#a9895a", "#9a7b50", "#b59a6a", "#8f6f45"], _bricks),
    "brick_red": ("#d8c8b8", ["#a8452f", "#b95339", "#973b29", "#c2614a"], _bricks),
    "checker_slate": ("#e9edf2", ["#4c5c70", "#5b6d83"], _checker),
    "coral_dots": ("#fff1ea", ["#ff7f66", "#ff9d84", "#f2604c"], _dots),
    "desert_dunes": ("#f8dfb4", ["#f0c78a", "#e4ac68", "#d58f4f", "#bd7440"], _dunes),
    "fern_leaves": ("#e8f0dc", ["#3f7d4a", "#5d9a58", "#2f6540", "#84b56f"], _leaves),
    "hex_teal": ("#0f3f46", ["#1d7f86", "#2a9aa0", "#16696f", "#5cc0bd"], _hexagons),
    "hex_honey": ("#6e3c06", ["#f2b632", "#e39c1c", "#f8cc5e", "#d5860f"], _hexagons),
    "marble_carrara": ("#f4f3f1", ["#b9bcc2", "#8f949d", "#d3d4d8"], _veins),
    "marble_verde": ("#1f4a3c", ["#8cc2a5", "#3d7c64", "#d9efe2"], _veins),
    "night_stars": ("#141b3d", ["#fff6d2", "#b9c8ff", "#ffffff"], _stars),
    "oak_herringbone": ("#5d3d20", ["#b98650", "#a87542", "#c7965f", "#96673a"], _herringbone),
    "roof_scales": ("#5b2f2a", ["#b5563f", "#a04a37", "#c66a4e", "#8c3d30"], _scales),
    "sea_waves": ("#0d4f79", ["#1c7fb0", "#59b5d6", "#d9f1f6"], _waves),
    "sunset_triangles": ("#2c1b4b", ["#f2545b", "#f58a4b", "#f9c35b", "#a83f7f", "#5a2a72"], _triangles),
    "tartan_moss": ("#33513c", ["#6a8f4e", "#e3d26f", "#8c2f39"], _tartan),
    "terrazzo_cream": ("#f3ebdf", ["#c9785f", "#7d8f83", "#dfb25f", "#485a6b", "#b9a796"], _terrazzo),
    "walnut_rings": ("#6b4527", ["#7c5230", "#62401f", "#8a5d38"], _rings),
}


def _svg(name: str) -> str:
    ground, colors, draw = TEXTURES[name]
    shapes = "\n".join(draw(colors, random.Random(name)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{TILE}" height="{TILE}" viewBox="0 0 {TILE} {TILE}">\n'
        f"<title>{name.replace('_', ' ')}</title>\n{_rect(0, 0, TILE, TILE, ground)}\n{shapes}\n</svg>\n"
    )


#: Name, base colour, metallic, roughness, texture.
MATERIALS: list[tuple[str, str, float, float, str | None]] = [
    ("antique_brass", "#b08a3e", 1.0, 0.38, None),
    ("brushed_steel", "#b9bec6", 1.0, 0.42, None),
    ("candle_wax", "#f3e6c8", 0.0, 0.55, None),
    ("carrara_floor", "#f2f1ee", 0.0, 0.18, "marble_carrara.svg"),
    ("cobalt_glaze", "#1f3f9f", 0.0, 0.08, None),
    ("copper_old", "#5f9e86", 0.6, 0.7, None),
    ("copper_polished", "#d9825b", 1.0, 0.15, None),
    ("honeycomb", "#f2b632", 0.0, 0.4, "hex_honey.svg"),
    ("indigo_velvet", "#39307a", 0.0, 0.95, None),
    ("jade", "#3f9a73", 0.0, 0.22, None),
    ("matte_rubber", "#33363c", 0.0, 0.9, None),
    ("oak_parquet", "#b98650", 0.0, 0.5, "oak_herringbone.svg"),
    ("old_brick_wall", "#a8452f", 0.0, 0.85, "brick_red.svg"),
    ("pearl", "#efe7ea", 0.3, 0.2, None),
    ("pool_tiles", "#2a9aa0", 0.0, 0.12, "hex_teal.svg"),
    ("ruby_lacquer", "#b3132b", 0.0, 0.06, None),
    ("terrazzo_counter", "#f3ebdf", 0.0, 0.3, "terrazzo_cream.svg"),
    ("walnut_oiled", "#6b4527", 0.0, 0.45, "walnut_rings.svg"),
]


def _material(color: str, metallic: float, roughness: float, texture: str | None) -> str:
    values = {"base_color": color, "metallic": metallic, "roughness": roughness, "texture": texture}
    return json.dumps(values, indent=2) + "\n"


NOTES = {
    "colour_script": "# Colour script\n\nMorning: cream and slate. Noon: teal, hard shadows.\nDusk: the sunset "
    "triangles on the pavilion, everything else calm.\n",
    "delivery_checklist": "# Before delivery\n\n- every mesh closed, normals outward\n- no material without a "
    "roughness\n- textures tile on both axes\n- names in snake_case\n",
    "floor_plan": "# Floor plan\n\nHall with carrara_floor, kitchen with terrazzo_counter,\nstudy with oak_parquet. "
    "The arch stands between hall and garden.\n",
    "lighting": "# Lighting\n\nOne key from the upper left, soft. The rim is cool.\nMetals want something to "
    "reflect: keep the night stars behind the camera.\n",
    "naming": "# Names\n\nThing first, then what sets it apart: brick_red, brick_london.\nNo spaces, no versions; "
    "versions are for the repository.\n",
    "open_questions": "# Open questions\n\n- is the terrain too coarse for close shots?\n- one gear or three?\n"
    "- does the goblet need a chip?\n",
    "shot_list": "# Shots\n\n1. The hall, wide, morning.\n2. The goblet on the counter, close.\n3. Gears, macro.\n"
    "4. The pavilion at dusk.\n",
    "texture_budget": "# Texture budget\n\n256 units a tile, vector, below 32 kB each.\nMore detail comes from "
    "roughness, not from pixels.\n",
    "tiling": "# Tiling\n\nPatterns that cross the border must come back on the other side.\nLook at three by three "
    "tiles before you call one done.\n",
    "units": "# Units\n\nOne unit is ten centimetres. Y is up. The origin is where a thing stands.\n",
}
