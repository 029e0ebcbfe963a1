"""Nobody gives what he does not have: which rights of a role somebody lacks, and how Kubernetes writes them. Pure.

Source: k8s.io/component-helpers/auth/rbac/validation (Covers), pkg/registry/rbac/validation (ConfirmNoEscalation).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Final

from imageyard.domain.access import Rule

SHOWN: Final = 20
"""Lacking rights told at once: a rule stands for the product of its lists."""

Holders = frozenset[int]
"""Positions of the rules that cover something."""


def missing(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of the wanted rules the held ones do not cover together; [] when they cover all. At most SHOWN are told,
    each of one resource or one URL."""
    return list(islice(_compact(lacking for rule in wanted for lacking in _lacking(held, rule)), SHOWN))


def describe(rule: Rule) -> str:
    """`{APIGroups:["g"], Resources:["r"], Verbs:["get" "list"]}`, as the API server writes it."""
    lists = {
        "APIGroups": rule.groups,
        "Resources": rule.resources,
        "NonResourceURLs": rule.paths,
        "ResourceNames": rule.names,
        "Verbs": rule.verbs,
    }
    return "{" + ", ".join(f"{name}:{quoted(values)}" for name, values in lists.items() if values) + "}"


def quoted(values: Iterable[str]) -> str:
    """Go's %q of a list of strings."""
    return "[" + " ".join(json.dumps(value, ensure_ascii=False) for value in sorted(values)) + "]"


def _lacking(held: Sequence[Rule], wanted: Rule) -> Iterator[Rule]:
    """A rule stands for every combination of its entries. Entries that the same held rules cover are alike, so one
    look at each combination of classes is enough."""
    verbs = _classes(held, wanted.verbs, _covers_verb)
    paths = _classes(held, wanted.paths, _covers_path)
    for (by_verb, vs), (by_path, ps) in product(verbs.items(), paths.items()):
        if not by_verb & by_path:
            yield Rule(frozenset(vs), paths=frozenset(ps))
    groups = _classes(held, wanted.groups, _covers_group)
    resources = _classes(held, wanted.resources, _covers_resource)
    for (by_verb, vs), (by_group, gs), (by_resource, rs) in product(verbs.items(), groups.items(), resources.items()):
        names = _names_lacking([held[n] for n in by_verb & by_group & by_resource], wanted.names)
        if names is not None:
            yield Rule(frozenset(vs), frozenset(rs), frozenset(gs), names)


def _classes(
    held: Sequence[Rule], entries: Iterable[str], covers: Callable[[Rule, str], bool]
) -> dict[Holders, list[str]]:
    found: dict[Holders, list[str]] = defaultdict(list)
    for entry in entries:
        found[frozenset(n for n, rule in enumerate(held) if covers(rule, entry))].append(entry)
    return found


def _names_lacking(covering: Sequence[Rule], wanted: frozenset[str]) -> frozenset[str] | None:
    """The names that no covering rule allows, empty for all of them; None when nothing is lacking."""
    if any(not rule.names for rule in covering):
        return None
    if not wanted:
        return wanted
    return wanted.difference(*(rule.names for rule in covering)) or None


def _covers_verb(rule: Rule, verb: str) -> bool:
    return "*" in rule.verbs or verb in rule.verbs


def _covers_group(rule: Rule, group: str) -> bool:
    return "*" in rule.groups or group in rule.groups


def _covers_resource(rule: Rule, resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return bool({"*", resource, f"*/{subresource}" if slash else resource} & rule.resources)


def _covers_path(rule: Rule, path: str) -> bool:
    return path in rule.paths or any(held.endswith("*") and path.startswith(held[:-1]) for held in rule.paths)


def _compact(lacking: Iterable[Rule]) -> Iterator[Rule]:
    """One rule for each API group and resource, or for each URL, with all the verbs that lack there."""
    verbs: dict[Rule, frozenset[str]] = defaultdict(frozenset)
    for rule in islice(lacking, SHOWN):
        for single in islice(_singles(rule), SHOWN):
            verbs[single] |= rule.verbs
    for single, held in sorted(verbs.items(), key=lambda pair: describe(pair[0])):
        yield single._replace(verbs=held)


def _singles(rule: Rule) -> Iterator[Rule]:
    nothing: frozenset[str] = frozenset()
    for path in sorted(rule.paths):
        yield Rule(nothing, paths=frozenset({path}))
    for group, resource in product(sorted(rule.groups), sorted(rule.resources)):
        yield Rule(nothing, frozenset({resource}), frozenset({group}), rule.names)
