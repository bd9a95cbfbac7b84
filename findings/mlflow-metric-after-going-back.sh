#!/usr/bin/env bash
# A run goes on from an earlier checkpoint, and MLflow keeps showing the loss of the attempt that was thrown away.
#
# Tried: MLflow 3.17.2 with a SQLite store: loss at steps 0 to 3, then, later, at steps 1 and 2 again, as after a crash. And three
# values without a step, with one time stamp.
# Guess: run.data.metrics has the value that was logged last, as the documentation of RunData.metrics says: "the metric value
# with the latest timestamp".
# Seen: it has the value of the highest step, 3, of the first attempt, though both values of the second are newer; so do
# search_runs and its order_by. A run that diverged, went back and ended early by its new schedule is ranked by the diverged loss.
# Without a step all are step 0: of those of one millisecond the LARGEST counts, not the last; for a loss that is the worst.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'mlflow==3.17.2'
cd "$work"
MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true "$work/venv/bin/python" -W ignore - "sqlite:///$work/runs.db" 2>"$work/log" <<'PY' || { cat "$work/log"; exit 1; }
import sys
import mlflow

client = mlflow.MlflowClient(sys.argv[1])
experiment = client.create_experiment("restarts")


def run(points):
    run_id = client.create_run(experiment).info.run_id
    for step, time, value in points:
        client.log_metric(run_id, "loss", value, timestamp=time, step=step)
    return client.get_run(run_id)


back = run([(0, 1, 1.0), (1, 2, 0.9), (2, 3, 5.0), (3, 4, 80.0), (1, 5, 0.8), (2, 6, 0.7)])
at_once = run([(None, 1, 3.0), (None, 1, 2.0), (None, 1, 1.0)])
better = run([(0, 1, 1.0), (3, 2, 0.75)])
ranked = [one.info.run_id for one in client.search_runs([experiment], order_by=["metrics.loss ASC"])]
seen = [one.data.metrics["loss"] for one in (back, at_once)]
print("mlflow", mlflow.__version__, "after going back:", seen[0], "at once:", seen[1])
print("place among three:", ranked.index(back.info.run_id) + 1)
assert "latest timestamp" in type(back.data).metrics.fget.__doc__
assert seen == [80.0, 3.0], seen
assert ranked == [better.info.run_id, at_once.info.run_id, back.info.run_id], ranked
PY
echo 'as it was'
