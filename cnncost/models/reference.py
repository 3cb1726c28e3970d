"""The way to write a model on a command line: `NAME`, `NAME --set SETTING=VALUE …`, and several with + between them.

Options behind a name: `--set`, `--size`, `--input`; `--from LAYER`, `--until LAYER`, `--no-head` for a part of the network;
`--bits`, `--density`, `--fold` for how it is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cnncost.base.errors import UsageError, did_you_mean
from cnncost.base.record import dataclass
from cnncost.base.units import whole_number
from cnncost.graph.graph import Tensor
from cnncost.models.model import AXES_OF, Input, Inputs, Model

OPTIONS = ("--set", "--size", "--input", "--from", "--until", "--bits", "--density", "--fold")  # that take a value


def model_of(reference: str | Sequence[str], find: Callable[[str], Model]) -> Model:
    """Return the model that a reference stands for, where `find` returns the model of a name.

    >>> from cnncost.models import zoo
    >>> model_of("resnet50 --set width=32 --size 160", zoo.find).shape
    (3, 160, 160)

    Raises UsageError for what cannot be read, and what `find` raises.
    """
    text = reference if isinstance(reference, str) else " ".join(reference)
    words = split(reference) if isinstance(reference, str) else list(reference)
    members = [_member(part, text, find) for part in _parts(words)]
    return members[0] if len(members) == 1 else ensemble(members)


def split(reference: str) -> list[str]:
    """Return the words of a reference."""
    import shlex

    if not any(character.isspace() for character in reference):
        return [reference] if reference else []
    try:
        return shlex.split(reference)
    except ValueError as error:
        raise UsageError(f"cannot read the model '{reference}': {error}", "mind the quotes") from None


def _parts(words: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _member(words: list[str], reference: str, find: Callable[[str], Model]) -> Model:
    """Return the model of NAME [--set SETTING=VALUE] [--size S] [--input C,H,W] [--from LAYER] [--until LAYER] [--no-head]."""
    if not words:
        raise UsageError(f"no model named in '{reference}'", "see: cnncost list")
    rest = next((at for at, word in enumerate(words) if at and (word.startswith("-") or "=" in word)), len(words))
    name, options = " ".join(words[:rest]), words[rest:]  # ResNeXt-50 (32x4d) and Inception v3 are names, too
    model = find(name)
    inputs: list[str] = []
    bits: list[str] = []
    given: dict[str, str] = {}
    head = True
    while options:
        flag, equals, value = options.pop(0).partition("=")
        if flag == "--no-head" and not equals:
            head = False
            continue
        if flag not in OPTIONS or not (equals or options) or flag in given:
            told = f"{flag} needs a value, once" if flag in OPTIONS else "a model is NAME, or NAME --set SETTING=VALUE"
            remedy = told if flag in OPTIONS else did_you_mean(flag, (*OPTIONS, "--no-head"), told)
            raise UsageError(f"cannot read '{flag}' in the model '{reference}'", remedy)
        value = value if equals else options.pop(0)
        if flag == "--set":
            model = model.set([value])
        elif flag == "--input":
            inputs.append(value)
        elif flag == "--bits":
            bits.append(value)
        else:
            given[flag] = value
    whole = sized(model, inputs, given.get("--size"))  # after the settings, of which an input may be a function
    found = whole.part(given.get("--from"), given.get("--until"), head)
    if bits or "--density" in given:
        found = found.with_bits(*bits, density=given.get("--density", 1))
    return found.folded(given["--fold"]) if "--fold" in given else found


def ensemble(members: Sequence[Model]) -> Model:
    """Return the model that runs all members and adds up their outputs: its cost is the sum of theirs.

    Members of one input size read the same input; of several each reads its own, called like it.

    Source: ensembles as in AlexNet (section 6) and GoogLeNet (section 7); members that read sizes of their own as in the
    winners of ILSVRC 2016.
    """
    for member in members:
        member.require_plain("an ensemble", "give --bits and --fold to the whole command")
    shapes = [member.inputs for member in members]
    one = all(len(own) <= 1 and own == shapes[0] for own in shapes)
    name = " + ".join(member.name for member in members)
    spelling = {f"{member.name}.{pattern}": form for member in members for pattern, form in member.spelling.items()}
    in_place = tuple(kind for kind in members[0].in_place if all(kind in member.in_place for member in members))
    input: Input | None = members[0].shape
    counts = (1,) * len(members)
    if not one:
        lacking = next((member for member, own in zip(members, shapes, strict=True) if not own), None)
        if lacking is not None:
            raise UsageError(f"{lacking.name} has no input of its own", "give it one, behind its name: --input 3,224,224")
        input, counts = _inputs_of(members), tuple(len(own) for own in shapes)
    return Model(
        name, Together(tuple(members), () if one else counts), input, family="ensemble", spelling=spelling, in_place=in_place
    )


def _inputs_of(members: Sequence[Model]) -> dict[str, Any]:
    """Return the inputs of all members, each called like its member."""
    found: dict[str, Any] = {}
    for member in members:
        for name, shape in member.inputs.items():
            word = member.name if len(member.inputs) == 1 else f"{member.name}.{name}"
            count = 1 + sum(known == word or known.rpartition("_")[0] == word for known in found)
            found[word if count == 1 else f"{word}_{count}"] = shape
    return found


@dataclass(frozen=True, slots=True)
class Together:
    """The model function of an ensemble."""

    members: tuple[Model, ...]
    counts: tuple[int, ...] = ()  # how many inputs each reads; of a shared one nothing

    def __call__(self, *xs: Tensor) -> Tensor:
        """Run all members, on one tensor or each on its own, and add up their (first) outputs."""
        outputs = []
        rest = list(xs)
        for place, member in enumerate(self.members):
            own = [rest.pop(0) for _ in range(self.counts[place])] if self.counts else xs
            with xs[0].scope(member.name):
                output = member.function(*own, **member.settings)
            outputs.append(output[0] if isinstance(output, tuple) else output)
        return outputs[0].add(*outputs[1:], name="sum")


def sized(model: Model, inputs: Sequence[str], size: str | None) -> Model:
    """Return a model with the inputs that `--input` or `--size` ask for, if any: `C,H,W`, `NAME=C,H,W`; `S`, `HxW`.

    Raises UsageError where both are given, and for what cannot be read or does not fit.
    """
    if inputs and size:
        raise UsageError("--input and --size both say how large the input is", "give one of them")
    if size is not None:
        return replace(model, input=_resized(model, size))
    given = [_shape(text) for text in inputs]
    if len({name for name, _ in given}) < len(given) or (len(given) > 1 and "" in dict(given)):
        raise UsageError("--input is given twice", "give each input once, by its name: --input left=3,256,512")
    if not given:
        return model
    return replace(model, input=model.reading(dict(given) if given[0][0] else given[0][1]))


def letters_of(inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what `--input` gives as numbers, and the letters among it by axis, as a formula takes them.

    >>> letters_of(["3,H,32*w"]), letters_of(["3,224,224"])
    ((['3,224,224'], ['H=H', 'W=32*w']), (['3,224,224'], []))
    >>> letters_of(["3×H×W"])
    (['3,224,224'], ['H=H', 'W=W'])
    """
    numbers: list[str] = []
    letters: list[str] = []
    for text in inputs:
        parts = [part.strip() for part in re.split("[,×]", text)]
        lettered = [not part.isdecimal() for part in parts]
        axes = AXES_OF.get(len(parts), "")
        if "=" in text or not axes or not any(map(str.isidentifier, re.split(r"\W+", text))):
            numbers.append(text)
            continue
        letters += [f"{axis}={part}" for axis, part, is_letter in zip(axes, parts, lettered, strict=True) if is_letter]
        numbers.append(",".join("224" if is_letter else part for part, is_letter in zip(parts, lettered, strict=True)))
    return numbers, letters


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the name, empty without one, and the shape that `--input` gives."""
    name, equals, numbers = text.rpartition("=")
    if letter := re.search(r"(?<![0-9x×])[A-Za-z_]\w*", numbers):
        fact = f"--input {text}: '{letter[0]}' is a symbol, and sizes are numbers here"
        raise UsageError(fact, "write digits, as in --input 3,224,224; cnncost formula takes symbols")
    sizes = [whole_number(part, f"--input {text}") for part in re.split(r"[,x×]", numbers.strip())]
    if len(sizes) not in (1, 2, 3, 4):
        raise UsageError(f"--input {text} has {len(sizes)} numbers", "give channels, height and width: --input 3,224,224")
    if equals and not name.strip():
        raise UsageError(f"--input {text} names no input", "write its name before it, as in --input left=3,256,512")
    return name.strip(), tuple(sizes)


def _resized(model: Model, text: str) -> Inputs:
    """Return the input of a model at the size that `--size` gives."""
    sizes = [whole_number(part, f"--size {text}") for part in re.split(r"[,x×]", text.strip())]
    if model.family == "ensemble" and len(model.inputs) > 1:
        how = " + ".join(f"{name} --size {text}" for name in model.inputs)
        raise UsageError(f"the members of {model.name} have inputs of their own", f'give each its size: "{how}"')
    if not model.inputs:
        raise UsageError(f"{model.name} has no input of its own to resize", "give all of it: --input 3,224,224")
    spatial = model.axes[1:]
    if len(sizes) not in (1, len(spatial)) or not spatial:
        many = {1: "give one number", 2: "give one number, or HEIGHTxWIDTH", 3: "give one number, or DEPTHxHEIGHTxWIDTH"}
        raise UsageError(f"--size {text} does not fit the input {model.shape}", many.get(len(spatial), many[2]))
    return model.resized(dict(zip(spatial, sizes if len(sizes) > 1 else sizes * len(spatial), strict=True)))
