"""What TensorBoard's own reader makes of a folder, and the processor time that it takes; one JSON object."""

import hashlib, json, struct, sys, time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

started = time.process_time()
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
seconds = time.process_time() - started
tags = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
for tag in events.Tags()["tensors"]:
    tags[tag] = [(e.step, make_ndarray(e.tensor_proto).item()) for e in events.Tensors(tag)]
digest = hashlib.sha256()
for tag, values in sorted(tags.items()):
    numbers = [number for pair in values for number in pair]
    digest.update(f"{tag} {len(values)}\n".encode())
    digest.update(struct.pack(f"<{len(numbers)}d", *numbers))
print(json.dumps({"seconds": seconds, "digest": digest.hexdigest()}))
