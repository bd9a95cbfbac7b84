#!/usr/bin/env bash
# flax.serialization restores a checkpoint of another model into this one without a word, as long as the names are the same.
#
# Tried: flax 0.12.8, to_bytes of {"w": 2x5, "b": 3} and from_bytes of it with a target of {"w": 4x3, "b": 3}; the same with
# another number type, and with a name that the target does not have.
# Guess: the target says what is expected, so a leaf of another shape is refused, as one with another name is.
# Seen: the leaf comes back with the checkpoint's shape (and type): w is 2x5. Only the names are compared (ValueError). A
# changed width fails in the first matrix product, or, where shapes broadcast (a bias of 1 for one of 3), never.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'flax==0.12.8' 'jax==0.10.2' 'numpy==2.4.6'
JAX_PLATFORMS=cpu "$work/venv/bin/python" -W error::UserWarning - <<'PY'
import flax
import numpy as np
from flax import serialization

target = {"w": np.zeros((4, 3), np.float32), "b": np.zeros(3, np.float32)}


def restored(state):
    return serialization.from_bytes(target, serialization.to_bytes(state))


other = restored({"w": np.ones((2, 5), np.float32), "b": np.ones(3, np.float64)})
broadcasting = restored({"w": np.ones((4, 3), np.float32), "b": np.ones(1, np.float32)})
print("flax", flax.__version__, {name: (leaf.shape, str(leaf.dtype)) for name, leaf in other.items()})
assert other["w"].shape == (2, 5) and other["b"].dtype == np.float64
outcome = np.ones((2, 4), np.float32) @ broadcasting["w"] + broadcasting["b"]
print("with a bias of", broadcasting["b"].shape, "the layer gives", outcome.shape)
assert broadcasting["b"].shape == (1,) and outcome.shape == (2, 3)
try:
    restored({"w": target["w"], "bias": target["b"]})
except ValueError:
    print("another name is refused")
else:
    raise AssertionError("another name was taken")
PY
echo 'as it was'
