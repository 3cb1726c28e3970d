"""Broken specs by the thousand: mutated and generated YAML. Anything but a model or a clear refusal is a defect.

python tests/tools/fuzz_spec.py [CASES [SEED]]
"""

from __future__ import annotations

import random
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from cnncost.base.errors import CnncostError
from cnncost.models.spec import read
from cnncost.models.spec.signatures import ANY, Argument, arguments
from cnncost.rules import RULES

ROOT = Path(__file__).parents[2]
SEEDS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "specs").glob("*.yaml"))]
SEEDS += [
    path.read_text(encoding="utf-8", errors="replace") for path in sorted(ROOT.glob("tests/models/spec/specs_invalid/*.yaml"))
]
SEEDS = [text for text in SEEDS if text]
USUAL = ["conv", "batch_norm", "relu", "max_pool", "add", "concat", "identity", "blk", "other"] * 4
SECONDS = 5  # that a case may take

PIECES = re.findall(
    r"[^ \n]+",
    """: , - [ ] { } # & * ! | > ' " % @ ` ? << ~ null true false yes no on off 0 1 -1 0.5 1e3 1e999 010 0x1f .5 5. 1_000
    12:30:45 2024-01-01 &a *a !!str !!python/object/apply:os.system --- ... %YAML repeat first from id runs shares note project
    identity in i input 2**64 10**30 9**9**9 1/0 (( )) max(1,2) min( divisible(in,8) round(3/2) in//0 -in in*in*in a.b a[0]
    lambda import __class__ {{ }} ${x} none same batch_norm relu conv linear add concat mul max_pool out kernel stride
    pad groups dilation bias norm act layers blocks params let defaults require expect budget model cnncost name about
    25M 4.5G 40MiB 1% resnet50 os:system - ../x.yaml é 漢 \u2028 \x85 \ufeff""",
)


def mutated(random: random.Random) -> str:
    """Return a spec with a few things wrong."""
    text = random.choice(SEEDS)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(text) + 1)
        kind = random.randrange(9)
        if kind == 0:
            text = text[:place] + text[place + random.randint(1, 12) :]
        elif kind == 1:
            text = text[:place] + random.choice(PIECES) + text[place:]
        elif kind == 2:
            text = (
                text[:place]
                + chr(random.choice([9, 10, 13, 32, 34, 0, 7, 127, 0x85, 0x2028, 0x1F600, random.randrange(33, 127)]))
                + text[place:]
            )
        elif kind == 3:
            lines = text.split("\n")
            a, b = random.randrange(len(lines)), random.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
            text = "\n".join(lines)
        elif kind == 4:
            lines = text.split("\n")
            a = random.randrange(len(lines))
            lines[a] = random.choice(["  " + lines[a], lines[a].removeprefix("  "), "", lines[a] + "\n" + lines[a]])
            text = "\n".join(lines)
        elif kind == 5:
            end = min(len(text), place + random.randint(1, 60))
            other = random.choice(SEEDS)
            start = random.randrange(len(other))
            text = text[:place] + other[start : start + random.randint(1, 60)] + text[end:]
        elif kind == 6:
            digits = [i for i, c in enumerate(text) if c.isdigit()]
            if digits:
                i = random.choice(digits)
                text = (
                    text[:i]
                    + random.choice(["0", "-1", "1e9", "10**12", "999999999999999999999", "0.5", "x", "1/3"])
                    + text[i + 1 :]
                )
        elif kind == 7:
            words = text.split(" ")
            a, b = random.randrange(len(words)), random.randrange(len(words))
            words[a] = words[b]
            text = " ".join(words)
        else:
            text = text[:place]
    return text


