"""cnncost formula."""

from __future__ import annotations

from typing import Any

import click

from cnncost.cli.options import Name, check_output, complete_model, complete_unknown, model_options, output_options, show


@click.command("formula")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--let",
    multiple=True,
    metavar="NAME[=EXPRESSION]",
    shell_complete=complete_unknown,
    help="Make a symbol of a setting or of H, W, size or batch, or put an expression in its place: width, H=32*h.",
)
@click.option("--depth", type=click.IntRange(0), metavar="N", help="A row per group: 0 totals, 1 stages, 2 blocks, 9 layers.")
@click.option(
    "--as",
    "style",
    type=Name("style", lambda: ("text", "latex", "python")),
    metavar="STYLE",
    help="How formulas are written: text, latex or python.  [default: what fits the format]",
)
@model_options
@output_options
def command(
    model: str,
    let: tuple[str, ...],
    depth: int | None,
    style: str | None,
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """What MODEL costs, in symbols: parameters, FLOPs, MACs and memory as exact polynomials.

    \b
    cnncost formula bottleneck
    cnncost formula resnext_block --let H=32*h --let W=32*w --as latex
    cnncost formula resnet50 --let width --depth 1
    cnncost formula nets:block --input C,H,W
    """
    from cnncost.base.notation import STYLES
    from cnncost.cli.options import case_of, format_for
    from cnncost.models.reference import letters_of
    from cnncost.questions.formula import formula
    from cnncost.show.tables.formula import formula_table

    check_output(format, path)
    input, letters = letters_of(options.pop("input"))
    loaded, sizes, counting = case_of(model, input, **options)
    found = formula(loaded, (*let, *letters), sizes=sizes, **counting)
    into = format_for(format, path)
    chosen = style or ("latex" if into == "latex" else "python" if into in ("csv", "tsv", "parquet", "npz") else "text")
    show(formula_table(found, depth, STYLES[chosen]), format, path)
