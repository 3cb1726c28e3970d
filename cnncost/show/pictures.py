"""Pictures in files: SVG as it is, PNG and PDF by vl-convert, the extra `cnncost[plot]`."""

from __future__ import annotations

from cnncost.base.errors import UsageError

SUFFIXES = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
SCALE = 2.0  # pixels of a PNG per pixel of the drawing


def checked_suffix(path: str | None, *suffixes: str) -> None:
    """Raise UsageError for a file with another suffix; no file, or "-", is the standard output."""
    from cnncost.show.render import format_of

    if path is not None and path != "-":
        format_of(path, dict.fromkeys(suffixes, ""))


def picture_format(path: str | None) -> str:
    """Return the format of a picture by its file's suffix, SVG without one.

    Raises UsageError where the suffix names none, and where the program that writes it is not installed.
    """
    from cnncost.show.render import format_of

    chosen = "svg" if path is None or path == "-" else format_of(path, SUFFIXES)
    if chosen != "svg":
        converter(f"a {chosen.upper()} file")
    return chosen


def converter(what: str):  # type: ignore[no-untyped-def]  # a module that may not be there
    """Return the module vl_convert. Raises UsageError where it is not installed."""
    try:
        import vl_convert
    except ImportError:
        raise UsageError(f"{what} needs vl-convert", 'install it: pip install "cnncost[plot]"; or write .svg') from None
    return vl_convert


def convert(svg: str, format: str) -> bytes:
    """Return an SVG in another format. Raises UsageError where nothing comes of it: never an empty file."""
    if format == "svg":
        return svg.encode("utf-8")
    vl = converter(f"a {format.upper()} file")
    made: bytes = vl.svg_to_png(svg, scale=SCALE) if format == "png" else vl.svg_to_pdf(svg)
    if len(made) < 500:
        raise UsageError(f"the {format.upper()} came out empty", "write .svg and convert it with another program")
    return made
