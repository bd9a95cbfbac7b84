#!/usr/bin/env bash
# The generator of rank 0 is that of the whole run: default_rng([seed, 0]) draws what default_rng(seed) draws.
#
# Tried: NumPy 2.4.6, default_rng and RandomState with a list as seed, as its guide shows for workers of one root seed, but in the
# order seed, rank, epoch; and large seeds.
# Guess: [7, 0], [7, 0, 0] and 7 are three seeds, as [7, 1] and [7, 2] are two; [7, 1] has nothing to do with any single number.
# Seen: zeros at the end count for nothing: rank 0 in epoch 0 draws what split the data or initialised the model from the bare seed,
# so noise and split are the same numbers. And a list is the words of one number: [7, 1] is 7 + 2**32, so rank 1 of seed 7
# is rank 0 of that seed. [0, 7] (rank first), a list that starts at 1, and SeedSequence(7).spawn are different from 7.
# RandomState keeps [7, 0] and 7 apart.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'numpy==2.4.6'
"$work/venv/bin/python" -W error - <<'PY'
import numpy as np


def same(first, second, make=np.random.default_rng):
    return np.array_equal(make(first).normal(size=1000), make(second).normal(size=1000))


spawned = np.random.SeedSequence(7).spawn(1)[0]
seen = {
    "[7, 0]": same([7, 0], 7),
    "[7, 0, 0]": same([7, 0, 0], 7),
    "[7, 1]": same([7, 1], 7),
    "[0, 7]": same([0, 7], 7),
    "spawned": same(spawned, 7),
    "RandomState": same([7, 0], 7, np.random.RandomState),
}
words = same([7, 1], 7 + 2**32)
permuted = np.array_equal(np.random.default_rng(7).permutation(100), np.random.default_rng([7, 0]).permutation(100))
print("numpy", np.__version__, "the same as 7:", seen, "[7, 1] is 7 + 2**32:", words)
assert seen == {name: name in ("[7, 0]", "[7, 0, 0]") for name in seen}, seen
assert words and permuted
PY
echo 'as it was'
