"""Debian's torch 1.13 has a default of a dataclass that Python 3.11 refuses, where Lightning needs it; torch 2 has not."""

import dataclasses

_get_field = dataclasses._get_field


def _lenient(owner, name, *more):
    default = getattr(owner.__dict__.get(name), "default", None)
    if type(default).__name__ == "TensorProperties":
        type(default).__hash__ = object.__hash__
    return _get_field(owner, name, *more)


dataclasses._get_field = _lenient
