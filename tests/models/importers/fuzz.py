"""Broken files, made at random from sound ones: bytes changed, JSON rearranged. Whatever they are, a reader says one thing.

python tests/models/importers/fuzz.py 20000 1           # how many, and the seed; prints what went wrong, and the slowest
python tests/models/importers/fuzz.py 2000 1 --memory   # the most that Python allocates for one, too: ten times slower
"""

from __future__ import annotations

import copy
import io
import json
import random
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnncost.base.errors import CnncostError
from cnncost.models.importers import open_model

DATA = Path(__file__).parents[2] / "data" / "exports"
LARGEST = 30_000  # bytes of a file that is worth breaking often
WRONG: list[Any] = [None, 0, -1, 10**20, 1.5, "x", [], {}, [1] * 3, True, {"as_int": -5}, {"as_tensor": {"name": "nowhere"}}]


def broken_bytes(content: bytes, dice: random.Random) -> bytes:
    """Return bytes with some changed, dropped, repeated or put in between."""
    data = bytearray(content)
    for _ in range(1 + int(dice.expovariate(0.25))):
        place = dice.randrange(len(data) or 1)
        what = dice.randrange(6)
        if what == 0:
            data[place : place + 1] = bytes([dice.randrange(256)])
        elif what == 1:
            del data[place : place + dice.randrange(1, 9)]
        elif what == 2:
            data[place:place] = dice.randbytes(dice.randrange(1, 9))
        elif what == 3:
            other, length = dice.randrange(len(data) or 1), dice.randrange(1, 64)
            data[place : place + length] = data[other : other + length]
        elif what == 4:
            data[place : place + 1] = b"\xff" * dice.randrange(1, 12)
        elif dice.random() < 0.3:
            del data[place + 1 :]
    return bytes(data) or b"\0"


def broken_json(whole: Any, dice: random.Random) -> None:
    """Change one thing somewhere in JSON: a value, an entry that goes, two that change places."""
    part = whole
    for _ in range(50):
        if not isinstance(part, (dict, list)) or not part:
            return
        key = dice.choice(list(part)) if isinstance(part, dict) else dice.randrange(len(part))
        if isinstance(part[key], (dict, list)) and part[key] and dice.random() > 0.08:
            part = part[key]
            continue
        if isinstance(part, list) and dice.random() < 0.5:
            other = dice.randrange(len(part))
            part[key], part[other] = part[other], part[key]
        elif dice.random() < 0.3:
            del part[key]
        else:
            part[key] = copy.deepcopy(dice.choice(WRONG))
        return


def broken(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Iterate over broken files: the name of the sound one, and the bytes."""
    dice = random.Random(seed)
    sound = {path.name: path.read_bytes() for path in sorted(DATA.iterdir()) if path.suffix in (".pt2", ".onnx")}
    small = [name for name, content in sound.items() if len(content) < LARGEST]
    for _ in range(count):
        name = dice.choice(small)
        if name.endswith(".pt2") and "truncated" not in name and dice.random() < 0.75:
            with zipfile.ZipFile(io.BytesIO(sound[name])) as archive:
                member = next(each for each in archive.namelist() if "/models/" in each)
                whole = json.loads(archive.read(member))
            for _ in range(1 + int(dice.expovariate(0.5))):
                broken_json(whole, dice)
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w") as archive:
                archive.writestr(member, json.dumps(whole))
            yield name, made.getvalue()
        else:
            yield name, broken_bytes(sound[name], dice)


def outcome(name: str, content: bytes) -> CnncostError | None:
    """Return what a reader says of a file, None where it takes it. Raises whatever is no error of ours."""
    try:
        model = open_model(name, content)
        model.trace((3, 64, 64) if None in (model.shape or (None,)) else None)
    except CnncostError as error:
        return error
    return None


def inflated(content: bytes) -> int:
    """Return how many bytes a file has, those of its descriptions as they are read, out of an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return max(len(content), sum(min(entry.file_size, 2**24) for entry in archive.infolist()))
    except Exception:  # whatever a broken archive is
        return len(content)


def allocated(name: str, content: bytes) -> int:
    """Return the most bytes that Python has allocated at once while a file is read and traced."""
    tracemalloc.start()
    try:
        outcome(name, content)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    """Break files and print what went wrong."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    slowest, wrong, largest = (0.0, ""), 0, (0.0, 0, "")
    for name in ("pt2_tv_squeezenet1_0.pt2", "onnx_squeezenet1_0_ts.onnx"):  # what is imported once is no file's
        outcome(name, (DATA / name).read_bytes())
    for number, (name, content) in enumerate(broken(count, seed)):
        start = time.process_time()
        try:
            if "--memory" in sys.argv:
                peak, size = allocated(name, content), inflated(content)
                largest = max(largest, ((peak - 2**22) / size, peak, f"{name} ({number}), of {size:,} bytes"))
            else:
                outcome(name, content)
        except Exception as error:
            wrong += 1
            Path(f"broken-{seed}-{number}-{name}").write_bytes(content)
            print(f"{name} ({number}): {type(error).__name__}: {error}")
        slowest = max(slowest, (time.process_time() - start, f"{name} ({number})"))
    print(f"{count} files, {wrong} of them wrong; the slowest took {slowest[0]:.2f} s: {slowest[1]}")
    if largest[1]:
        print(f"the most, beside 4 MiB: {largest[0]:.1f} times the file, {largest[1]:,} bytes for {largest[2]}")


if __name__ == "__main__":
    main()
