#!/usr/bin/env bash
# What is enqueued for an Optuna trial is neither held to the search space nor to its names.
#
# Tried: optuna 5.0.0, enqueue_trial({"lr": 5.0}) where the objective suggests lr between 0 and 1; enqueue_trial({"lrr": 0.5}), a
# misspelt name.
# Guess: both are refused, when they are enqueued or when the trial asks; at the least the value is brought into the range.
# Seen: the first trial runs with 5.0, outside the range, and may be the study's best (a UserWarning says so). The second draws lr
# at random and nothing tells that the 0.5 was never asked for; it stands in the trial's attributes as a fixed parameter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'optuna==5.0.0'
"$work/venv/bin/python" - <<'PY'
import warnings
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def trial_of(enqueued):
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(enqueued)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), n_trials=20)
    return study, study.trials[0], [str(each.message) for each in told if each.category is UserWarning]


print("optuna", optuna.__version__)
study, outside, told = trial_of({"lr": 5.0})
print("outside:", outside.params, "best:", study.best_params, told)
assert outside.params == {"lr": 5.0} and study.best_trial.number == 0
assert len(told) == 1 and "out of range" in told[0]
_study, misspelt, told = trial_of({"lrr": 0.5})
print("misspelt:", misspelt.params, misspelt.system_attrs, told)
assert list(misspelt.params) == ["lr"] and misspelt.params["lr"] != 0.5 and told == []
assert misspelt.system_attrs["fixed_params"] == {"lrr": 0.5}
PY
echo 'as it was'
