#!/usr/bin/env bash
# A JAX key that was both split and folded gives the same keys twice: the noise of step 0 is the noise of the weights.
#
# Tried: jax 0.10.2, init_key, rest = split(key); then fold_in(key, step) for each step of the training, which many loops do
# because it needs no state. The same with jax_threefry_partitionable turned off, which was the default before 0.5.
# Guess: split and fold_in are two functions that derive keys in two ways; no key of one is a key of the other.
# Seen: fold_in(key, i) is split(key, n)[i], for every n: drawn with the key of step 0 comes what the weights were drawn with.
# With the option off no key is shared. Nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'jax==0.10.2' 'numpy==2.4.6'
JAX_PLATFORMS=cpu "$work/venv/bin/python" -W error::UserWarning - <<'PY'
import jax
import numpy as np


def shared():
    key = jax.random.key(7)
    split = [tuple(np.asarray(jax.random.key_data(one)).tolist()) for one in jax.random.split(key, 5)]
    folded = [tuple(np.asarray(jax.random.key_data(jax.random.fold_in(key, step))).tolist()) for step in range(5)]
    return [one == other for one, other in zip(split, folded)], len(set(split) & set(folded))


print("jax", jax.__version__)
key = jax.random.key(7)
init_key, _rest = jax.random.split(key)
weights = jax.random.normal(init_key, (3,))
noise = jax.random.normal(jax.random.fold_in(key, 0), (3,))
print("weights", weights, "noise of step 0", noise)
assert np.array_equal(weights, noise)
assert shared() == ([True] * 5, 5), shared()
with jax.threefry_partitionable(False):
    assert shared() == ([False] * 5, 0), shared()
PY
echo 'as it was'
