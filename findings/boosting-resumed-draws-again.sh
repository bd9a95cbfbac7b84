#!/usr/bin/env bash
# Boosting that goes on from a saved model draws the columns and rows of the first rounds once more.
#
# Tried: XGBoost 3.2.0 and LightGBM 4.7.0 with a seed, one thread and a share of the columns for each tree: ten rounds at once;
# and five, saved, then five more from that model (xgb_model, init_model). The same with a share of the rows.
# Guess: both ways give one model, as they do when nothing is drawn; the number of trees in the model says how far the draws are.
# Seen: without draws they are equal to the last digit. With them they differ: tree 6 is drawn as tree 1 was, 7 as 2, and so on.
# A run of 1,000 rounds that is preempted every 50 sees no more than 50 draws of columns. Nothing warns. XGBoost's
# seed_per_iteration does not help. A seed that has the number of the rounds that are done in it does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'numpy==2.4.6' 'pandas==3.1.1' 'xgboost-cpu==3.2.0' \
  'lightgbm==4.7.0'
"$work/venv/bin/python" - "$work/model" <<'PY'
import sys, warnings
import lightgbm
import numpy as np
import xgboost

warnings.simplefilter("error")
COLUMNS = 60
draw = np.random.default_rng(0)
rows = draw.normal(size=(300, COLUMNS))
target = rows @ draw.normal(size=COLUMNS)


class OfXgboost:
    columns, share_of_rows = {"colsample_bytree": 1 / COLUMNS}, {"subsample": 0.5}

    def train(self, settings, rounds, model=None):
        settings = {"seed": 3, "nthread": 1, "max_depth": 3, **settings}
        booster = xgboost.train(settings, xgboost.DMatrix(rows, target), rounds, xgb_model=model)
        booster.save_model(sys.argv[1] + ".ubj")
        return booster, sys.argv[1] + ".ubj"

    def predict(self, booster):
        return booster.predict(xgboost.DMatrix(rows))

    def used(self, booster):
        table = booster.trees_to_dataframe()
        return [set(table[(table.Tree == tree) & (table.Feature != "Leaf")].Feature) for tree in range(10)]


class OfLightgbm:
    columns, share_of_rows = {"feature_fraction": 1 / COLUMNS}, {"bagging_fraction": 0.5, "bagging_freq": 1}

    def train(self, settings, rounds, model=None):
        settings = {"seed": 3, "num_threads": 1, "deterministic": True, "max_depth": 3, "verbosity": -1, **settings}
        booster = lightgbm.train(settings, lightgbm.Dataset(rows, target), rounds, init_model=model)
        booster.save_model(sys.argv[1] + ".txt")
        return booster, sys.argv[1] + ".txt"

    def predict(self, booster):
        return booster.predict(rows)

    def used(self, booster):
        table = booster.trees_to_dataframe()
        return [set(table[(table.tree_index == tree)].split_feature.dropna()) for tree in range(10)]


def difference(of, settings, later=None):
    whole, _ = of.train(settings, 10)
    _, half = of.train(settings, 5)
    resumed, _ = of.train(settings | (later or {}), 5, half)
    return float(np.abs(of.predict(whole) - of.predict(resumed)).max()), of.used(whole), of.used(resumed)


def repeated(used):
    return [first == second for first, second in zip(used[:5], used[5:])]


print("xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__)
for of in (OfXgboost(), OfLightgbm()):
    plain, _, _ = difference(of, {})
    by_rows, _, _ = difference(of, of.share_of_rows)
    by_columns, whole, resumed = difference(of, of.columns)
    _, _, seeded = difference(of, of.columns, {"seed": 3 + 5})
    print(type(of).__name__, "differs by", plain, "with rows drawn", by_rows, "with columns drawn", by_columns)
    print("  columns of the five later trees are those of the first five:", repeated(whole), "resumed:", repeated(resumed))
    assert plain == 0 and by_rows > 0 and by_columns > 0
    assert repeated(resumed) == [True] * 5 and True not in repeated(whole) and True not in repeated(seeded)
_, _, resumed = difference(OfXgboost(), OfXgboost.columns | {"seed_per_iteration": True})
assert repeated(resumed) == [True] * 5
PY
echo 'as it was'
