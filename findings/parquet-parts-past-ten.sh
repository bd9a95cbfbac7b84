#!/usr/bin/env bash
# Predictions written in parts come back in another order as soon as there are more than ten parts.
#
# Tried: pyarrow 26.0.1, dataset.write_dataset with max_rows_per_file and preserve_order=True, 1,000 rows in ten parts and 1,100 in
# eleven; read by pyarrow.parquet.read_table, pandas 3.1.1, polars 2.1.0 and Hugging Face datasets 5.2.0.
# Guess: preserve_order is there so that rows come back as they were; part 10 is read after part 9.
# Seen: with ten parts all four give the rows in order. With eleven none does: files are named part-0 … part-10, without leading
# zeros, and read by name, so part 10 comes between 1 and 2. Joined with labels by position, 900 of 1,100 predictions belong
# to another sample, and only those of data sets that are large enough.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1' 'pandas==3.1.1' 'polars==2.1.0' \
  'datasets==5.2.0'
HF_HOME="$work/hf" HF_HUB_OFFLINE=1 "$work/venv/bin/python" -W ignore - "$work" <<'PY'
import sys
import datasets
import pandas
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

datasets.disable_progress_bars()


def in_order(parts):
    folder = f"{sys.argv[1]}/{parts}"
    rows = list(range(parts * 100))
    pa.dataset.write_dataset(
        pa.table({"row": rows}), folder, format="parquet", max_rows_per_file=100, max_rows_per_group=100, preserve_order=True
    )
    loaded = datasets.load_dataset("parquet", data_files=f"{folder}/*.parquet", split="train", cache_dir=f"{folder}-cache")
    read = {
        "pyarrow": pa.parquet.read_table(folder)["row"].to_pylist(),
        "pandas": pandas.read_parquet(folder)["row"].tolist(),
        "polars": polars.read_parquet(folder)["row"].to_list(),
        "datasets": list(loaded["row"]),
    }
    assert all(sorted(found) == rows for found in read.values())
    moved = sum(found != row for found, row in zip(read["pyarrow"], rows))
    return {name: found == rows for name, found in read.items()}, moved


ten, eleven = in_order(10), in_order(11)
print("pyarrow", pa.__version__, "in order, ten parts:", ten[0], "eleven:", eleven[0], "rows elsewhere:", eleven[1])
assert ten == (dict.fromkeys(ten[0], True), 0)
assert eleven == (dict.fromkeys(eleven[0], False), 900), eleven
PY
echo 'as it was'
