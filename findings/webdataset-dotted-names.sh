#!/usr/bin/env bash
# Two samples of a WebDataset shard whose names differ behind a dot are read as one sample.
#
# Tried: webdataset 1.0.2, a shard with img_0.25.jpg, img_0.25.cls, img_0.5.jpg, img_0.5.cls (a threshold, a learning rate or
# a version in the name).
# Guess: two samples, img_0.25 and img_0.5, each with jpg and cls.
# Seen: one sample img_0 with the fields 25.jpg, 25.cls, 5.jpg, 5.cls; no warning. A name ends at its FIRST dot, the rest is
# the field. Dots in folders do not count. A dataset then has fewer samples than files say, and no field jpg.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'webdataset==1.0.2' 'numpy==1.26.4'
"$work/venv/bin/python" -W ignore - "$work/shard.tar" <<'PY'
import io, sys, tarfile
import webdataset

path = sys.argv[1]
with tarfile.open(path, "w") as shard:
    for name in ["img_0.25.jpg", "img_0.25.cls", "img_0.5.jpg", "img_0.5.cls", "set.v2/img_1.jpg"]:
        member = tarfile.TarInfo(name)
        member.size = len(name)
        shard.addfile(member, io.BytesIO(name.encode()))

samples = list(webdataset.WebDataset(path, shardshuffle=False))
seen = {one["__key__"]: sorted(key for key in one if not key.startswith("__")) for one in samples}
print("webdataset", webdataset.__version__, seen)
assert seen == {"img_0": ["25.cls", "25.jpg", "5.cls", "5.jpg"], "set.v2/img_1": ["jpg"]}, seen
PY
echo 'as it was'
