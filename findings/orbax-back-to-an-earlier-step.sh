#!/usr/bin/env bash
# A run goes back to an earlier checkpoint, and none of what it then learns is saved until it passes the newest one.
#
# Tried: orbax-checkpoint 0.12.8, a CheckpointManager with steps 0, 50 and 100; restore(50), because the loss went up after it;
# then save at 60, 70, 80, 90 and 100.
# Guess: they are saved, 100 replaces the old 100; or StepAlreadyExistsError, or a warning at the least.
# Seen: save returns False for each, nothing is logged, and nothing is written. A pod that is evicted at 90 and starts again
# with latest_step() goes on from the OLD 100, the state that was to be left behind. delete(100) after restore(50) helps, and so
# does force=True, though only for steps that are not there: with it the save at 100 is refused.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'orbax-checkpoint==0.12.8' 'jax==0.10.2' 'numpy==2.4.6'
JAX_PLATFORMS=cpu "$work/venv/bin/python" -W ignore - "$work" <<'PY'
import logging, sys, tempfile
import numpy as np
import orbax.checkpoint as ocp

said = []
handler = logging.Handler(logging.WARNING)
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger().addHandler(handler)
logging.getLogger("absl").addHandler(handler)


def manager():
    options = ocp.CheckpointManagerOptions(enable_async_checkpointing=False)
    return ocp.CheckpointManager(tempfile.mkdtemp(dir=sys.argv[1]), options=options)


def save(into, step, value, **more):
    return into.save(step, args=ocp.args.StandardSave({"w": np.full(2, float(value))}), **more)


with manager() as checkpoints:
    for step in (0, 50, 100):
        assert save(checkpoints, step, step)
    assert checkpoints.restore(50)["w"][0] == 50
    said.clear()
    again = [save(checkpoints, step, -step) for step in (60, 70, 80, 90, 100)]
    warned = list(said)
    newest = checkpoints.latest_step()
    value = checkpoints.restore(newest)["w"][0]
    forced = [save(checkpoints, 90, -90, force=True)]
    try:
        forced.append(save(checkpoints, 100, -100, force=True))
    except Exception as error:
        forced.append(type(error).__name__)
with manager() as checkpoints:
    for step in (0, 50, 100):
        save(checkpoints, step, step)
    checkpoints.restore(50)
    checkpoints.delete(100)
    deleted = save(checkpoints, 60, -60), checkpoints.latest_step()
print("orbax-checkpoint", ocp.__version__, "saved:", again, "warnings:", warned)
print("newest:", newest, "holds", value, "forced:", forced, "after delete:", deleted)
assert again == [False] * 5 and not warned
assert (newest, value) == (100, 100.0)
assert forced == [True, "StepAlreadyExistsError"], forced
assert deleted == (True, 60), deleted
PY
echo 'as it was'
