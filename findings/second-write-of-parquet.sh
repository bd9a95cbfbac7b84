#!/usr/bin/env bash
# A step that was run twice, as after an eviction, leaves its rows twice, or rows of both runs mixed.
#
# Tried: pandas 3.1.1, DataFrame.to_parquet of one folder twice, with partition_cols and without; Dask 2026.8.0, to_parquet of
# three partitions, then of the same rows in one partition (fewer workers); polars 2.1.0, scan.sink_parquet by a key, twice.
# Guess: the second run's rows are there, once, as with a file; its documentation says nothing of what is there already.
# Seen: pandas without partition_cols replaces the file; with them it adds files with new names, six rows of three, each run
# three more. Dask writes part.0 and leaves the old part.1 and part.2: rows 2 to 5 stand there twice. polars replaces the files.
# A mean over such predictions looks right with pandas (all doubled) and is wrong with Dask. Nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'pandas==3.1.1' 'pyarrow==26.0.1' 'polars==2.1.0' \
  'dask[dataframe]==2026.8.0'
"$work/venv/bin/python" - "$work" <<'PY'
import sys, warnings
import dask
import dask.dataframe
import pandas
import polars

folder = sys.argv[1]
frame = pandas.DataFrame({"fold": [0, 0, 1], "loss": [0.1, 0.2, 0.3]})
rows = pandas.DataFrame({"row": range(6)})
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always", UserWarning)
    for _ in range(2):
        frame.to_parquet(f"{folder}/one.parquet")
        frame.to_parquet(f"{folder}/pandas", partition_cols=["fold"])
        polars.from_pandas(frame).lazy().sink_parquet(polars.PartitionBy(f"{folder}/polars", key="fold"), mkdir=True)
    for partitions in (3, 1):
        dask.dataframe.from_pandas(rows, npartitions=partitions).to_parquet(f"{folder}/dask")
seen = {
    "pandas, one file": len(pandas.read_parquet(f"{folder}/one.parquet")),
    "pandas, partition_cols": len(pandas.read_parquet(f"{folder}/pandas")),
    "polars": polars.read_parquet(f"{folder}/polars/**/*.parquet").height,
    "dask": sorted(dask.dataframe.read_parquet(f"{folder}/dask").compute()["row"].tolist()),
}
print("pandas", pandas.__version__, "dask", dask.__version__, "polars", polars.__version__)
print(seen)
assert seen == {"pandas, one file": 3, "pandas, partition_cols": 6, "polars": 3, "dask": [0, 1, 2, 2, 3, 3, 4, 4, 5, 5]}, seen
assert not warned, [str(each.message) for each in warned]
PY
echo 'as it was'
