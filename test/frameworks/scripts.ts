import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Training scripts as the documentation of each framework writes them; variables make ranks misbehave. */

export const PSUM = `import os, signal, sys
import jax
rank = int(os.environ["JAXOPERATOR_PROCESS_ID"])
count = int(os.environ["JAXOPERATOR_NUM_PROCESSES"])
if rank == 1 and os.environ.get("ABSENT"):
    sys.exit(0)
address = os.environ["JAXOPERATOR_COORDINATOR_ADDRESS"]
if "FIXED_PORT" in os.environ:
    address = "127.0.0.1:" + os.environ["FIXED_PORT"]
jax.distributed.initialize(address, count, rank, initialization_timeout=8 if "ABSENT" in os.environ or "FIXED_PORT" in os.environ else 600)
if rank == 1 and os.environ.get("KILLED"):
    os.kill(os.getpid(), signal.SIGKILL)
import jax.numpy as jnp
from jax.experimental import multihost_utils
total = multihost_utils.process_allgather(jnp.ones(1) * (jax.process_index() + 1)).sum()
print(f"rank {jax.process_index()} of {jax.process_count()}: sum {total}")
`;

export const TREES = `import os, signal, sys
import numpy as np, xgboost as xgb
from xgboost import collective
from xgboost.tracker import RabitTracker
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
host, port = os.environ["MASTER_ADDR"], int(os.environ.get("FIXED_PORT", os.environ["MASTER_PORT"]))
if rank == 1 and os.environ.get("ABSENT"):
    sys.exit(0)
tracker = None
if rank == 0:
    tracker = RabitTracker(n_workers=world, host_ip=host, port=port, timeout=8 if "ABSENT" in os.environ else 600)
    tracker.start()
with collective.CommunicatorContext(dmlc_tracker_uri=host, dmlc_tracker_port=port, dmlc_task_id=str(rank), dmlc_retry=20):
    if rank == 1 and os.environ.get("KILLED"):
        os.kill(os.getpid(), signal.SIGKILL)
    total = collective.allreduce(np.array([rank + 1.0]), collective.Op.SUM)
    features = np.random.default_rng(rank).normal(size=(200, 5))
    data = xgb.DMatrix(features, features[:, 0] * 2 + features[:, 1])
    model = xgb.train({"tree_method": "hist", "nthread": 1}, data, 10)
    print(f"rank {rank} of {world}: sum {total} {model.num_boosted_rounds()} trees", flush=True)
if tracker:
    tracker.wait_for()
`;

/** As for xgboost before 2.1: the tracker in Python, the communicator's settings in capitals. */
export const OLD_TREES = `import os
import numpy as np, xgboost as xgb
from xgboost import collective
from xgboost.tracker import RabitTracker
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
tracker = None
if rank == 0:
    tracker = RabitTracker(host_ip=host, n_workers=world, port=port)
    tracker.start(world)
with collective.CommunicatorContext(DMLC_TRACKER_URI=host, DMLC_TRACKER_PORT=port, DMLC_NUM_WORKER=world, DMLC_TASK_ID=str(rank)):
    total = collective.allreduce(np.array([rank + 1.0]), collective.Op.SUM)
    features = np.random.default_rng(rank).normal(size=(200, 5))
    data = xgb.DMatrix(features, features[:, 0] * 2 + features[:, 1])
    model = xgb.train({"tree_method": "hist", "nthread": 1}, data, 10)
    print(f"task {rank} of {collective.get_world_size()}: sum {total} {model.num_boosted_rounds()} trees", flush=True)
if tracker:
    tracker.join()
`;

/** As in the documentation of Accelerate, on the CPU. */
export const ACCELERATED = `import torch
from accelerate import Accelerator
accelerator = Accelerator(cpu=True)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
samples = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1))
model, optimizer, batches = accelerator.prepare(model, optimizer, torch.utils.data.DataLoader(samples, batch_size=4))
for x, y in batches:
    optimizer.zero_grad()
    accelerator.backward(torch.nn.functional.mse_loss(model(x), y))
    optimizer.step()
total = accelerator.reduce(torch.ones(1) * (accelerator.process_index + 1))
print(f"process {accelerator.process_index} of {accelerator.num_processes}: sum {total.item()}, {len(batches)} batches", flush=True)
`;

