#!/usr/bin/env bash
# A seed of more than 32 bits loses its upper half without a word: two points of a sweep train the same model.
#
# Tried: JAX 0.10.2 (its 32-bit default), XGBoost 3.2.0 and LightGBM 4.7.0, each with a seed of 7 and of 7 + 2**32, as
# they come from time.time_ns(), from 64 bits of a hash, or from a point's number shifted beside that of a repeat.
# Guess: all three refuse such a seed, or use all of it; each takes up to 64 bits by its signature.
# Seen: all three take it, warn of nothing, and give what 7 gives, to the last digit. LightGBM drops another bit: 7 + 2**31
# is 7 too. XGBoost does not drop that one. NumPy's default_rng keeps them apart.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'jax==0.10.2' 'numpy==2.4.6' 'xgboost-cpu==3.2.0' \
  'lightgbm==4.7.0'
JAX_PLATFORMS=cpu "$work/venv/bin/python" - <<'PY'
import warnings

import jax
import lightgbm
import numpy as np
import xgboost

rows = np.random.default_rng(0).normal(size=(300, 10))
labels = (rows[:, 0] + np.random.default_rng(1).normal(size=300) > 0).astype(int)


def of_jax(seed):
    return np.asarray(jax.random.uniform(jax.random.key(seed), (3,)))


def of_xgboost(seed):
    data = xgboost.DMatrix(rows, labels)
    settings = {"seed": seed, "subsample": 0.5, "objective": "binary:logistic", "nthread": 1, "max_depth": 2}
    return xgboost.train(settings, data, 5).predict(data)


def of_lightgbm(seed):
    settings = {"seed": seed, "bagging_fraction": 0.5, "bagging_freq": 1, "objective": "binary", "verbosity": -1}
    settings |= {"num_threads": 1, "deterministic": True}
    return lightgbm.train(settings, lightgbm.Dataset(rows, labels), 5).predict(rows)


def of_numpy(seed):
    return np.random.default_rng(seed).random(3)


SEEDS = {"8": 8, "7 + 2**31": 7 + 2**31, "7 + 2**32": 7 + 2**32}
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always", UserWarning)
    seen = {
        draw.__name__: [name for name, seed in SEEDS.items() if np.array_equal(draw(seed), draw(7))]
        for draw in (of_jax, of_xgboost, of_lightgbm, of_numpy)
    }
print("jax", jax.__version__, "xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__)
print("the same as 7:", seen)
print("warnings:", [str(each.message) for each in warned])
assert seen == {
    "of_jax": ["7 + 2**32"],
    "of_xgboost": ["7 + 2**32"],
    "of_lightgbm": ["7 + 2**31", "7 + 2**32"],
    "of_numpy": [],
}, seen
assert not warned, warned
PY
echo 'as it was'
