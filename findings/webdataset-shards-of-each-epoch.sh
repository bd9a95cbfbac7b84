#!/usr/bin/env bash
# shardshuffle draws one order of the shards and keeps it: every epoch reads them in the same order.
#
# Tried: webdataset 1.0.2, WebDataset(twelve shards, shardshuffle=12), read three times, as in `for epoch in range(3): for sample in
# dataset`; with and without a seed, with repeat(3), with with_epoch; and the same as a DataPipeline with wds.shuffle(12).
# Guess: each epoch has its own order; a seed makes the first the same in each run, and the later ones follow from it.
# Seen: with WebDataset all three epochs are equal, with a seed and without. (Without one it is drawn when the object is made.)
# The pipeline draws anew each time. With a buffer of `.shuffle(…)` smaller than a few shards a sample then meets the same
# neighbours in each epoch. detshuffle=True gives three different orders that a seed fixes. Nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'webdataset==1.0.2' 'numpy==2.4.6'
"$work/venv/bin/python" - "$work" <<'PY'
import sys, warnings
import webdataset as wds

warnings.simplefilter("error", UserWarning)
shards = [f"{sys.argv[1]}/{at:02}.tar" for at in range(12)]
for at, path in enumerate(shards):
    with wds.TarWriter(path) as shard:
        shard.write({"__key__": f"{at:02}", "txt": "text"})


def orders(dataset):
    """How many different orders three epochs have."""
    epochs = [tuple(sample["__key__"] for sample in dataset) for _ in range(3)]
    assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs) and epochs[0] != tuple(sorted(epochs[0]))
    return len(set(epochs))


def of_repeat():
    keys = [sample["__key__"] for sample in wds.WebDataset(shards, shardshuffle=12).repeat(3)]
    return len({tuple(keys[:12]), tuple(keys[12:24]), tuple(keys[24:])})


seen = {
    "no seed": orders(wds.WebDataset(shards, shardshuffle=12)),
    "seed": orders(wds.WebDataset(shards, shardshuffle=12, seed=1)),
    "with_epoch": orders(wds.WebDataset(shards, shardshuffle=12).with_epoch(12)),
    "repeat": of_repeat(),
    "detshuffle": orders(wds.WebDataset(shards, shardshuffle=12, seed=1, detshuffle=True)),
    "pipeline": orders(wds.DataPipeline(wds.SimpleShardList(shards), wds.shuffle(12), wds.tarfile_to_samples())),
}
print("webdataset", wds.__version__, "orders in three epochs:", seen)
once = {"no seed", "seed", "with_epoch", "repeat"}
assert seen == {name: 1 if name in once else 3 for name in seen}, seen
PY
echo 'as it was'
