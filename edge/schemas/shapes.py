"""What schemas are made of: the few words of JSON Schema, draft 2020-12, that documents need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

Shape = Mapping[str, Any]
Keys = Mapping[str, Shape]

TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "number"}
COUNT: Shape = {"type": "integer", "minimum": 0}
FLAG: Shape = {"type": "boolean"}
YES: Shape = {"const": True}
NO: Shape = {"const": False}
VALUE: Shape = {"type": ["string", "number", "boolean", "array"]}
# UTC with milliseconds, as edge.clock.wall tells it.
TIME: Shape = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def word(text: str) -> Shape:
    """This text and no other."""
    return {"const": text}


def words(closed: Iterable[str | int | Enum]) -> Shape:
    """One of a closed list."""
    return {"enum": [one.value if isinstance(one, Enum) else one for one in closed]}


def maybe(shape: Shape) -> Shape:
    """It, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def many(shape: Shape, exactly: int | None = None) -> Shape:
    """A list, of any length or of this one."""
    length = {} if exactly is None else {"minItems": exactly, "maxItems": exactly}
    return {"type": "array", "items": shape, **length}


def row(*shapes: Shape) -> Shape:
    """A list of one value of each, in this order."""
    return {"type": "array", "prefixItems": list(shapes), "minItems": len(shapes), "items": False}


def table(of: Shape, keys: Shape | None = None) -> Shape:
    """An object whose keys are data, of any text or as said."""
    named = {} if keys is None else {"propertyNames": keys}
    return {"type": "object", **named, "additionalProperties": of}


def record(keys: Keys) -> Shape:
    """An object with these keys, and maybe others; a key that ends in "?" may be missing."""
    return {
        "type": "object",
        "properties": {key.removesuffix("?"): shape for key, shape in keys.items()},
        "required": [key for key in keys if not key.endswith("?")],
    }


def any_of(shapes: Iterable[Shape]) -> Shape:
    """One of these."""
    one, *others = shapes
    return {"anyOf": [one, *others]} if others else one


def document(name: str, *forms: Keys) -> Shape:
    """`schema` and `ok` first, then the keys of one of the forms, which may say more of `ok`."""
    head = {"schema": word(f"onelook.{name}/1"), "ok": YES}
    return any_of(record({**head, **keys}) for keys in forms)
