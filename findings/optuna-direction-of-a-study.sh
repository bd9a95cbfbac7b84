#!/usr/bin/env bash
# A study that is there keeps its direction, whatever the next program asks for: the worst trial is its best.
#
# Tried: Optuna 5.0.0, a study of SQLite made without a direction (which is to minimize), then create_study of the same name with
# direction="maximize", load_if_exists=True, as every worker of a sweep or a corrected program calls it; and directions of two.
# Guess: an error, as of old ("Cannot overwrite study direction"), or a warning.
# Seen: neither; study.direction is MINIMIZE, best_trial is that of the lowest accuracy, the sampler looks for low ones, and
# pruning stops the good ones. Only an INFO line says that an existing study is used, the same as when all is well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'optuna==5.0.0'
"$work/venv/bin/python" - "sqlite:///$work/study.db" 2>"$work/log" <<'PY' || { cat "$work/log"; exit 1; }
import sys, warnings
import optuna

said = []
warnings.showwarning = lambda message, *_rest, **_more: said.append(str(message))
optuna.logging.disable_propagation()


def study(**wanted):
    return optuna.create_study(
        study_name="sweep", storage=sys.argv[1], sampler=optuna.samplers.TPESampler(seed=0), load_if_exists=True, **wanted
    )


study().optimize(lambda trial: trial.suggest_float("accuracy", 0, 1), n_trials=5)
said.clear()
again = study(direction="maximize")
again.optimize(lambda trial: trial.suggest_float("accuracy", 0, 1), n_trials=40)
values = [trial.value for trial in again.trials]
two = study(directions=["maximize", "minimize"])
print("optuna", optuna.__version__, again.direction.name, "best", again.best_value, "of", min(values), "to", max(values))
print("mean of the last ten:", sum(values[-10:]) / 10, "of two directions:", [one.name for one in two.directions])
assert again.direction.name == "MINIMIZE" and again.best_value == min(values) < max(values)
assert sum(values[-10:]) / 10 < 0.5
assert [one.name for one in two.directions] == ["MINIMIZE"]
assert not said, said
PY
grep -q "Using an existing study" "$work/log"
if grep -Eiq 'warn|\[W|direction' "$work/log"; then cat "$work/log"; exit 1; fi
echo 'as it was'
