"""What TensorBoard's own reader makes of a folder, and the processor time that it takes; one JSON object."""

import hashlib, json, struct, sys, time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

started = time.process_time()
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
seconds = time.process_time() - started
digest = hashlib.sha256()
for tag in sorted(events.Tags()["scalars"]):
    values = events.Scalars(tag)
    digest.update(f"{tag} {len(values)}\n".encode())
    for value in values:
        digest.update(struct.pack("<dd", value.step, value.value))
print(json.dumps({"seconds": seconds, "digest": digest.hexdigest()}))
