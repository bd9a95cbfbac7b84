#!/usr/bin/env bash
# A checkpoint whose writing raises half-way is an object in the bucket all the same, with three of five writers.
#
# Tried: pyarrow 26.0.1, s3fs 2026.9.0, obstore 0.12.1 (open_writer, and its fsspec form), smart-open 9.0.2 against moto 5.2.5:
# `with open(…, "wb") as f: f.write(half); raise`, with 1,000 bytes (one request) and with 12 MiB (a multipart upload); and
# pyarrow's ParquetWriter with one of two tables written.
# Guess: a block that is left by an exception aborts the upload; no object appears, with any of them.
# Seen: pyarrow, s3fs and obstore's fsspec form complete the upload when the block is left, however it is left: the object is
# there, cut, with no mark of it. ParquetWriter writes its footer as well: a file that reads without error and lacks rows.
# smart_open and obstore.open_writer leave no object and no unfinished upload. Who resumes from "the newest checkpoint that
# exists" has to write under another name and copy, or to look for a marker that is written last.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
# uv, because pip tries versions of botocore for many minutes.
"$work/venv/bin/pip" install --quiet --disable-pip-version-check uv
"$work/venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" 'moto[server]==5.2.5' 's3fs==2026.9.0' \
  'fsspec==2026.9.0' 'aiobotocore==3.10.0' 'boto3==1.43.117' 'smart_open[s3]==9.0.2' 'obstore==0.12.1' 'pyarrow==26.0.1'
AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1 \
  "$work/venv/bin/python" -W ignore - <<'PY'
import logging, os

from moto.server import ThreadedMotoServer

logging.disable(logging.CRITICAL)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
os.environ["AWS_ENDPOINT_URL"] = address

import boto3, obstore, s3fs, smart_open
import pyarrow as pa, pyarrow.fs, pyarrow.parquet as pq
from botocore.exceptions import ClientError
from obstore.fsspec import FsspecStore
from obstore.store import S3Store

client = boto3.client("s3")
client.create_bucket(Bucket="bucket")
arrow = pa.fs.S3FileSystem(endpoint_override=f"{host}:{port}", scheme="http", region="us-east-1")
store = S3Store("bucket", endpoint=address, client_options={"allow_http": True})
writers = {
    "pyarrow": lambda key: arrow.open_output_stream(f"bucket/{key}"),
    "s3fs": lambda key: s3fs.S3FileSystem(endpoint_url=address).open(f"bucket/{key}", "wb"),
    "obstore fsspec": lambda key: FsspecStore("s3", endpoint=address, client_options={"allow_http": True}).open(
        f"s3://bucket/{key}", "wb"
    ),
    "obstore": lambda key: obstore.open_writer(store, key),
    "smart_open": lambda key: smart_open.open(f"s3://bucket/{key}", "wb"),
}


class Interrupted(Exception):
    pass


def size(key):
    try:
        return client.head_object(Bucket="bucket", Key=key)["ContentLength"]
    except ClientError as error:
        assert error.response["Error"]["Code"] == "404"
        return None


def after(write, length):
    try:
        with write(f"checkpoint-{length}") as file:
            file.write(b"x" * length)
            raise Interrupted
    except Interrupted:
        pass
    found = size(f"checkpoint-{length}")
    client.delete_object(Bucket="bucket", Key=f"checkpoint-{length}")
    assert not client.list_multipart_uploads(Bucket="bucket").get("Uploads")
    return found


seen = {name: [after(write, 1000), after(write, 12 << 20)] for name, write in writers.items()}
rows = pa.table({"id": list(range(1000))})
try:
    with pq.ParquetWriter("bucket/rows.parquet", rows.schema, filesystem=arrow) as writer:
        writer.write_table(rows)
        raise Interrupted
except Interrupted:
    seen["ParquetWriter, rows read back of 2000"] = pq.read_table("bucket/rows.parquet", filesystem=arrow).num_rows
server.stop()
for name, found in seen.items():
    print(f"{name}: {found}")
whole, none = [1000, 12 << 20], [None, None]
assert seen == {
    "pyarrow": whole,
    "s3fs": whole,
    "obstore fsspec": whole,
    "obstore": none,
    "smart_open": none,
    "ParquetWriter, rows read back of 2000": 1000,
}, seen
PY
echo 'as it was'
