"""One target under atheris, which learns from the lines that an input reaches. A process of its own: libFuzzer owns
signals, memory limit and exit.

    python -m tests.fuzz.guided TARGET [libFuzzer options] CORPUS
"""

import random
import sys

import atheris

from tests.fuzz import mutation

with atheris.instrument_imports(include=["imageyard", "jsonpatch", "jsonpointer"]):
    from tests.fuzz import targets


def _mutate(data: bytes, longest: int, seed: int) -> bytes:
    """Every other time a JSON document is changed as one; bytes alone seldom stay one."""
    if seed % 2:
        document = mutation.mutated(data, random.Random(seed))
        if document is not None and len(document) <= longest:
            return document
    mutated: bytes = atheris.Mutate(data, longest)
    return mutated


def main() -> None:
    name, *options = sys.argv[1:]
    atheris.Setup([name, *options], targets.TARGETS[name].take, custom_mutator=_mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
