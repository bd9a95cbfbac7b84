#!/usr/bin/env bash
# Embeddings from a DataFrame or a PCA, saved as safetensors, are other numbers when they are read: the values are shuffled.
#
# Tried: safetensors 0.8.0 and 0.7.0, safetensors.numpy.save_file and load_file of a DataFrame's to_numpy() (pandas 3.1.1), of
# scikit-learn 1.9.1's PCA.components_ and LogisticRegression.coef_, of a transposed array and of every second column.
# Guess: what is read equals what was written; or ValueError, as safetensors.torch has it for a tensor that is not contiguous.
# Seen: with 0.8.0 no error, no warning, right shape, wrong values in all five: the memory is written as it lies, and these lie
# by columns (or with gaps). 0.7.0 wrote all five right, so a requirement of `safetensors>=0.7` changes a run's results.
# numpy.ascontiguousarray before saving helps; files that 0.8.0 wrote can be told only by comparing them with their source.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/look.py" <<'PY'
import sys
import numpy as np
import pandas as pd
import safetensors
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

rows = np.random.default_rng(0).normal(size=(50, 4))
arrays = {
    "to_numpy": pd.DataFrame({name: rows[:, at] for at, name in enumerate("abcd")}).to_numpy(),
    "PCA": PCA(3, svd_solver="full").fit(rows).components_,
    "coef": LogisticRegression().fit(rows, np.arange(50) % 3).coef_,
    "transposed": rows.T,
    "every second": rows[:, ::2],
}


def same(array):
    save_file({"array": array}, sys.argv[1])
    read = load_file(sys.argv[1])["array"]
    assert read.shape == array.shape and read.dtype == array.dtype
    return np.array_equal(read, array)


seen = {name: same(array) for name, array in arrays.items()}
print("safetensors", safetensors.__version__, seen)
right = safetensors.__version__ == "0.7.0"
assert seen == dict.fromkeys(arrays, right), seen
assert all(same(np.ascontiguousarray(array)) for array in arrays.values())
PY
python3 -m venv "$work/venv"
for version in 0.7.0 0.8.0; do
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check "safetensors==$version" 'numpy==2.4.6' 'pandas==3.1.1' \
    'scikit-learn==1.9.1'
  "$work/venv/bin/python" "$work/look.py" "$work/arrays.safetensors"
done
echo 'as it was'
