"""cnncost solve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from cnncost.cli.options import (
    Name,
    case_of,
    check_output,
    complete_model,
    complete_unknown,
    model_options,
    output_options,
    show,
    training_options,
    unit_option,
)


def _quantities() -> Iterable[str]:
    from cnncost.questions.solve.target import QUANTITIES

    return QUANTITIES


@click.command("solve")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--for",
    "unknown",
    required=True,
    metavar="NAME",
    shell_complete=complete_unknown,
    help="What to solve for: a setting, an entry of one (depths.2), size, H, W or batch.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="FIGURE=AMOUNT",
    help="flops=4.1G, or a limit: params<=26M, memory<=20MB. Several limits hold together.",
)
@click.option("--equals", metavar="MODEL", shell_complete=complete_model, help="Cost as much as this model.")
@click.option(
    "--by",
    "quantity",
    type=Name("figure", _quantities),
    default="flops",
    show_default=True,
    metavar="FIGURE",
    help="Which figure of --equals: flops, macs, params, memory, …",
)
@click.option("--nearest", "side", flag_value="nearest", default="nearest", help="The value that comes nearest.  [default]")
@click.option("--below", "side", flag_value="below", help="The nearest that costs no more.")
@click.option("--above", "side", flag_value="above", help="The nearest that costs no less.")
@click.option("--among", metavar="A,B,…", help="The values to choose from.")
@click.option("--step", metavar="N", help="Only multiples of N.")
@click.option(
    "--over",
    multiple=True,
    metavar="NAME=VALUES",
    help="Solve at each of several values of another setting, as in a sweep: G=1,2,4,8.",
)
@training_options
@model_options
@unit_option
@output_options
def command(
    model: str,
    unknown: str,
    targets: tuple[str, ...],
    equals: str | None,
    quantity: str,
    side: str,
    among: str | None,
    step: str | None,
    over: tuple[str, ...],
    settings: tuple[str, ...],
    format: str | None,
    path: str | None,
    exact: bool,
    **options: Any,
) -> None:
    """Find the setting at which MODEL meets a target.

    \b
    cnncost solve resnext_block --for c --equals bottleneck --set C=64 --set G=32
    cnncost solve resnext_block --for c --equals bottleneck --over G=1,2,4,8,16,32
    cnncost solve resnet50 --for width --target flops=2G
    cnncost solve resnet50 --for size --target "flops<=4G" --target "memory<=60MB"
    """
    check_output(format, path)
    loaded, sizes, counting = case_of(model, settings=(), **options)
    choices = among.split(",") if among else ()
    asked: dict[str, Any] = {"equals": equals, "quantity": quantity, "side": side, "among": choices, "step": step}
    asked |= {"settings": settings, "sizes": sizes, **counting}
    if over:
        from cnncost.questions.solve.over import solve_over

        found: Any = solve_over(loaded, unknown, targets, over, **asked)
    else:
        from cnncost.questions.solve.solve import solve

        found = solve(loaded, unknown, targets, **asked)
    show(found.table(exact=exact), format, path)
