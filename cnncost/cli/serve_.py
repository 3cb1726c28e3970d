"""cnncost serve."""

from __future__ import annotations

from contextlib import suppress

import click

from cnncost.base import usual
from cnncost.cli.options import CONVENTION, Name, chosen_device, complete_model, device_options
from cnncost.cli.options import _dtypes as dtypes


@click.command("serve")
@click.argument("model", default="resnet18", shell_complete=complete_model)
@click.option("--port", type=click.IntRange(0, 65535), default=8750, show_default=True, metavar="N", help="0 takes any.")
@click.option("--open", "browse", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--convention", type=CONVENTION, default=usual.CONVENTION, show_default=True, metavar="NAME", help="How to count."
)
@click.option(
    "--dtype", type=Name("dtype", dtypes), default=usual.DTYPE, show_default=True, metavar="DTYPE", help="As in table."
)
@click.option("--batch", metavar="N", default="1", show_default=True, help="Batch size: examples at once.")
@device_options
def command(
    model: str,
    port: int,
    browse: bool,
    convention: str,
    dtype: str,
    batch: str,
    device: str | None,
    peak: str | None,
    bandwidth: str | None,
) -> None:
    """A live page on this machine: a spec to edit, and its report beside it. Ctrl-C ends it.

    MODEL, a name or a spec, is what the page opens with.

    \b
    cnncost serve
    cnncost serve net.yaml --open
    """
    from cnncost.base.units import whole_number
    from cnncost.show.page.live import Counting, opening
    from cnncost.show.page.server import Server

    how = Counting(convention, dtype, whole_number(batch, "--batch"), chosen_device(device, peak, bandwidth))
    first = opening(model, how)
    with Server(port, how, first) as server, suppress(KeyboardInterrupt):  # Ctrl-C is how it ends
        click.echo(f"{model} at {server.url} (Ctrl-C ends it)")
        if browse:
            import webbrowser

            webbrowser.open(server.url)
        server.serve_forever(poll_interval=0.2)
