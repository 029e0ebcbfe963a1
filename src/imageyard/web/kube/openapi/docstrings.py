"""The string literals that stand under a class's fields, which Python itself throws away."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise


@cache
def of_fields(type_: type) -> Mapping[str, str]:
    """By attribute: what the type and those it inherits from say under their fields, as one paragraph each."""
    found: dict[str, str] = {}
    for base in reversed(type_.__mro__):
        if base.__module__.startswith("imageyard."):
            found |= {name: " ".join(text.split()) for name, text in _under_fields(base)}
    return found


def _under_fields(type_: type) -> Iterator[tuple[str, str]]:
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(type_))).body
    if not isinstance(definition, ast.ClassDef):
        return
    for field, below in pairwise(definition.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, text
