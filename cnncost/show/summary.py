"""What GitHub shows for a job that checks budgets: one page in Markdown."""

from __future__ import annotations

from cnncost.base import text
from cnncost.questions.check.budget import Check
from cnncost.questions.diff import difference
from cnncost.show.graphs import mermaid
from cnncost.show.render import render
from cnncost.show.table import Table
from cnncost.show.tables.diff import difference_table

DRAWN = 6  # models that a summary draws


def summary(check: Check, table: Table) -> str:
    """What GitHub shows for a job, in Markdown: the verdicts, what changed stage by stage, and the models, folded."""
    parts = ["### cnncost", render(table, "markdown")]
    for each in check.compared:
        if each.differ:
            stages = difference_table(difference(each.old, each.new), depth=1)
            parts += [f"### What changed: {text.markdown(each.name)}", render(stages, "markdown")]
    for name, report in [*check.reports.items()][:DRAWN]:
        drawing = f"```mermaid\n{mermaid(report, depth=1).strip()}\n```"
        parts += [f"<details><summary>{text.html(name)}</summary>", drawing, "</details>"]
    return "\n\n".join(parts) + "\n"
