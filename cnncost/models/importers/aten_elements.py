"""Operations of PyTorch element by element: norms, activations, joins."""

from __future__ import annotations

from cnncost.models.importers import axes as ax
from cnncost.models.importers import layers
from cnncost.models.importers.call import Call, Translation
from cnncost.models.importers.values import Value


def batch_norm(call: Call) -> list[Value | None]:
    """batch_norm and the three decomposed forms."""
    slots = (call.optional("weight"), call.optional("bias"))
    made = layers.norm(call, "batch_norm", call.value("input"), *slots, axis=1, args={}, stats=call.optional("running_mean"))
    for name in ("running_mean", "running_var"):
        layers.claim(call, call.optional(name), made)
    return [made] + [None] * (len(call.record.outputs) - 1)


def layer_norm(call: Call) -> list[Value | None]:
    """layer_norm over the last axes."""
    shape = call.get("normalized_shape")
    made = layers.layer_norm(call, call.value("input"), call.optional("weight"), call.optional("bias"), shape)
    return [made] + [None] * (len(call.record.outputs) - 1)


def rms_norm(call: Call) -> list[Value | None]:
    """rms_norm over the last axes: a scale, no offset."""
    made = layers.layer_norm(call, call.value("input"), call.optional("weight"), None, call.get("normalized_shape"))
    return [made] + [None] * (len(call.record.outputs) - 1)


def glu(call: Call) -> Value:
    """glu: one half of an axis, times the sigmoid of the other."""
    x = call.value("self", "input")
    axis = x.axis(call.get("dim", -1))
    half = ax.was(x.dims[axis]) // 2
    a, b = layers.split(call, x, axis, [half, half], 2)
    return layers.joined(call, "mul", [a, layers.pointwise(call, b, "sigmoid")])


def group_norm(call: Call) -> list[Value | None]:
    """group_norm(input, num_groups)."""
    args = {"groups": call.get("num_groups", call.get("group"))}
    made = layers.norm(
        call, "group_norm", call.value("input"), call.optional("weight"), call.optional("bias"), axis=1, args=args
    )
    return [made] + [None] * (len(call.record.outputs) - 1)


def instance_norm(call: Call) -> Value:
    """instance_norm."""
    return layers.norm(
        call, "instance_norm", call.value("input"), call.optional("weight"), call.optional("bias"), axis=1, args={}
    )


def pointwise(kind: str) -> Translation:
    """Return the translation of an activation with a rule of its own."""

    def translate(call: Call) -> Value:
        return call.same(kind, call.value("self", "input"))

    return translate


def hardtanh(call: Call) -> Value:
    """hardtanh: relu6 where it clamps to 0 and 6."""
    low, high = call.get("min_val", -1), call.get("max_val", 1)
    return layers.pointwise(call, call.value("self"), "relu6" if (low, high) == (0, 6) else "hardtanh")


def softmax(call: Call) -> Value:
    """softmax along one axis."""
    return layers.softmax(call, call.value("self", "input"), call.get("dim", -1))


def dropout(call: Call) -> list[Value | None]:
    """dropout, native_dropout."""
    made = call.same("dropout", call.value("input", "self"), {"p": float(call.get("p", 0.5))})
    return [made] + [None] * (len(call.record.outputs) - 1)


def binary(kind: str) -> Translation:
    """Return the translation of an operation on one or more operands, tensors or numbers."""

    def translate(call: Call) -> Value:
        return layers.joined(call, kind, call.operands)

    return translate


def unary(call: Call) -> list[Value]:
    """An operation on one tensor without a rule of its own: exp, sqrt, clamp, …"""
    made = layers.elementwise(call, call.operands[0], call.record.operation.strip("_"))
    return [made] * len(call.record.outputs)


def alias(call: Call) -> list[Value]:
    """What gives back its input: contiguous, clone, to, detach, …; a copy where the file says that it makes one."""
    return [layers.unchanged(call, call.operands[0])] * len(call.record.outputs)


def made_like(call: Call) -> Value:
    """zeros_like and the like: numbers of the program, as many as its input has."""
    return Value(call.operands[0].dims)


def created(call: Call) -> list[Value]:
    """new_zeros and the like: numbers of the program, of a stated size."""
    return call.constants()


def prelu(call: Call) -> Value:
    """prelu(x, slopes): one for all, or one per channel."""
    return layers.prelu(call, call.value("self"), call.value("weight"), axis=1)


def weight_norm(call: Call) -> list[Value | None]:
    """_weight_norm(v, g): the weight that v and g make."""
    made = layers.joined(call, "mul", [call.value("v"), call.value("g")])
    return [made] + [None] * (len(call.record.outputs) - 1)
