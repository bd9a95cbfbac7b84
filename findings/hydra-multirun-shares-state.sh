#!/usr/bin/env bash
# The second point of a Hydra sweep gives another result than the same point alone: the first one's state is still there.
#
# Tried: hydra-core 1.3.8, a program that seeds NumPy where it is imported and draws in main: +lr=1,2 --multirun, and +lr=2 alone.
# Guess: jobs are processes of their own, as with its submitit launcher; lr=2 draws the same numbers in both.
# Seen: all points run in one process, one after another, and the module is loaded once: lr=2 goes on with the numbers where lr=1
# ended, a list at the top of the module has the entries of both, a variable that lr=1 put into os.environ is there for lr=2.
# A repeated sweep repeats it, so it looks reproducible; a sweep in another order, or one point again, gives other results.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'hydra-core==1.3.8' 'numpy==2.4.6'
cd "$work"
cat >train.py <<'PY'
import json, os
import hydra
import numpy as np

np.random.seed(0)
LOSSES = []


@hydra.main(version_base=None)
def main(config):
    LOSSES.append(float(np.random.rand()))
    before, os.environ["FIRST"] = os.environ.get("FIRST"), str(config.lr)
    print(json.dumps({"lr": config.lr, "drawn": LOSSES[-1], "losses": len(LOSSES), "first": before, "pid": os.getpid()}))


main()
PY
venv/bin/python train.py +lr=1,2 --multirun | grep '^{' >together
venv/bin/python train.py +lr=2 | grep '^{' >alone
venv/bin/python - <<'PY'
import json

one, two = (json.loads(line) for line in open("together"))
alone = json.loads(open("alone").read())
print("together:", one, two)
print("alone:", alone)
assert alone["drawn"] == one["drawn"] != two["drawn"]
assert two["losses"] == 2 and two["first"] == "1" and one["pid"] == two["pid"]
PY
echo 'as it was'
