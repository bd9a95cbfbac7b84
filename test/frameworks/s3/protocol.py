"""What boto3 expects of an S3 server, against the buckets of an experiment. Prints what is not so, then a count.

    python protocol.py ENDPOINT ACCESS_KEY SECRET_KEY INPUTS OUTPUTS PREFIX
"""

import base64
import hashlib
import os
import sys
import threading
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET_KEY, INPUTS, OUTPUTS, PREFIX = sys.argv[1:7]
ALGORITHMS = ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"]
counts = {"right": 0, "wrong": 0}


def client(access_key=ACCESS_KEY, secret_key=SECRET_KEY, **config):
    return boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", retries={"max_attempts": 1}, max_pool_connections=32, **config),
    )


s3 = client()


def check(name, work, code=None):
    """`work` is true, or fails with this code (Amazon's, or the status)."""
    try:
        result = work()
        right = code is None and result is not False
        said = "no error" if code else result
    except ClientError as error:
        answer = error.response
        right = code in (answer["Error"].get("Code"), answer["ResponseMetadata"].get("HTTPStatusCode"))
        said = error
    except Exception as error:
        right, said = False, repr(error)
    counts["right" if right else "wrong"] += 1
    if not right:
        print("not so:", name, said)


def key(name):
    return PREFIX + name


def put(name, body, **more):
    return s3.put_object(Bucket=OUTPUTS, Key=key(name), Body=body, **more)


def get(name, **more):
    return s3.get_object(Bucket=OUTPUTS, Key=key(name), **more)["Body"].read()


def head(name):
    return s3.head_object(Bucket=OUTPUTS, Key=key(name))


def digest(raw):
    return base64.b64encode(raw).decode()


def md5(body):
    return '"%s"' % hashlib.md5(body).hexdigest()


# Objects and what is said of them.
check("put and get", lambda: put("a", b"hello") and get("a") == b"hello")
check("ETag", lambda: head("a")["ETag"] == md5(b"hello"))
check("nothing in it", lambda: put("empty", b"") and get("empty") == b"")
put("m", b"x", Metadata={"a": "b"}, ContentType="text/x", CacheControl="no-store")
check("metadata", lambda: head("m")["Metadata"] == {"a": "b"})
check("content type", lambda: head("m")["ContentType"] == "text/x" and head("m")["CacheControl"] == "no-store")
check("nobody’s key", lambda: get("nobody"), "NoSuchKey")

# Checksums.
for algorithm in ALGORITHMS:
    put("sum", b"123456789" * 1000, ChecksumAlgorithm=algorithm)
    answer = s3.get_object(Bucket=OUTPUTS, Key=key("sum"), ChecksumMode="ENABLED")
    check(algorithm, lambda: f"Checksum{algorithm}" in answer and len(answer["Body"].read()) == 9000)
check("CRC64 by value", lambda: put("sum", b"123456789", ChecksumCRC64NVME=digest(bytes.fromhex("ae8b14860a799888"))))
check("CRC32C by value", lambda: put("sum", b"123456789", ChecksumCRC32C=digest(bytes.fromhex("e3069283"))))
check("wrong CRC32", lambda: put("bad", b"x", ChecksumCRC32="AAAAAA=="), "BadDigest")
check("wrong MD5", lambda: put("bad", b"x", ContentMD5=digest(b"0" * 16)), "BadDigest")
check("what was wrong is not there", lambda: head("bad"), 404)
check("signed payload", lambda: client(s3={"payload_signing_enabled": True}).put_object(Bucket=OUTPUTS, Key=key("p"), Body=b"x"))
check("no checksum", lambda: client(request_checksum_calculation="when_required").put_object(Bucket=OUTPUTS, Key=key("p"), Body=b"x"))

