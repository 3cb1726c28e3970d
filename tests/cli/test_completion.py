"""Completion, typed in each shell that is installed, by the line of docs/command-line.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")

# What is typed in each shell after the documented line, and prints what completion offers for `cnncost WORDS`.
SHELLS = {
    "bash": "COMP_WORDS=(cnncost {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _cnncost_completion cnncost; "
    'printf "%s\\n" "${{COMPREPLY[@]}}"',
    "zsh": "words=(cnncost {words}); CURRENT=$#words; compadd() {{ print -l -- $completions }}; "
    "_describe() {{ print -l -- ${{completions_with_descriptions%%:*}} }}; _cnncost_completion",
    "fish": "complete -C 'cnncost {words}' | string split --fields 1 \\t",
}
OFFERED = {
    "table resnet1": ["resnet18", "resnet101", "resnet152"],
    "table --convention fv": ["fvcore", "fvcore_train"],
    "table --columns params,mac": ["params,macs"],
    "expl": ["explain"],
}


def line(shell: str) -> str:
    found = re.search(rf"^# {shell}\n(.*_CNNCOST_COMPLETE={shell}_source.*)$", PAGE, flags=re.MULTILINE)
    assert found, f"docs/command-line.md has no line for {shell}"
    return found[1]


@pytest.mark.parametrize("words", OFFERED)
@pytest.mark.parametrize("shell", SHELLS)
def test_completion(shell: str, words: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    typed = SHELLS[shell].format(words=words)
    before = "autoload -U compinit; compinit -u -D; " if shell == "zsh" else ""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [shell, "-c", f"{before}{line(shell)}\n{typed}"], env=env, cwd=tmp_path, capture_output=True, text=True
    )
    assert set(OFFERED[words]) <= set(done.stdout.split()), done
    assert done.stderr == ""
