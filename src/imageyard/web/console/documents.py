"""An object as YAML, the way `kubectl get -o yaml` shows it: without its password, which is not in it."""

from typing import Any, Final

import msgspec
import yaml

_DUMPER: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def as_yaml(body: bytes) -> str:
    """Stored JSON as YAML, in its order."""
    return yaml_of(msgspec.json.decode(body))


def yaml_of(document: Any) -> str:
    """A document as YAML, in its order."""
    text: str = yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120)
    return text
