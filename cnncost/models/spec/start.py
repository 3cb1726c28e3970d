"""The specs that `cnncost new` writes: something to change."""

from __future__ import annotations

import os

from cnncost.base.text import line
from cnncost.models.model import Model

MODELINE = "# yaml-language-server: $schema=cnncost.schema.json"
HEAD = f"""{MODELINE}
# The line above gives completion in editors that speak the YAML language server, once the schema is beside this file:
#   cnncost schema -o cnncost.schema.json
"""

START = f"""{HEAD}
cnncost: 1
name: mynet
about: A small residual network for 32x32 images
input: [3, res, res]

# Settings, with defaults. They can be changed anywhere a model is named: cnncost table mynet.yaml --set width=32
params:
  res: 32
  classes: 10
  width: {{default: 16, range: [1, 1024, 1], help: channels of the first stage}}
  depth: 3                # blocks in each stage

# What convolutions have unless they say otherwise. A norm and an activation get rows of their own.
defaults:
  conv: {{kernel: 3, pad: same, norm: batch_norm, act: relu}}

# Templates. A param without a value has to be given.
blocks:
  residual:
    params: {{out, stride: 1}}
    layers:
      - add:                                # branches, each from what arrives
          - - conv: {{out: out, stride: stride}}
            - conv: {{out: out, act: none}}
          - project                         # the input, or a 1x1 convolution where the shape changes
      - relu

# Layers, by stage. Numbers may be expressions; input channels are never written.
layers:
  stem:
    - conv: width
  stage1:
    - residual: {{out: width}}
      repeat: depth
  stage2:
    - residual: {{out: 2 * width}}
      repeat: depth
      first: {{stride: 2}}                    # of the first copy
  stage3:
    - residual: {{out: 4 * width}}
      repeat: depth
      first: {{stride: 2}}
  head: [global_avg_pool, linear: classes]

# Limits for: cnncost check mynet.yaml
budget: {{params: 300k, flops: 45M}}

# When the network is as you want it, write its figures here: every command then tells you when that changes.
# expect: {{params: 272_474}}
"""

FROM = f"""{HEAD}
# {{name}} as layers. Shorter, and with the settings of its family, is a spec of two lines:
#   cnncost: 1
#   model: {{reference}}
# A layer is a word, or a layer type with its arguments; cnncost ops lists them. A list under add, mul or concat holds branches.
"""


def start(model: Model | None, file: str = "mynet.yaml") -> str:
    """Return the text of a spec to start from, for a file: a small network, or `model` with its layers written out.

    Neither says what it must come to (`expect`), so that the first change of a number is no error.
    """
    from cnncost.models.spec.lines import quoted
    from cnncost.models.spec.write import write

    if model is None:
        name = os.path.splitext(os.path.basename(file))[0]
        return START.replace("name: mynet", f"name: {quoted(name)}").replace("mynet.yaml", line(file))

    return FROM.replace("{name}", model.name).replace(
        "{reference}", f'"{model.name}"' if "+" in model.name else model.name
    ) + write(model.trace(), model.source, expect=False)
