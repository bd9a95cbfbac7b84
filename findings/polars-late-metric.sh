#!/usr/bin/env bash
# A metric that first appears after a hundred lines is not there when polars reads the file.
#
# Tried: polars 2.1.0, read_ndjson and scan_ndjson of a metrics.jsonl with 201 lines; only the last has `acc`, as a loss is
# written from the first step and an accuracy at the first evaluation.
# Guess: a column acc, null in the first 200 rows (as pyarrow.json gives it), or an error.
# Seen: no error, no warning, no column: the schema is that of the first 100 lines, and what is not in it is dropped. With
# infer_schema_length=None the column is there. So a reader of metrics.jsonl looks at the whole file before it knows its names.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'polars==2.1.0' 'pyarrow==17.0.0'
"$work/venv/bin/python" - "$work/metrics.jsonl" <<'PY'
import json, sys
import polars, pyarrow.json

path = sys.argv[1]
with open(path, "w") as file:
    for step in range(200):
        file.write(json.dumps({"step": step, "loss": 0.5}) + "\n")
    file.write(json.dumps({"step": 200, "loss": 0.25, "acc": 0.5}) + "\n")

read = polars.read_ndjson(path)
scanned = polars.scan_ndjson(path).collect()
whole = polars.read_ndjson(path, infer_schema_length=None)
peer = pyarrow.json.read_json(path)
print("polars", polars.__version__, "read_ndjson:", read.columns, "scan_ndjson:", scanned.columns)
print("with infer_schema_length=None:", whole.columns, "pyarrow:", peer.column_names)
assert read.columns == ["step", "loss"] and scanned.columns == ["step", "loss"] and read.height == 201
assert whole.columns == ["step", "loss", "acc"] and whole["acc"][-1] == 0.5
assert peer.column_names == ["step", "loss", "acc"]
PY
echo 'as it was'
