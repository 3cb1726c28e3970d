"""Broken files of Keras, Darknet and Caffe are read or refused in words: 600 of them by day, 20,000 by night."""

import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import NIGHTLY

from cnncost.base.errors import CnncostError
from cnncost.models.importers import caffe, darknet, keras, tflite

DATA = Path(__file__).parents[2] / "data" / "networks"
FILES = 20_000 if NIGHTLY else 600
WORDS = [
    *(b"0", b"-1", b"1", b"3.5", b"1e9", b"0x7f", b"inf", b"NaN", b"9" * 24, b"1000000000", b"-1000000000000", b"-1,-2"),
    *(b'""', b"null", b"[]", b"{}", b"{", b"}", b"[", b"]", b":", b",", b"\n", b"#", b'"', b"=", b"\xff", b"\0", b"true"),
    *(b"Convolution", b"layer", b"kernel_size", b"pad", b"group", b'"Sequential"', b'"Functional"', b"[route]", b"[yolo]"),
]
VALUES: list[Any] = [None, 0, -1, 1, 2, 3, 1.5, 10**30, "x", "same", True, [], {}, [1], [1, 2], [[1, 2], [3, 4]], [None], [[]]]


def changed(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with one to ten changes: a byte, a stretch out or doubled, words swapped, numbers replaced, an end cut."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 5, 10])):
        if not found:
            break
        at = rng.randrange(len(found))
        near = bytes(found[at : at + 400])
        match rng.randrange(7):
            case 0:
                found[at] = rng.randrange(256)
            case 1:
                del found[at : at + rng.choice([1, 2, 10, 100, 1000])]
            case 2:
                found[at:at] = rng.choice(WORDS)
            case 3:
                start = rng.randrange(len(found))
                found[at:at] = found[start : start + rng.choice([10, 50, 200])]
            case 4:
                for number in re.finditer(rb"-?\d+", near):
                    found[at + number.start() : at + number.end()] = rng.choice(WORDS)
                    break
            case 5:
                words = list(re.finditer(rb"\w+", near))
                if len(words) > 1:
                    one, other = rng.sample(words, 2)
                    found[at + one.start() : at + one.end()] = other.group()
            case 6:
                found = found[:at]
    return bytes(found)


def rebuilt(rng: random.Random, data: bytes) -> bytes:
    """Return JSON in which some values are others: what no change of single bytes would reach."""
    try:
        whole = json.loads(data)
    except ValueError:
        return data
    for _ in range(rng.choice([1, 1, 2, 4])):
        here = whole
        for _ in range(30):
            keys: list[Any] = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
            if not keys:
                break
            key = rng.choice(keys)
            if rng.random() < 0.2 or not isinstance(here[key], (dict, list)):
                if rng.random() < 0.3:
                    del here[key]
                else:
                    here[key] = json.loads(json.dumps(rng.choice(VALUES)))
                break
            here = here[key]
    return json.dumps(whole).encode()


def numbered(rng: random.Random, data: bytes) -> bytes:
    """Return bytes in which some numbers of four bytes are others: offsets, lengths and sizes of a binary file."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        at = rng.randrange(0, min(len(found), 8000) - 4)
        found[at : at + 4] = rng.choice(
            [0, 1, 2, 3, 7, 255, 65535, 2**31 - 1, 2**32 - 1, 2**30, rng.randrange(2**16)]
        ).to_bytes(4, "little")
    return bytes(found)


def rezipped(rng: random.Random, data: bytes) -> bytes:
    """Return an archive whose config.json is broken rather than the archive itself."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        config = archive.read("config.json")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("config.json", rng.choice([changed, rebuilt])(rng, config))
    return stream.getvalue()


WAYS: dict[str, tuple[Any, list[Callable[[random.Random, bytes], bytes]]]] = {
    ".cfg": (darknet, [changed]),
    ".prototxt": (caffe, [changed]),
    ".json": (keras, [changed, rebuilt, rebuilt]),
    ".h5": (keras, [changed]),
    ".tflite": (tflite, [changed, numbered, numbered]),
    ".keras": (keras, [changed, rezipped, rezipped]),
}
SEEDS = sorted(path for path in DATA.rglob("*") if path.suffix in WAYS and path.stat().st_size < 60_000)


@pytest.mark.parametrize("part", range(6))
def test_broken_files_are_read_or_refused(part: int) -> None:
    counts = {"read": 0, "refused": 0}
    for number in range(part * FILES // 6, (part + 1) * FILES // 6):
        rng = random.Random(number)
        path = rng.choice(SEEDS)
        reader, ways = WAYS[path.suffix]
        data = rng.choice(ways)(rng, path.read_bytes())
        try:
            for other in (darknet, caffe, keras, tflite):
                other.is_mine(data)
            reader.read(data, path.name).trace()
            counts["read"] += 1
        except CnncostError:
            counts["refused"] += 1
        except Exception as error:  # whatever it is, it is a fault of ours
            raise AssertionError(f"file {number}, of {path.name}: {error!r}") from error
    assert min(counts.values()) > FILES // 100  # both happen, or the changes are no test
