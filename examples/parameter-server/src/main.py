"""Logistic regression by a master and its workers, which talk to each other over TCP."""

import json
import math
import os
import random
import socket
import time
from dataclasses import dataclass
from pathlib import Path

TRUTH = (1.5, -2.0, 0.5)
ROWS = 5_000  # of each worker
ROUNDS = 30
LEARNING_RATE = float(os.environ.get("LEARNING_RATE", "2.0"))
PATIENCE_S = 60


@dataclass(frozen=True)
class Place:
    """Where this pod stands in the run."""

    role: str  # master or worker
    number: int  # among the pods of its role
    workers: int


def place() -> Place:
    """Reads the variables that every pod of a jobset has. The master is the only pod that is no worker."""
    return Place(
        role=os.environ["REPLICATED_JOB_NAME"],
        number=int(os.environ["JOB_INDEX"]),
        workers=int(os.environ["GLOBAL_REPLICAS"]) - 1,
    )


def meeting_file() -> Path:
    """Where the master leaves its address."""
    folder = os.environ.get("MEETING_FOLDER") or os.environ["AICHOR_OUTPUT_PATH"]
    if "://" in folder:
        raise SystemExit(f"the pods cannot meet in {folder}: set MEETING_FOLDER to a folder that all of them see")
    return Path(folder) / "master-address.json"


def send(connection: socket.socket, message: object) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def receive(lines) -> object:
    line = lines.readline()
    if not line:
        raise SystemExit("the other side has gone")
    return json.loads(line)


def lead(here: Place) -> None:
    """The master: gathers the workers, then leads them through the rounds."""
    address = os.environ.get("MASTER_LISTEN", "127.0.0.1")
    with socket.create_server((address, 0)) as server:
        server.settimeout(PATIENCE_S)
        meeting = meeting_file()
        beside = meeting.with_suffix(".tmp")
        beside.write_text(json.dumps(server.getsockname()[:2]))
        beside.rename(meeting)
        connections = [server.accept()[0] for _ in range(here.workers)]
    streams = [(connection, connection.makefile()) for connection in connections]
    for _, lines in streams:
        print(f"worker {receive(lines)} has joined", flush=True)

    weights = [0.0] * len(TRUTH)
    for number in range(1, ROUNDS + 1):
        for connection, _ in streams:
            send(connection, weights)
        answers = [receive(lines) for _, lines in streams]
        gradient = [sum(column) / here.workers for column in zip(*(answer["gradient"] for answer in answers))]
        weights = [weight - LEARNING_RATE * slope for weight, slope in zip(weights, gradient)]
        if number % 5 == 0:
            loss = sum(answer["loss"] for answer in answers) / here.workers
            print(f"round {number}: loss {loss:.4f}, weights {[round(weight, 2) for weight in weights]}", flush=True)
    for connection, _ in streams:
        send(connection, None)
    result = Path(os.environ["AICHOR_OUTPUT_PATH"]) / "weights.json"
    result.write_text(json.dumps(weights))
    print(f"wrote {result.name}", flush=True)


def master_address() -> tuple[str, int]:
    """Waits until the master says where it listens."""
    give_up = time.monotonic() + PATIENCE_S
    while not meeting_file().exists():
        if time.monotonic() > give_up:
            raise SystemExit(f"no master after {PATIENCE_S} s")
        time.sleep(0.05)
    host, port = json.loads(meeting_file().read_text())
    return host, port


def work(here: Place) -> None:
    """A worker: answers weights with the gradient of its own rows until there are no more."""
    rows = list(own_rows(here))
    with socket.create_connection(master_address(), timeout=PATIENCE_S) as connection:
        lines = connection.makefile()
        send(connection, here.number)
        rounds = 0
        while (weights := receive(lines)) is not None:
            loss, gradient = evaluate(weights, rows)
            send(connection, {"loss": loss, "gradient": gradient})
            rounds += 1
    print(f"{rounds} rounds over {len(rows)} rows", flush=True)


def own_rows(here: Place):
    """This worker's part of the data: points, and whether they lie on the right side of TRUTH."""
    source = random.Random(here.number)
    for _ in range(ROWS):
        point = [source.gauss(0, 1) for _ in TRUTH]
        yield point, 1.0 if source.random() < sigmoid(dot(TRUTH, point)) else 0.0


def evaluate(weights: list[float], rows: list) -> tuple[float, list[float]]:
    """Mean log loss over the rows, and its gradient."""
    loss, gradient = 0.0, [0.0] * len(weights)
    for point, label in rows:
        guess = sigmoid(dot(weights, point))
        loss -= math.log(guess if label else 1.0 - guess)
        for i, value in enumerate(point):
            gradient[i] += (guess - label) * value
    return loss / len(rows), [slope / len(rows) for slope in gradient]


def dot(a, b) -> float:
    return sum(x * y for x, y in zip(a, b))


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, x))))


if __name__ == "__main__":
    here = place()
    if here.role == "master":
        lead(here)
    else:
        work(here)