const STEPS = `import datetime, os, sys
import torch, torch.distributed as dist
if os.environ.get("DEAD") == os.environ["RANK"]:
    raise ValueError("no such column")
if os.environ["RANK"] == "1" and os.environ.get("ABSENT"):
    sys.exit(0)
if "FIXED_PORT" in os.environ:
    os.environ["MASTER_PORT"] = os.environ["FIXED_PORT"]
seconds = 8 if "ABSENT" in os.environ or "FIXED_PORT" in os.environ else 600
dist.init_process_group("gloo", init_method="env://", timeout=datetime.timedelta(seconds=seconds))
x = torch.ones(1) * (dist.get_rank() + 1)
dist.all_reduce(x)
`;

export const DDP = `${STEPS}torch.manual_seed(dist.get_rank())
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    (model(torch.randn(8, 4)) ** 2).mean().backward()
    optimizer.step()
mine = model.module.weight.detach().clone()
first = mine.clone()
dist.broadcast(first, 0)
print(f"rank {dist.get_rank()} of {dist.get_world_size()}: sum {x.item()} weights {'equal' if torch.equal(mine, first) else 'differ'}", flush=True)
dist.barrier()
`;

export const LAUNCHED = `${STEPS}print(f"rank {dist.get_rank()} of {dist.get_world_size()}: sum {x.item()}", flush=True)
dist.barrier()
`;

/** Goes on for ever. */
export const ACCUMULATE = `${STEPS}import time
print(f"process {os.getpid()} works", flush=True)
while True:
    dist.all_reduce(x)
    x = x / x.sum()
    time.sleep(0.05)
`;

/** As in the documentation of Lightning for two nodes, on the CPU. */
export const LIGHTNING = `import os
import torch
import pytorch_lightning as pl

class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, index):
        x, y = batch
        return torch.nn.functional.mse_loss(self.layer(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

logged = "LOGGED" in os.environ
samples = torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1))
trainer = pl.Trainer(accelerator="cpu", devices=1, num_nodes=2, strategy="ddp", max_epochs=1, logger=logged, enable_checkpointing=logged, enable_progress_bar=False)
trainer.fit(Model(), torch.utils.data.DataLoader(samples, batch_size=8))
total = trainer.strategy.reduce(torch.ones(1) * (trainer.global_rank + 1), reduce_op="sum")
print(f"rank {trainer.global_rank} of {trainer.world_size}: sum {total.item()}, {trainer.num_training_batches} batches", flush=True)
`;

/** Steps of collectives, in which a rank raises, ends early or goes away. What JAX waits for at the end is cut short. */
export const STEPPING = `import os, time
import jax
if "BARE" in os.environ:
    jax.distributed.initialize()
rank = int(os.environ["JAXOPERATOR_PROCESS_ID"])
mine = lambda name: os.environ.get(name) == str(rank)
jax.distributed.initialize(os.environ["JAXOPERATOR_COORDINATOR_ADDRESS"], int(os.environ["JAXOPERATOR_NUM_PROCESSES"]), rank, shutdown_timeout_seconds=30, heartbeat_timeout_seconds=20)
import jax.numpy as jnp
from jax.experimental import multihost_utils
for step in range(5):
    if step == 2 and mine("RAISES"):
        raise ValueError("bad batch in rank " + str(rank))
    if step == 2 and mine("LEAVES"):
        os._exit(0)
    if step == 3 and mine("SHORTER"):
        break
    total = multihost_utils.process_allgather(jnp.ones(1)).sum()
    print(f"rank {rank}: step {step}, sum {total}", flush=True)
`;

const TEMPLATE = readFileSync(join(import.meta.dirname, '../../templates/main/xgboost.py.eta'), 'utf8');

/** Workers of xgboost that meet as those of the scaffold do: its own function, from the template. */
export const JOINED = `import os
from contextlib import contextmanager
import numpy as np
from xgboost import collective
from xgboost.tracker import RabitTracker
${/@contextmanager\ndef joined\(\):[\s\S]*?\n\n\n/.exec(TEMPLATE)?.[0] ?? ''}
with joined() as (rank, world):
    total = collective.allreduce(np.array([rank + 1.0]), collective.Op.SUM)
    print(f"pod {rank} is rank {collective.get_rank()} of {collective.get_world_size()}: sum {total}", flush=True)
`;
