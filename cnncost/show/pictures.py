"""Pictures in files: SVG as it is, PNG and PDF by vl-convert, the extra `cnncost[plot]`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from importlib import import_module
from typing import Any

from cnncost.base.errors import UsageError
from cnncost.base.figures import FIGURES
from cnncost.base.figures import figure as named
from cnncost.base.files import unwritable
from cnncost.base.plain import scalar
from cnncost.base.record import dataclass
from cnncost.measures.report import Report

SUFFIXES = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
VEGALITE = "6.1"  # the version of Vega-Lite that plots are drawn with
SCALE = 2.0  # pixels of a PNG per pixel of the drawing


def checked_suffix(path: str | None, *suffixes: str) -> None:
    """Raise UsageError for a file with another suffix; no file, or "-", is the standard output."""
    from cnncost.show.render import format_of

    if path is not None and path != "-":
        format_of(path, dict.fromkeys(suffixes, ""))


def share_key(name: str) -> str:
    """Return the key of a figure of which layers have shares. Raises UsageError where there are none."""
    found = named(name)
    if found.group != "sum":
        summed = ", ".join(each.name for each in FIGURES.values() if each.group == "sum")
        raise UsageError(f"{found.name} is no sum over layers, of which each had a share", f"figures: {summed}")
    return found.key


def picture_format(path: str | None) -> str:
    """Return the format of a picture by its file's suffix, SVG without one.

    Raises UsageError where the suffix names none, and where the program that writes it is not installed.
    """
    from cnncost.show.render import format_of

    chosen = "svg" if path is None or path == "-" else format_of(path, SUFFIXES)
    if chosen != "svg":
        converter(f"a {chosen.upper()} file")
    return chosen


FRAME = "width: 100%; height: 800px; border: 0"  # of a page in a notebook
PLOTS = {**SUFFIXES, ".html": "html", ".json": "json"}


def plot_format(path: str | None) -> str:
    """Return the format of a plot by its file's suffix, Vega-Lite's JSON without one; as `picture_format`."""
    from cnncost.show.render import format_of

    chosen = "json" if path is None or path == "-" else format_of(path, PLOTS)
    if chosen in SUFFIXES.values():
        converter(f"a plot as {chosen.upper()}", "or write .html or .vl.json, which need nothing")
    return chosen


def drawn(figure: Mapping[str, Any], format: str) -> bytes:
    """Return a plot, a Vega-Lite object, in a format. Raises UsageError where nothing comes of it: never an empty file.

    vl-convert prints what goes wrong in a plot and returns a picture without a mark: such pictures are refused.
    """
    from json import dumps

    if format == "json":
        return (dumps(figure, ensure_ascii=False, indent=1, default=scalar) + "\n").encode("utf-8")
    vl = converter(f"a plot as {format.upper()}", "or write .html or .vl.json, which need nothing")
    try:
        made: str = vl.vegalite_to_svg(dict(figure), vl_version=VEGALITE)
    except ValueError as error:
        raise UsageError(f"vl-convert could not draw the plot: {str(error)[:200]}", "please report it") from None
    if not re.search(r'role="graphics-symbol" aria-roledescription="(?:bar|\w+ mark)"', made):
        raise UsageError("the plot has no mark", "please report it, with the .vl.json of the same plot")
    return convert(made, format)


def converter(what: str, otherwise: str = "or write .svg") -> Any:
    """Return the module vl_convert. Raises UsageError where it is not installed."""
    try:
        return import_module("vl_convert")
    except ImportError:
        raise UsageError(f"{what} needs vl-convert", f'install it: pip install "cnncost[plot]"; {otherwise}') from None


def convert(svg: str, format: str) -> bytes:
    """Return an SVG in another format. Raises UsageError where nothing comes of it: never an empty file."""
    if format == "svg":
        return svg.encode("utf-8")
    vl = converter(f"a {format.upper()} file")
    made: bytes = vl.svg_to_png(svg, scale=SCALE) if format == "png" else vl.svg_to_pdf(svg)
    if len(made) < 500:
        raise UsageError(f"the {format.upper()} is empty", "write .svg and convert it with another program")
    return made


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing or a plot: notebooks show it, and `save` writes it.

    `svg` is the picture of a drawing; `figure` the Vega-Lite object of a plot, whose SVG vl-convert makes.
    """

    title: str
    svg: str = ""
    figure: Mapping[str, Any] | None = None

    def save(self, path: str) -> None:
        """Write the picture to a file: .svg, .png, .pdf; a plot to .vl.json, too. Raises UsageError for another suffix."""
        drawing = self.figure is None
        made = convert(self.svg, picture_format(path)) if drawing else drawn(self.figure or {}, plot_format(path))
        _write(path, made)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return what notebooks show: SVG; of a plot Vega-Lite, and SVG where vl-convert is installed."""
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if self.figure is None:
            return {**bundle, "image/svg+xml": self.svg}
        for version in ("v5", "v6"):
            bundle[f"application/vnd.vegalite.{version}+json"] = dict(self.figure)
        with suppress(UsageError):
            bundle["image/svg+xml"] = drawn(self.figure, "svg").decode("utf-8")
        return bundle

    def __repr__(self) -> str:
        return f"<{'Drawing' if self.figure is None else 'Plot'} {self.title}>"


@dataclass(frozen=True, repr=False)
class Page:
    """A page about networks, in one HTML file that needs no network: notebooks show it, and `save` writes it."""

    title: str
    html: str

    def save(self, path: str) -> None:
        """Write the page to FILE.html. Raises UsageError for another suffix, and where it cannot be written."""
        checked_suffix(path, ".html", ".htm")
        _write(path, self.html.encode("utf-8"))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the page in a frame of its own, which can reach nothing of the notebook."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.html)}" width="100%" height="800" frameborder="0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Page {self.title}, {len(self.html) // 1000} kB>"


def draw(report: Report, **options: Any) -> Picture:
    """Return the drawing of a report's network; options as those of `cnncost.show.drawing.drawing`."""
    from cnncost.show.drawing import drawing

    key = share_key(options.pop("figure", "flops"))
    return Picture(report.model, svg=drawing(report, figure=key, **options))


def plot(kind: str, *reports: Report, labels: Sequence[str] | None = None, **asked: Any) -> Picture:
    """Return a plot of reports; `kind` and `asked` as those of `cnncost.show.plots.figure`."""
    from cnncost.show.plots import figure

    if "figure" in asked:
        asked["figure"] = share_key(asked["figure"])
    names = ", ".join(labels or [report.model for report in reports])
    return Picture(f"{kind} of {names}", figure=figure(kind, reports, labels, **asked))


def page_of(*reports: Report, labels: Sequence[str] | None = None, **options: Any) -> Page:
    """Return the page of 1 to 6 reports; options as those of `cnncost.show.page.data.page_data`."""
    from cnncost.show.page import page
    from cnncost.show.page.data import page_data

    data = page_data(reports, labels, **options)
    return Page(data["title"], page(data))


def _write(path: str, made: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(made)
    except OSError as error:
        raise unwritable(path, error) from None
