"""Completion in fish: click's own script splits a word such as `name,params` at its comma."""

from __future__ import annotations

from click.shell_completion import FishComplete, add_completion_class


@add_completion_class
class Fish(FishComplete):
    """The script for fish, which splits type and word at the first comma only."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')
