#!/usr/bin/env bash
# LightGBM takes the columns of a DataFrame by their place: a table with the same columns in another order is scored wrongly.
#
# Tried: LightGBM 4.7.0, train and LGBMRegressor with a DataFrame of the columns age, income, score, then predict of the same rows
# with the columns sorted otherwise, as they come from another query or a dictionary. Beside it XGBoost 3.2.0, scikit-learn 1.9.1.
# Guess: the model has the names of its columns in it (feature_name() gives them), so it takes them by name, or refuses.
# Seen: neither the Booster nor the scikit-learn class warns or raises; the predictions are those of a table whose age is the
# income. Wrong names are taken as well. XGBoost and scikit-learn raise ValueError. predict(…, validate_features=True), False by
# default, makes LightGBM raise too, and would have found it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'numpy==2.4.6' 'pandas==3.1.1' 'scikit-learn==1.9.1' \
  'xgboost-cpu==3.2.0' 'lightgbm==4.7.0'
"$work/venv/bin/python" - <<'PY'
import warnings
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor

warnings.simplefilter("error")
names = ["income", "score", "age"]
table = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=["age", "income", "score"])
target = table["age"] * 3 + table["score"]
models = {
    "Booster": lightgbm.train({"verbosity": -1, "num_threads": 1}, lightgbm.Dataset(table, target), 20),
    "LGBMRegressor": lightgbm.LGBMRegressor(verbosity=-1, n_jobs=1).fit(table, target),
    "XGBRegressor": xgboost.XGBRegressor(n_estimators=20, n_jobs=1).fit(table, target),
    "HistGradientBoosting": HistGradientBoostingRegressor().fit(table, target),
}


def scored(model, other, **more):
    """Whether that is the same as of the table it learnt from, or how it refuses."""
    try:
        return bool(np.allclose(model.predict(other, **more), model.predict(table)))
    except Exception as error:
        return type(error).__name__


seen = {name: scored(model, table[names]) for name, model in models.items()}
renamed = scored(models["Booster"], table.rename(columns={"age": "weight"}))
by_place = np.array_equal(models["Booster"].predict(table[names]), models["Booster"].predict(table[names].to_numpy()))
checked = [scored(models[name], table[names], validate_features=True) for name in ("Booster", "LGBMRegressor")]
print("lightgbm", lightgbm.__version__, "xgboost", xgboost.__version__, "the same:", seen, "checked:", checked)
assert models["Booster"].feature_name() == list(table.columns)
assert seen == {"Booster": False, "LGBMRegressor": False, "XGBRegressor": "ValueError", "HistGradientBoosting": "ValueError"}
assert renamed is True and by_place
assert checked == ["LightGBMError"] * 2, checked
PY
echo 'as it was'
