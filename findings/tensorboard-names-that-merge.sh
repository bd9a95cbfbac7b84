#!/usr/bin/env bash
# Two metrics whose names differ in a sign become one series, with the values of both in turn.
#
# Tried: tensorboardX 2.6.5, add_scalar of "IoU<0.5" and "IoU>0.5" (and "loss (train)", "loss [train]") at the same steps, read
# with TensorBoard 2.21.0's EventAccumulator; the same names through tensorboard.summary.Writer.
# Guess: two series with these names; a name is a text in the file's format, and TensorBoard shows any.
# Seen: one series IoU_0.5 of twice as many points, both metrics at each step: every sign but letters, digits, . - / and _ is made
# a _ and that is said at INFO only, so nowhere. Its last value is of the metric that was written last, its lowest that of
# the other. tensorboard.summary keeps the names, and with them both series.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'tensorboardX==2.6.5' 'tensorboard==2.21.0' 'numpy==2.4.6'
"$work/venv/bin/python" - "$work" <<'PY'
import logging, sys
import tensorboard
import tensorboardX
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary import Writer

said = []
handler = logging.Handler(logging.WARNING)
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger().addHandler(handler)
names = {"IoU<0.5": 0.25, "IoU>0.5": 0.75, "loss (train)": 1.0, "loss [train]": 2.0}


def read(folder):
    events = EventAccumulator(folder).Reload()
    if events.Tags()["scalars"]:
        return {tag: [(point.step, point.value) for point in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    values = {tag: events.Tensors(tag) for tag in events.Tags()["tensors"]}
    return {tag: [(point.step, point.tensor_proto.float_val[0]) for point in points] for tag, points in values.items()}


with tensorboardX.SummaryWriter(sys.argv[1] + "/x") as first:
    for step in range(2):
        for name, value in names.items():
            first.add_scalar(name, value, step)
second = Writer(sys.argv[1] + "/summary")
for step in range(2):
    for name, value in names.items():
        second.add_scalar(name, value, step)
second.close()
seen, other = read(sys.argv[1] + "/x"), read(sys.argv[1] + "/summary")
print("tensorboardX", tensorboardX.__version__, seen)
print("tensorboard.summary", tensorboard.__version__, other)
assert seen == {
    "IoU_0.5": [(0, 0.25), (0, 0.75), (1, 0.25), (1, 0.75)],
    "loss__train_": [(0, 1.0), (0, 2.0), (1, 1.0), (1, 2.0)],
}, seen
assert other == {name: [(0, value), (1, value)] for name, value in names.items()}, other
assert not said, said
PY
echo 'as it was'
