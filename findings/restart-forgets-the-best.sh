#!/usr/bin/env bash
# After a restart a worse model takes the place of the best one, with the very callbacks that are made for restarts.
#
# Tried: Keras 3.15.1 (JAX), ModelCheckpoint(save_best_only=True) beside BackupAndRestore, val 1.0, 0.5, 0.8, then an interruption,
# then 0.9, 0.95, 0.96. XGBoost 3.2.0 and LightGBM 4.7.0, early stopping, data on which round 1 is the best, interrupted
# after three rounds and gone on from that model (xgb_model, init_model).
# Guess: BackupAndRestore brings back what the other callbacks know; the model of 0.5 stays. A booster has its best_iteration in
# it, so the best stays round 1, and training ends when the patience since then is over.
# Seen: the first epoch after the restart "improved from None" and its model (0.9) is written over that of 0.5. Both boosters count
# the first round after the restart as the best; best_iteration, best_score and predict are of the worse model, and the
# patience begins anew: a job that restarts often never stops. Nothing warns. The best belongs into the run's own state.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'keras==3.15.1' 'jax==0.10.2' 'numpy==2.4.6' \
  'xgboost-cpu==3.2.0' 'lightgbm==4.7.0'
cd "$work"
KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$work/venv/bin/python" -W ignore - <<'PY'
import json
import keras
import lightgbm
import numpy as np
import xgboost

VAL = [1.0, 0.5, 0.8, 0.9, 0.95, 0.96]


class Counted(keras.layers.Layer):
    """A weight that says after how many epochs it was saved."""

    def build(self, _shape):
        self.epochs = self.add_weight(name="epochs", initializer="zeros", trainable=False)
        self.scale = self.add_weight(name="scale", initializer="ones")

    def call(self, rows):
        return rows * self.scale


class Validation(keras.callbacks.Callback):
    def __init__(self, until=None):
        super().__init__()
        self.until = until

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.until:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[-1].epochs.assign(epoch + 1)
        logs["val"] = VAL[epoch]


def fit(name, until=None):
    model = keras.Sequential([keras.Input((1,)), Counted()])
    model.compile("sgd", "mse")
    callbacks = [
        Validation(until),
        keras.callbacks.ModelCheckpoint(f"{name}.weights.h5", "val", mode="min", save_best_only=True, save_weights_only=True),
        keras.callbacks.BackupAndRestore(f"{name}-backup"),
    ]
    try:
        done = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=6, verbose=0, callbacks=callbacks).epoch
    except KeyboardInterrupt:
        done = None
    model.load_weights(f"{name}.weights.h5")
    return int(model.layers[-1].epochs.numpy() if hasattr(model.layers[-1].epochs, "numpy") else model.layers[-1].epochs), done


seen = {"keras": [fit("whole")[0], fit("cut", until=3)[0], *fit("cut")]}

draw = np.random.default_rng(0)
rows, target = draw.normal(size=(400, 20)), draw.normal(size=400)
other, elsewhere = draw.normal(size=(100, 20)), draw.normal(size=100)


def boost_x(rounds, model=None):
    data, check = xgboost.DMatrix(rows, target), xgboost.DMatrix(other, elsewhere)
    settings = {"eta": 0.9, "max_depth": 8, "nthread": 1, "seed": 0}
    booster = xgboost.train(
        settings, data, rounds, evals=[(check, "check")], early_stopping_rounds=4, verbose_eval=False, xgb_model=model
    )
    booster.save_model("x.ubj")
    return booster.best_iteration + 1, round(float(booster.best_score), 4), booster.num_boosted_rounds()


def boost_l(rounds, model=None):
    data = lightgbm.Dataset(rows, target)
    check = lightgbm.Dataset(other, elsewhere, reference=data)
    settings = {"learning_rate": 0.9, "num_threads": 1, "seed": 0, "deterministic": True, "verbosity": -1}
    booster = lightgbm.train(
        settings, data, rounds, valid_sets=[check], init_model=model, callbacks=[lightgbm.early_stopping(4, verbose=False)]
    )
    booster.save_model("l.txt", num_iteration=-1)
    return booster.best_iteration, round(float(booster.best_score["valid_0"]["l2"]), 4), booster.num_trees()


seen["xgboost"] = [boost_x(20), boost_x(3), boost_x(20, "x.ubj")]
seen["lightgbm"] = [boost_l(20), boost_l(3), boost_l(20, "l.txt")]
print("keras", keras.__version__, "xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__)
print(json.dumps(seen))
assert seen["keras"] == [2, 2, 4, [3, 4, 5]], seen
for name in ("xgboost", "lightgbm"):
    whole, _, resumed = seen[name]
    assert whole[0] == 1 and resumed[0] > whole[0] and resumed[1] > whole[1], seen
PY
echo 'as it was'