def generated(random: random.Random) -> str:
    """Return a spec of random layers, many of which do not fit."""
    wild = random.choice([0.01, 0.05, 0.4])  # how often what is written means nothing

    def expression(depth: int = 0) -> str:
        pick = random.randrange(10)
        if depth > 3 or pick < 4:
            odd = [0, 1000, 10**9, 0.5, "i", "b", "zz", "true", "none", "in"]
            return str(random.choice(odd if random.random() < wild else [1, 2, 3, 4, 5, 8, 16, "w", "h"]))
        if pick < 8:
            operator = random.choice(["+", "*", "//", *(["-", "/", "%", "**", "<", "=="] if random.random() < wild else [])])
            return f"{expression(depth + 1)} {operator} {expression(depth + 1)}"
        if pick == 8:
            return f"({expression(depth + 1)})"
        function = random.choice(["round", "ceil", "floor", "divisible", "abs" if random.random() < wild else "round"])
        return f"{function}({expression(depth + 1)})"

    def value(argument: Argument = ANY) -> str:
        if random.random() >= wild and (argument.words or argument.boolean) and not argument.number:
            return str(random.choice([word for word in argument.words if word is not True] or ["true", "false"]))
        if random.random() >= wild:
            return random.choice(["1", "2", "3", "4", "8", "w", f'"{expression()}"'])
        return random.choice([f'["{expression()}", "{expression()}"]', "same", "{}", "", "true", "caffe"])

    def layer(depth: int, inside: str = "") -> str:
        kind = random.choice([*RULES, *USUAL, *(["project", "e0"] if random.random() < wild else [])])
        more = "".join(
            f", {key}: {text}"
            for key, text in (
                ("id", f"e{random.randrange(3)}"),
                ("from", random.choice(["e0", "e1", "[e0, e1]", "input", "identity"])),
                ("repeat", value()),
                ("first", f"{{stride: {value()}}}"),
                ("runs", value()),
                ("shares", "e0"),
                ("note", "x"),
            )
            if random.random() < wild / 4
        )
        if kind in ("add", "mul", "concat"):
            return f"{{{kind}: [{', '.join(branch(depth + 1) for _ in range(random.randint(1, 3)))}]{more}}}"
        kind = "relu" if inside and kind == inside and random.random() >= wild else kind
        takes = arguments(kind) if kind in RULES else {"p": ANY, "q": ANY} if kind == "blk" else {}
        wanted = [name for name in takes if random.random() < 0.3 or takes[name].required or name == "p"]
        args = ", ".join(f"{name}: {value(takes[name])}" for name in wanted)
        return f"{{{kind}: {{{args}}}{more}}}"

    def layers(depth: int, inside: str = "") -> str:
        return f"[{', '.join(layer(depth, inside) for _ in range(random.randint(1, 3)))}]" if depth < 4 else "[relu]"

    def branch(depth: int) -> str:
        odd = ["project", "e0", "relu", "{project: {norm: batch_norm}}"]
        return random.choice(odd if random.random() < wild else ["identity", layers(depth)])

    declared = random.choice(["true", "{default: 2, choices: [1, 2]}", "{default: 3, range: [1, 9]}"])
    return f"""cnncost: 1
input: [{random.choice([1, 3, 64])}, "{random.choice(["h", "32", "7"])}", 32]
params: {{w: {random.choice([1, 8, 64])}, h: 32, b: {declared}}}
let: {{l: "{expression()}"}}
defaults: {{conv: {{kernel: 3, pad: same, norm: {random.choice(["batch_norm", "none", "group_norm"])}}}}}
blocks: {{blk: {{params: {{p, q: {value() or 1}}}, layers: {layers(3, "blk")}}}, other: {{layers: [relu, relu6]}}}}
layers: {random.choice([layers(0), f"{{a: {layers(0)}, b: {layers(0)}}}"])}
require: ["{expression()} {random.choice(["<", ">=", ""])} {random.choice(["10**9", "0"])}"]
"""


def cases(count: int, seed: int) -> Iterator[tuple[int, str]]:
    """Iterate over numbered specs, each of which can be had again by its number."""
    for number in range(count):
        chance = random.Random(seed * 1_000_003 + number)
        yield number, generated(chance) if number % 3 == 0 else mutated(chance)


class Hang(BaseException):
    """A case that takes too long."""


def check(text: str) -> str | None:
    """Return what is wrong with how a spec is taken, None where it is read or refused as it should."""

    def ring(*_: object) -> None:
        raise Hang

    alarmed = hasattr(signal, "setitimer")
    if alarmed:
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        read("fuzz.yaml", text).model.trace()
    except CnncostError as error:
        shown = error.text()
        return None if shown.startswith("error") and "\x1b" not in shown else f"unclear: {shown}"
    except Hang:
        return f"more than {SECONDS} s"
    except Exception:
        return traceback.format_exc()
    finally:
        if alarmed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    return None


def run(count: int, seed: int = 0) -> list[tuple[int, str, str]]:
    """Return the cases that are taken wrongly: number, spec, what happened."""
    return [(number, text, wrong) for number, text in cases(count, seed) if (wrong := check(text))]


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    found = run(*(numbers or [2000]))
    for number, text, wrong in found[:5]:
        print(f"── case {number}\n{text}\n{wrong}")
    print(f"{len(found)} defects")
    sys.exit(bool(found))
