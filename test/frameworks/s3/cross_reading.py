"""Each library writes objects, and every library reads what all of them wrote.

    python cross_reading.py ENDPOINT OUTPUTS PREFIX

The keys stand in the environment. Prints what is not so, then a count.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
import numpy
import obstore
import polars
import pyarrow
import pyarrow.fs
import pyarrow.parquet
import s3fs
import smart_open
import tensorstore
from obstore.store import S3Store

ENDPOINT, BUCKET, PREFIX = sys.argv[1:4]
# More than a part of any of them: it goes in parts where the library sends it so.
LARGE = bytes(range(256)) * (40 * 1024)
SMALL = "größer\n".encode()
counts = {"right": 0, "wrong": 0}

plain = boto3.client("s3")
files = s3fs.S3FileSystem()
arrow = pyarrow.fs.S3FileSystem(endpoint_override=ENDPOINT, scheme="http")
store = S3Store(
    BUCKET, endpoint=ENDPOINT, region=os.environ["AWS_REGION"], client_options={"allow_http": True}
)


def key(name):
    return f"{PREFIX}cross/{name}"


def address(name):
    return f"s3://{BUCKET}/{key(name)}"




def write_s3fs(name, content):
    with files.open(f"{BUCKET}/{key(name)}", "wb") as file:
        file.write(content)


def write_arrow(name, content):
    with arrow.open_output_stream(f"{BUCKET}/{key(name)}") as file:
        file.write(content)


def write_smart(name, content):
    with smart_open.open(address(name), "wb") as file:
        file.write(content)


def read_s3fs(name):
    with files.open(f"{BUCKET}/{key(name)}", "rb") as file:
        return file.read()


def read_arrow(name):
    with arrow.open_input_stream(f"{BUCKET}/{key(name)}") as file:
        return file.read()


def read_smart(name):
    with smart_open.open(address(name), "rb") as file:
        return file.read()


def read_tensorstore(name):
    return kept().read(key(name)).result().value


def kept():
    return tensorstore.KvStore.open(
        {
            "driver": "s3",
            "bucket": BUCKET,
            "endpoint": ENDPOINT,
            "aws_region": os.environ["AWS_REGION"],
            "aws_credentials": {"type": "environment"},
        }
    ).result()


def rclone(*words, content=b""):
    settings = {"TYPE": "s3", "PROVIDER": "Other", "ENV_AUTH": "true", "ENDPOINT": ENDPOINT}
    # The version of Debian ends at once where it is told of certificates and speaks without TLS.
    env = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
    env |= {f"RCLONE_CONFIG_STORE_{name}": value for name, value in settings.items()}
    return subprocess.run(["rclone", *words], input=content, env=env, check=True, capture_output=True).stdout


def remote(name):
    return f"store:{BUCKET}/{key(name)}"


WRITERS = {
    "boto3": lambda name, content: plain.upload_fileobj(io.BytesIO(content), BUCKET, key(name)),
    "s3fs": write_s3fs,
    "pyarrow": write_arrow,
    "obstore": lambda name, content: obstore.put(store, key(name), content),
    "smart_open": write_smart,
    "tensorstore": lambda name, content: kept().write(key(name), content).result(),
}
READERS = {
    "boto3": lambda name: plain.get_object(Bucket=BUCKET, Key=key(name))["Body"].read(),
    "s3fs": read_s3fs,
    "pyarrow": read_arrow,
    "obstore": lambda name: obstore.get(store, key(name)).bytes().to_bytes(),
    "smart_open": read_smart,
    "tensorstore": read_tensorstore,
}
if shutil.which("rclone"):
    WRITERS["rclone"] = lambda name, content: rclone("rcat", remote(name), content=content)
    READERS["rclone"] = lambda name: rclone("cat", remote(name))


def check(name, work):
    try:
        right = work()
        said = right
    except Exception as error:
        right, said = False, repr(error)
    counts["right" if right else "wrong"] += 1
    if not right:
        print("not so:", name, str(said)[:400])


def write(name, work):
    """Writing is right when it ends; what it wrote is told by those who read it."""
    check(f"{name} writes", lambda: (work(), True)[1])


contents = {"small": SMALL, "empty": b"", "large": LARGE}
for writer, put in WRITERS.items():
    for kind, content in contents.items():
        write(f"{writer} {kind}", lambda: put(f"{writer}/{kind}", content))
for reader, get in READERS.items():
    for writer in WRITERS:
        for kind, content in contents.items():
            check(f"{reader} reads {kind} of {writer}", lambda: bytes(get(f"{writer}/{kind}")) == content)

# Lists, each in its own way.
wanted = sorted(f"{writer}/{kind}" for writer in WRITERS for kind in contents)
below = key("")
LISTS = {
    "boto3": lambda: [
        one["Key"]
        for page in plain.get_paginator("list_objects_v2").paginate(
            Bucket=BUCKET, Prefix=below, PaginationConfig={"PageSize": 4}
        )
        for one in page["Contents"]
    ],
    "s3fs": lambda: [one.split("/", 1)[1] for one in files.find(f"{BUCKET}/{below}")],
    "pyarrow": lambda: [
        one.path.split("/", 1)[1]
        for one in arrow.get_file_info(pyarrow.fs.FileSelector(f"{BUCKET}/{below}", recursive=True))
        if one.is_file
    ],
    "obstore": lambda: [one["path"] for page in obstore.list(store, below) for one in page],
    "tensorstore": lambda: [
        one.decode() for one in kept().list(tensorstore.KvStore.KeyRange(below, below[:-1] + "0")).result()
    ],
}
if "rclone" in WRITERS:
    LISTS["rclone"] = lambda: [
        below + one for one in rclone("lsf", "-R", "--files-only", remote("")).decode().split("\n") if one
    ]
for name, lists in LISTS.items():
    check(f"{name} lists", lambda: sorted(one[len(below) :] for one in lists()) == wanted)

# Tables: one writes, the other reads.
table = {"a": [1, 2, 3], "b": ["x", "y", "ü"]}
OPTIONS = {"aws_endpoint_url": ENDPOINT, "aws_allow_http": "true"}
write("polars parquet", lambda: polars.DataFrame(table).write_parquet(address("polars.parquet"), storage_options=OPTIONS))
write(
    "pyarrow parquet",
    lambda: pyarrow.parquet.write_table(
        pyarrow.table(table), f"{BUCKET}/{key('arrow.parquet')}", filesystem=arrow
    ),
)
for name in ("polars", "arrow"):
    check(
        f"polars reads parquet of {name}",
        lambda: polars.read_parquet(address(f"{name}.parquet"), storage_options=OPTIONS).to_dict(as_series=False) == table,
    )
    check(
        f"polars scans parquet of {name}",
        lambda: polars.scan_parquet(address(f"{name}.parquet"), storage_options=OPTIONS)
        .filter(polars.col("a") > 1)
        .collect()["b"]
        .to_list()
        == table["b"][1:],
    )
    check(
        f"pyarrow reads parquet of {name}",
        lambda: pyarrow.parquet.read_table(f"{BUCKET}/{key(name + '.parquet')}", filesystem=arrow).to_pydict() == table,
    )

# An array of many chunks, as Orbax keeps checkpoints.
array = numpy.arange(10_000, dtype="float32").reshape(100, 100)
spec = {
    "driver": "zarr",
    "kvstore": {**kept().spec().to_json(), "path": key("array/")},
    "metadata": {"shape": [100, 100], "chunks": [10, 10], "dtype": "<f4"},
}
write("tensorstore array", lambda: tensorstore.open(spec, create=True).result().write(array).result())
check(
    "tensorstore reads its array",
    lambda: numpy.array_equal(tensorstore.open(spec, open=True).result().read().result(), array),
)
check("a chunk for each file", lambda: len(files.ls(f"{BUCKET}/{key('array')}", refresh=True)) == 101)

# Events, as TensorBoard reads them.
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboardX import SummaryWriter  # noqa: E402


def scalars():
    events = EventAccumulator(address("events"))
    events.Reload()
    return [round(one.value, 3) for one in events.Scalars("loss")] == [0.5, 0.25, 0.125]


def points():
    with SummaryWriter(address("events")) as writer:
        for step, value in enumerate([0.5, 0.25, 0.125]):
            writer.add_scalar("loss", value, step)


def shown():
    """What the program itself tells a browser."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--logdir", address("events"), "--port", str(port), "--load_fast", "false"]
    program = subprocess.Popen([sys.executable, "-m", "tensorboard.main", *words])
    try:
        while program.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/data/plugin/scalars/tags") as answer:
                    tags = answer.read().decode()
            except OSError:
                tags = ""
            if "loss" in tags:
                return True
            time.sleep(0.3)
        return f"it ended with {program.returncode}"
    finally:
        program.terminate()
        program.wait()


write("tensorboardX", points)
check("TensorBoard reads events of tensorboardX", scalars)
check("TensorBoard shows them", lambda: shown() is True)
print(f"{counts['right']} right, {counts['wrong']} wrong")
