"""The pictures of README.md and docs/: `python docs/pictures/make.py` makes them again, with the extra `plot`.

Each is one command; those in LIGHT_AND_DARK are made twice, for readers on a light and on a dark ground.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

HERE = Path(__file__).parent
FIVE = "alexnet vgg16 resnet50 resnext50_32x4d densenet121"
TWELVE = (
    "alexnet vgg16 googlenet resnet50 resnet152 resnext50_32x4d wide_resnet50_2 densenet121 mobilenet_v2 shufflenet_v2_x1_0 "
    "efficientnet_b0 inception_v3"
)
PICTURES = {
    "icicle.svg": "cnncost plot resnext50_32x4d",
    "drawing.svg": "cnncost draw resnext50_32x4d --depth 1",
    "stages.svg": f"cnncost plot {FIVE} --kind stages",
    "memory.svg": "cnncost plot resnext50_32x4d --kind memory",
    "changes.svg": "cnncost plot resnet50 resnext50_32x4d --kind diff",
    "complexity.svg": f"cnncost plot {TWELVE} --kind bubble",
    "roofline.svg": "cnncost plot resnext50_32x4d --kind roofline --device h100",
    "field.svg": "cnncost plot vgg16 resnet50 --kind field",
}
LIGHT_AND_DARK = {
    "inception.svg": "cnncost draw inception_reduced",
    "comparison.svg": f"cnncost plot {FIVE} --kind stages",
}


def commands() -> dict[str, str]:
    """Return the command of each picture, by its file."""
    found = {file: f"{words} -o {file}" for file, words in PICTURES.items()}
    for file, words in LIGHT_AND_DARK.items():
        dark = file.replace(".svg", "-dark.svg")
        found |= {file: f"{words} -o {file}", dark: f"{words} --dark -o {dark}"}
    return found


def main() -> None:
    """Make them all, in the folder of this file."""
    import os

    from cnncost.__main__ import main as cnncost

    os.chdir(HERE)
    for file, line in commands().items():
        sys.argv = shlex.split(line)
        try:
            cnncost()
        except SystemExit as ended:
            if ended.code:
                raise
        print(f"{line}  ({(HERE / file).stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
