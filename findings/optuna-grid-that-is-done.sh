#!/usr/bin/env bash
# An Optuna study over a grid that is done tries a point again each time it is resumed, and never the point that failed.
#
# Tried: optuna 5.0.0, GridSampler over 2x2 points in a SQLite study with load_if_exists, optimize() without a number of trials, three
# times over; then the same where one of the first four trials fails (catch=).
# Guess: the second run finds nothing left and ends at once; after a failure it tries the point that has no value.
# Seen: each further run adds a trial at one of the points that have a value already, which a warning in the log tells: means over a
# study's trials count it twice. A failed point counts as visited and is not tried again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'optuna==5.0.0'
"$work/venv/bin/python" - "$work" <<'PY'
import sys
import optuna

GRID = {"lr": [0.1, 0.2], "layers": [1, 2]}


def run(name, objective):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        study_name=name,
        storage=f"sqlite:///{sys.argv[1]}/{name}.db",
        load_if_exists=True,
        sampler=optuna.samplers.GridSampler(GRID, seed=0),
    )
    study.optimize(objective, catch=(ValueError,))
    return [(trial.state.name, tuple(trial.params.values())) for trial in study.trials]


def good(trial):
    return trial.suggest_float("lr", 0, 1) + trial.suggest_int("layers", 1, 4)


def failing(trial):
    value = good(trial)
    if trial.number == 1:
        raise ValueError("no value")
    return value


print("optuna", optuna.__version__)
runs = [run("whole", good) for _ in range(3)]
print([len(trials) for trials in runs], runs[-1])
assert [len(trials) for trials in runs] == [4, 5, 6]
assert len({point for _state, point in runs[0]}) == 4 and len({point for _state, point in runs[-1]}) == 4
first = run("failed", failing)
again = run("failed", good)
failed = next(point for state, point in first if state == "FAIL")
print("failed at", failed, "then", again[len(first):])
assert len(again) == len(first) + 1
assert sum(point == failed for _state, point in again) == 1
PY
echo 'as it was'
