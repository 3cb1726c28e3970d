"""Formats of `cnncost check` for machines that build: annotations of GitHub, a report of GitLab, JUnit.

Each is a function of the table of verdicts and reads its plain data (schema cnncost.check/1).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cnncost.base import text as outside
from cnncost.base.text import line, xml
from cnncost.show.render.text import plain
from cnncost.show.table import Table

Result = Mapping[str, Any]


def github(table: Table) -> str:
    """The table, and a workflow command per limit that is not kept: GitHub shows it beside the line where it is written.

    Source: docs.github.com, workflow commands for GitHub Actions, "Setting an error message".
    """
    return "\n".join([plain(table.seen()), *map(_command, _told(table))])


def workflow_command(
    level: str, message: str, title: str, file: str | None = None, line: int | None = None, column: int | None = None
) -> str:
    """Return the line on the standard output by which GitHub annotates a file."""
    properties = {"file": _relative(file) if file else None, "line": line, "col": column, "title": title}
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None)
    return f"::{level} {given}::{_data(message)}"


def gitlab(table: Table) -> str:
    """A Code Quality report: a JSON list with an entry per limit that is not kept.

    Source: docs.gitlab.com, Code Quality, "Code Quality report format".
    """
    from hashlib import sha256
    from json import dumps

    text = dumps(
        [
            {
                "description": _text(result),
                "check_name": f"cnncost-{result['quantity']}",
                "fingerprint": sha256(_identity(result)).hexdigest(),
                "severity": "minor" if result["ok"] else "major",
                # a limit of the command line stands in the pipeline's own file
                "location": {"path": _relative(file or ".gitlab-ci.yml"), "lines": {"begin": line or 1}},
            }
            for result in _told(table)
            for file, line, _ in (_annotated(result),)
        ],
        indent=2,
        ensure_ascii=False,
    )
    return outside.json(text)


def junit(table: Table) -> str:
    """A JUnit report: a suite per model, a test case per limit.

    Source: github.com/testmoapp/junitxml, the format as common tools write and read it.
    """
    results: list[Result] = list(_results(table))
    suites: dict[str, list[Result]] = {}
    for result in results:
        suites.setdefault(result["model"], []).append(result)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_tally(results)}>"]
    for model, cases in suites.items():
        lines.append(f"  <testsuite{_attributes(name=model)}{_tally(cases)}>")
        for case in cases:
            place = _attributes(file=case["file"], line=case["line"]) if case["file"] else ""
            head = f"    <testcase{_attributes(classname=model, name=_name(case))}{place}"
            if case["ok"] and case["state"] == "unchecked":
                lines += [f"{head}>", f"      <skipped{_attributes(message=case['text'])} />", "    </testcase>"]
            elif case["ok"]:
                note = f">\n      <system-out>{xml(_text(case))}</system-out>\n    </testcase>" if _is_told(case) else " />"
                lines.append(head + note)
            else:
                body = xml("\n".join([case["text"], *case["details"]]))
                message = _attributes(message=case["text"], type="unchecked" if case["state"] == "unchecked" else "budget")
                lines += [f"{head}>", f"      <failure{message}>{body}</failure>", "    </testcase>"]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"])


FORMATS: dict[str, Callable[[Table], str]] = {"github": github, "gitlab": gitlab, "junit": junit}


def _results(table: Table) -> Iterable[Result]:
    results: Iterable[Result] = (table.data or {}).get("results", ())
    return results


def _told(table: Table) -> list[Result]:
    return [result for result in _results(table) if _is_told(result)]


def _is_told(result: Result) -> bool:
    return bool(result["state"] != "ok")


def _name(result: Result) -> str:
    return str(result["quantity"]) if result["kind"] == "max" else f"{result['quantity']} {result['kind']}"


def _identity(result: Result) -> bytes:
    return "\0".join([result["model"], result["quantity"], result["kind"]]).encode("utf-8", "backslashreplace")


def _text(result: Result) -> str:
    return "\n".join([f"{result['model']}: {result['text']}", *result["details"]])


def _relative(path: str) -> str:
    """Return a path as it is called in the repository, where the builder says where that is."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    whole = os.path.realpath(path)
    if root and whole.startswith(os.path.realpath(root) + os.sep):
        path = os.path.relpath(whole, os.path.realpath(root))
    return os.path.normpath(path).replace(os.sep, "/")


TITLES = {"over": "over budget", "warn": "near budget", "unchecked": "not checked"}


def _command(result: Result) -> str:
    level = "warning" if result["ok"] else "error"
    title = f"cnncost: {result['quantity']} {TITLES[result['state']]}"
    file, line, column = _annotated(result)
    return workflow_command(level, _text(result), title, file, line, column)


def _annotated(result: Result) -> tuple[str | None, int | None, int | None]:
    """Return the place that a reviewer looks at: the layer in the model's own file, else where the limit is written."""
    place = result["at"] or result
    return place["file"], place["line"], place["column"]


def _data(text: str) -> str:
    text = "\n".join(map(line, text.split("\n"))).replace("##[", r"##\[")
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _tally(results: Sequence[Result]) -> str:
    states = [result["ok"] for result in results]
    skipped = sum(result["ok"] and result["state"] == "unchecked" for result in results)
    return _attributes(tests=len(states), failures=states.count(False), errors=0, skipped=skipped or None)


def _attributes(**values: Any) -> str:
    return "".join(f' {name}="{xml(str(value))}"' for name, value in values.items() if value is not None)
