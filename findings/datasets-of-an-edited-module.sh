#!/usr/bin/env bash
# The preprocessing was corrected, and the data set is still the old one: map takes its cache when the function is in a module.
#
# Tried: Hugging Face datasets 5.2.0, map(prepare.tokens) of a data set on disk, in one program run twice; in between the body of
# tokens in prepare.py is changed. The same with the function in the program itself. And Dataset.from_generator of a generator
# that reads a file, to which a line is added in between.
# Guess: map hashes the function, so that a change makes it run again, wherever it stands; from_generator reads the file anew, or
# sees that it has changed, as load_dataset("json") does.
# Seen: the function of the program is seen to have changed; that of the module is not: the second run gives the first run's
# rows. from_generator gives the rows of the first run as well; load_dataset has the new line. Nothing warns.
# load_from_cache_file=False, or an argument with a version in fn_kwargs, helps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'datasets==5.2.0' 'pyarrow==26.0.1'
cd "$work"
printf 'def tokens(row):\n    return {"tokens": row["text"].split()}\n' >prepare.py
printf '{"text": "A b"}\n' >rows.jsonl
cat >program.py <<'PY'
import json, os, sys
import datasets
import prepare

datasets.disable_progress_bars()


def lines():
    with open("rows.jsonl") as file:
        for line in file:
            yield json.loads(line)


def tokens(row):
    return {"tokens": row["text"].split()}


if not os.path.exists("disk"):
    datasets.Dataset.from_dict({"text": ["A b"]}).save_to_disk("disk")
data = datasets.load_from_disk("disk")
seen = {
    "module": data.map(prepare.tokens)["tokens"][0],
    "program": data.map(tokens)["tokens"][0],
    "module, no cache": data.map(prepare.tokens, load_from_cache_file=False)["tokens"][0],
    "generator": len(datasets.Dataset.from_generator(lines, cache_dir="cache")),
    "json": len(datasets.load_dataset("json", data_files="rows.jsonl", split="train", cache_dir="cache")),
}
print(datasets.__version__, seen)
old, new = ["A", "b"], ["a", "b"]
if sys.argv[1] == "first":
    assert seen == {"module": old, "program": old, "module, no cache": old, "generator": 1, "json": 1}, seen
else:
    assert seen == {"module": old, "program": new, "module, no cache": new, "generator": 1, "json": 2}, seen
PY
export HF_HOME="$work/hf" HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
venv/bin/python program.py first
sed -i 's/split()/lower().split()/' prepare.py program.py
printf '{"text": "C d"}\n' >>rows.jsonl
venv/bin/python program.py second
echo 'as it was'