# Keys and buckets.
check("wrong secret", lambda: client(secret_key="wrong").list_buckets(), "SignatureDoesNotMatch")
check("wrong key", lambda: client(access_key="wrong").list_buckets(), "InvalidAccessKeyId")
check("buckets", lambda: {each["Name"] for each in s3.list_buckets()["Buckets"]} == {INPUTS, OUTPUTS})
check("a bucket", lambda: s3.head_bucket(Bucket=OUTPUTS))
check("nobody’s bucket", lambda: s3.head_bucket(Bucket="nobody"), 404)
check("location", lambda: "LocationConstraint" in s3.get_bucket_location(Bucket=OUTPUTS))
check("inputs are not written", lambda: s3.put_object(Bucket=INPUTS, Key="x", Body=b"x"), "AccessDenied")
check("others’ outputs are not written", lambda: s3.put_object(Bucket=OUTPUTS, Key="output/other/x", Body=b"x"), "AccessDenied")

# Parts of an object, and conditions.
check("range", lambda: get("a", Range="bytes=1-2") == b"el")
check("end", lambda: get("a", Range="bytes=-2") == b"lo")
check("from", lambda: get("a", Range="bytes=3-") == b"lo")
check("behind the end", lambda: get("a", Range="bytes=10-"), "InvalidRange")
check("only if new", lambda: put("a", b"z", IfNoneMatch="*"), "PreconditionFailed")
check("only if another", lambda: put("a", b"z", IfMatch='"x"'), "PreconditionFailed")
check("only if the same", lambda: put("a", b"hello2", IfMatch=head("a")["ETag"]))
check("known already", lambda: get("a", IfNoneMatch=head("a")["ETag"]), 304)


def winners(work):
    won = []

    def race(number):
        try:
            work(number)
            won.append(number)
        except ClientError:
            pass

    racers = [threading.Thread(target=race, args=(number,)) for number in range(16)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return len(won)


check("one of 16 makes it", lambda: winners(lambda number: put("race", b"%d" % number, IfNoneMatch="*")) == 1)
etag = head("race")["ETag"]
check("one of 16 changes it", lambda: winners(lambda number: put("race", b"of %d" % number, IfMatch=etag)) == 1)


# Addresses that are signed.
def address(action, name, seconds=60):
    return s3.generate_presigned_url(action, Params={"Bucket": OUTPUTS, "Key": key(name)}, ExpiresIn=seconds)


def status_later(url, seconds):
    time.sleep(seconds)
    try:
        return urllib.request.urlopen(url).status
    except urllib.error.HTTPError as error:
        return error.code


check("signed get", lambda: urllib.request.urlopen(address("get_object", "a")).read() == b"hello2")
sent = urllib.request.Request(address("put_object", "signed"), data=b"x", method="PUT")
check("signed put", lambda: urllib.request.urlopen(sent).status == 200 and get("signed") == b"x")
check("expired", lambda: status_later(address("get_object", "a", 1), 2.5) == 403)

# Uploads in parts.
PART = os.urandom(5 << 20)
WHOLE = (PART, PART, b"end")


def upload(name="parts", algorithm=None, parts=WHOLE, change=lambda done: done, **more):
    said = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    start = s3.create_multipart_upload(Bucket=OUTPUTS, Key=key(name), **said)
    of = {"Bucket": OUTPUTS, "Key": key(name), "UploadId": start["UploadId"]}
    done = []
    for number, body in enumerate(parts, 1):
        answer = s3.upload_part(PartNumber=number, Body=body, **of, **said)
        part = {"PartNumber": number, "ETag": answer["ETag"]}
        if algorithm:
            part[f"Checksum{algorithm}"] = answer[f"Checksum{algorithm}"]
        done.append(part)
    return s3.complete_multipart_upload(MultipartUpload={"Parts": change(done)}, **of, **more)


def other_etag(done):
    return [dict(done[0], ETag='"%s"' % ("0" * 32)), *done[1:]]


def aborted():
    of = {"Bucket": OUTPUTS, "Key": key("aborted")}
    of["UploadId"] = s3.create_multipart_upload(**of)["UploadId"]
    s3.upload_part(PartNumber=1, Body=b"x", **of)
    there = len(s3.list_parts(**of)["Parts"]) == 1 and s3.list_multipart_uploads(Bucket=OUTPUTS)["Uploads"]
    s3.abort_multipart_upload(**of)
    try:
        s3.upload_part(PartNumber=1, Body=b"x", **of)
    except ClientError as error:
        return bool(there) and error.response["Error"]["Code"] == "NoSuchUpload"
    return False


check("parts", lambda: upload() and get("parts") == b"".join(WHOLE))
etags = b"".join(hashlib.md5(part).digest() for part in WHOLE)
check("ETag of parts", lambda: head("parts")["ETag"] == '"%s-3"' % hashlib.md5(etags).hexdigest())
check("order of parts", lambda: upload(change=lambda done: done[::-1]), "InvalidPartOrder")
check("another part", lambda: upload(change=other_etag), "InvalidPart")
check("small parts", lambda: upload(parts=(b"a", b"b")), "EntityTooSmall")
for algorithm in ALGORITHMS:
    check(f"parts with {algorithm}", lambda: upload(algorithm=algorithm))
check("parts only if new", lambda: upload(IfNoneMatch="*"), "PreconditionFailed")
check("aborted", aborted)
BIG = os.urandom(64 << 20)
open("big", "wb").write(BIG)
s3.upload_file("big", OUTPUTS, key("big"))
s3.download_file(OUTPUTS, key("big"), "big.back")
check("64 MB by s3transfer", lambda: open("big.back", "rb").read() == BIG)

# Lists.
NAMES = ["l/b", "l/a.txt", "l/a/x", "l/a/y", "l/é", "l/😀", "l/z z+&<>\"'%41"]
for name in NAMES:
    put(name, b"1")
ORDERED = sorted(NAMES, key=lambda name: name.encode())


def listed(**more):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=OUTPUTS, Prefix=key("l/"), **more)
    names = []
    for page in pages:
        names += [each["Key"][len(PREFIX) :] for each in page.get("Contents", [])]
        names += [each["Prefix"][len(PREFIX) :] for each in page.get("CommonPrefixes", [])]
    return names


