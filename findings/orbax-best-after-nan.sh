#!/usr/bin/env bash
# One NaN among the metrics, and a CheckpointManager that keeps the best checkpoints deletes the best one.
#
# Tried: orbax-checkpoint 0.12.8, CheckpointManagerOptions(max_to_keep=1, best_fn=accuracy, best_mode="max"), accuracies
# 0.7, NaN (an empty validation set in one epoch), 0.5, 0.6; then the same with -inf in place of NaN, and without it.
# Guess: NaN counts as the worst; the checkpoint of 0.7 is kept, and best_step() is its step.
# Seen: the checkpoint of NaN replaces that of 0.7, 0.5 replaces that, 0.6 the next: from the NaN on, the newest is the best.
# No warning. With -inf, and without the NaN, 0.7 stays. With max_to_keep=2 both of the best are deleted as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'orbax-checkpoint==0.12.8' 'jax==0.10.2' 'numpy==2.4.6'
JAX_PLATFORMS=cpu "$work/venv/bin/python" -W ignore - "$work" <<'PY'
import math, sys, tempfile
import numpy as np
import orbax.checkpoint as ocp


def kept(accuracies, count):
    options = ocp.CheckpointManagerOptions(
        max_to_keep=count, best_fn=lambda metrics: metrics["accuracy"], best_mode="max", enable_async_checkpointing=False
    )
    with ocp.CheckpointManager(tempfile.mkdtemp(dir=sys.argv[1]), options=options) as manager:
        for step, accuracy in enumerate(accuracies):
            manager.save(step, args=ocp.args.StandardSave({"w": np.arange(3.0)}), metrics={"accuracy": accuracy})
        return sorted(manager.all_steps()), manager.best_step()


print("orbax-checkpoint", ocp.__version__)
seen = {
    "without": kept([0.7, 0.5, 0.6], 1),
    "-inf": kept([0.7, -math.inf, 0.5, 0.6], 1),
    "NaN": kept([0.7, math.nan, 0.5, 0.6], 1),
    "NaN, two kept": kept([0.7, 0.8, math.nan, 0.5, 0.6], 2),
}
print(seen)
assert seen == {"without": ([0], 0), "-inf": ([0], 0), "NaN": ([3], 3), "NaN, two kept": ([3, 4], 4)}, seen
PY
echo 'as it was'
