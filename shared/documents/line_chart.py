"""A line chart as plain SVG, and as a table where none can be drawn.

Invariant: it says in words what it shows, and each line differs by its dashes too, not by its colour alone.
"""

from collections.abc import Iterator

from markupsafe import Markup

from shared.documents.blocks import LineChart, TableBlock, row

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LEGEND = 660, 220, 64, 8, 22, 18
FONT = 12
INKS = (
    ("#2f6690", ""),
    ("#b35900", "6 3"),
    ("#3b7a3b", "2 3"),
    ("#7a3b7a", "8 3 2 3"),
    ("#8a6d00", "12 4"),
    ("#555555", "4 2"),
)
"""Colour and dashes of each line."""


def line_chart(chart: LineChart) -> Markup:
    values = [value for _, line in chart.lines for value in line if value is not None]
    if not values:
        return Markup("")
    least, most = min(values), max(values)
    scale = _Scale(len(chart.at), min(least, 0) if least < 0 or least < most / 2 else least, most)
    parts: list[Markup] = [*_axis(chart, scale)]
    for number, ((name, line), (ink, dashes)) in enumerate(zip(chart.lines, INKS, strict=False)):
        parts.append(_line(line, scale, ink, dashes))
        y = HEIGHT + LEGEND * number + 14
        stroke = Markup(
            '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="2" stroke-dasharray="{}"/>'
        )
        parts.append(stroke.format(LEFT, y - 4, LEFT + 32, y - 4, ink, dashes))
        parts.append(_text(LEFT + 40, y, name))
    height = HEIGHT + LEGEND * min(len(chart.lines), len(INKS)) + 6
    return Markup(
        '<figure><figcaption>{0}</figcaption><svg viewBox="0 0 {1} {2}" role="img" aria-label="{0}">{3}</svg></figure>'
    ).format(chart.title, WIDTH, height, Markup("").join(parts))


class _Scale:
    def __init__(self, count: int, least: float, most: float) -> None:
        self._count, self.least, self.most = count, least, most if most > least else least + 1

    def x(self, at: int) -> float:
        return round(LEFT + (WIDTH - LEFT - 12) * at / max(self._count - 1, 1), 1)

    def y(self, value: float) -> float:
        height = HEIGHT - TOP - BOTTOM
        return round(TOP + height * (1 - (value - self.least) / (self.most - self.least)), 1)


def _axis(chart: LineChart, scale: _Scale) -> Iterator[Markup]:
    line = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#c9c9c9"/>')
    for value in (scale.least, (scale.least + scale.most) / 2, scale.most):
        yield line.format(LEFT, scale.y(value), WIDTH - 12, scale.y(value))
        yield _text(LEFT - 6, scale.y(value) + 4, f"{value:,.6g}", "end")
    last = len(chart.at) - 1
    for at in dict.fromkeys((0, last // 2, last)):
        yield _text(
            scale.x(at), HEIGHT - 4, chart.at[at], "end" if at == last else "middle" if at else "start"
        )


def _line(values: tuple[float | None, ...], scale: _Scale, ink: str, dashes: str) -> Markup:
    """A day without a value breaks no line: it goes on at the next."""
    points = [(scale.x(at), scale.y(value)) for at, value in enumerate(values) if value is not None]
    line = Markup(
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="2" stroke-dasharray="{}"/>'
    ).format(" ".join(f"{x},{y}" for x, y in points), ink, dashes)
    dots = (Markup('<circle cx="{}" cy="{}" r="2.5" fill="{}"/>').format(x, y, ink) for x, y in points)
    return line + Markup("").join(dots)


def _text(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="currentColor">{}</text>').format(
        x, y, FONT, anchor, text
    )


def as_table(chart: LineChart) -> TableBlock:
    rows = [
        row(name, *("" if value is None else f"{value:,.6g}" for value in line)) for name, line in chart.lines
    ]
    return TableBlock(("", *chart.at), tuple(rows), chart.title)
