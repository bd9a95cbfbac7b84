#!/usr/bin/env bash
# The tokens of a data set, summed by polars or JAX, are a negative number, or simply too few.
#
# Tried: 3,000 shards with 1,000,000 tokens each (and 5,000 of them), counts of 32 bits as tokenizers and Arrow files have them: the
# sum by polars 2.1.0, of a column, by group, by SQL and cumulative; by JAX 0.10.2, NumPy 2.4.6, pyarrow 26.0.1.
# Guess: 3,000,000,000 from all; polars sums 8 and 16 bits in 64, "to prevent overflow issues", and has 64 bits by default.
# Seen: NumPy and pyarrow say 3,000,000,000. polars and JAX say -1,294,967,296, of 5,000 shards 705,032,704, which looks like a
# number of tokens. Nothing warns. polars' mean of the same column is right, so mean times length is not the sum.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'polars==2.1.0' 'pyarrow==26.0.1' 'numpy==2.4.6' 'jax==0.10.2'
JAX_PLATFORMS=cpu "$work/venv/bin/python" - <<'PY'
import warnings
import jax
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute

warnings.simplefilter("error")


def sums(shards):
    counts = np.full(shards, 1_000_000, dtype=np.int32)
    frame = pl.DataFrame({"set": ["train"] * shards, "tokens": counts})
    return {
        "numpy": int(counts.sum()),
        "pyarrow": pa.compute.sum(pa.array(counts)).as_py(),
        "polars": frame["tokens"].sum(),
        "polars by group": frame.group_by("set").agg(pl.col("tokens").sum())["tokens"][0],
        "polars SQL": frame.sql("select sum(tokens) as tokens from self")["tokens"][0],
        "polars cumulative": frame["tokens"].cum_sum()[-1],
        "polars mean times length": int(frame["tokens"].mean() * shards),
        "jax": int(jax.numpy.asarray(counts).sum()),
    }


print("polars", pl.__version__, "jax", jax.__version__)
for shards, wrapped in ((3000, -1_294_967_296), (5000, 705_032_704)):
    seen = sums(shards)
    print(shards, seen)
    right = {"numpy", "pyarrow", "polars mean times length"}
    assert seen == {name: shards * 1_000_000 if name in right else wrapped for name in seen}, seen
PY
echo 'as it was'