folded = sorted([name for name in NAMES if not name.startswith("l/a/")] + ["l/a/"])
check("order of keys", lambda: listed() == ORDERED)
check("pages of one", lambda: listed(PaginationConfig={"PageSize": 1}) == ORDERED)
check("pages of three", lambda: listed(PaginationConfig={"PageSize": 3}) == ORDERED)
check("delimiter", lambda: sorted(listed(Delimiter="/")) == folded)
check("delimiter in pages of one", lambda: sorted(listed(Delimiter="/", PaginationConfig={"PageSize": 1})) == folded)
check("start after", lambda: listed(StartAfter=key("l/a/x")) == ORDERED[ORDERED.index("l/a/x") + 1 :])
check("the older list", lambda: len(s3.list_objects(Bucket=OUTPUTS, Prefix=key("l/"))["Contents"]) == len(NAMES))
check("odd keys", lambda: all(get(name) == b"1" for name in NAMES))
check("two dots", lambda: put("../x", b""), 400)
check("two slashes", lambda: put("a//b", b""), 400)
check("a file in the way", lambda: put("a/y", b""), 409)
check("a long name", lambda: put("s" * 300, b""), 400)
check("a backslash", lambda: put("a\\b", b"x") and get("a\\b") == b"x")

# Copies and deletions.
source = {"Bucket": OUTPUTS, "Key": key("m")}
s3.copy_object(Bucket=OUTPUTS, Key=key("copy"), CopySource=source)
check("copy", lambda: head("copy")["Metadata"] == {"a": "b"})
s3.copy_object(Bucket=OUTPUTS, Key=key("copy"), CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "d"})
check("copy with other metadata", lambda: head("copy")["Metadata"] == {"c": "d"})
both = {"Objects": [{"Key": key("copy")}, {"Key": key("nobody")}]}
check("many deleted", lambda: len(s3.delete_objects(Bucket=OUTPUTS, Delete=both)["Deleted"]) == 2)
check("deleted", lambda: s3.delete_object(Bucket=OUTPUTS, Key=key("m")))
check("deleted is gone", lambda: head("m"), 404)

print("%(right)d right, %(wrong)d wrong" % counts)
