#!/usr/bin/env bash
# A checkpoint that flax.serialization writes without a word and cannot read again: dictionaries with numbers as keys.
#
# Tried: flax 0.10.7, msgpack_serialize of {"layers": {0: array, 1: array}}, then msgpack_restore of those bytes.
# Guess: the dictionary comes back, with 0 and 1 or with "0" and "1" as keys; or it is refused when it is written.
# Seen: writing succeeds; restoring raises ValueError (int is not allowed for map key when strict_map_key=True). to_bytes,
# which turns keys into texts first, and from_bytes with a template are not affected: they restore it with numbers.
# So of a run's checkpoints only those are good that were read back once.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'flax==0.10.7' 'jax==0.6.2' 'jaxlib==0.6.2' 'msgpack==1.1.0'
JAX_PLATFORMS=cpu "$work/venv/bin/python" - <<'PY'
import flax, numpy
from flax import serialization

state = {"layers": {0: numpy.ones(1), 1: numpy.zeros(1)}}
written = serialization.msgpack_serialize(state)
print("flax", flax.__version__, "wrote", len(written), "bytes")
try:
    serialization.msgpack_restore(written)
except ValueError as error:
    print("restoring:", error)
    assert "strict_map_key" in str(error)
else:
    raise SystemExit("it is restored now")
again = serialization.from_bytes(state, serialization.to_bytes(state))
assert list(again["layers"]) == [0, 1], again
print("to_bytes and from_bytes:", list(again["layers"]))
PY
echo 'as it was'
