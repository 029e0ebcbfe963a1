"""Proven rather than believed: whatever an address is written like and wherever it comes from, none that the rules
refuse is dialled. Forms are made by rule in `forms`; a control group is dialled, so that none of it is empty."""

import itertools
from collections.abc import Sequence
from typing import Final

import pytest
from structlog.testing import capture_logs

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.egress import EgressError, Request
from imageyard.egress.client import EgressClient
from imageyard.egress.limits import Limits
from imageyard.egress.proxy import Proxy
from tests.egress import forms
from tests.egress.forms import CLASSES, RULES, Names, Rule, Vector
from tests.egress.recorder import Recorder

each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
OUTCOMES: Final = {(Reason.EgressDenied, "address"), (Reason.DNSFailed, "address")}
"""A name that nobody knows (`127.0.0.1.good.test`) is none of ours to refuse."""


class Sent:
    """A gate whose dials are written down; `outcomes` are those of the vectors that were sent."""

    def __init__(self, rule: Rule, proxy: Proxy | None = None) -> None:
        self.names, self.dials = Names(), Recorder()
        self.outcomes: dict[str, tuple[Reason, str]] = {}
        self._gate = EgressClient(rule.policy, resolve=self.names, dial=self.dials, proxy=proxy)

    async def all(self, vectors: Sequence[Vector]) -> None:
        async with self._gate:
            with capture_logs():
                for number, vector in enumerate(vectors):
                    await self._one(number, vector)

    async def _one(self, number: int, vector: Vector) -> None:
        fresh = f"bad-{number}.test"  # a name of its own, since answers are kept
        self.names.known[fresh] = vector.found
        try:
            await self._gate.send(Request("GET", vector.url.replace("bad.test", fresh)))
        except EgressError as error:
            self.outcomes[vector.name] = (error.reason, error.step)


@each_rule
async def test_no_form_of_a_refused_address_is_dialled(rule: Rule) -> None:
    vectors = list(forms.refused(rule))
    sent = Sent(rule)
    await sent.all(vectors)
    assert sent.dials.dialled == []
    assert len(sent.outcomes) == len(vectors) >= 1_000
    assert set(sent.outcomes.values()) <= OUTCOMES


@each_rule
async def test_what_the_rules_allow_is_dialled_exactly(rule: Rule) -> None:
    controls = list(forms.allowed(rule))
    sent = Sent(rule)
    await sent.all([control.vector for control in controls])
    assert sent.dials.dialled == [(control.address, forms.PORT) for control in controls]
    assert set(sent.outcomes.values()) == {(Reason.ConnectionRefused, "address")}


@pytest.mark.parametrize("pace", [0, 31], ids=["at once", "late"])
@each_rule
async def test_a_name_that_moves_between_the_look_and_the_dial_leads_nowhere_refused(rule: Rule, pace: int) -> None:
    """Late, the clock runs half a minute at every look, so that each answer has ended before it is dialled."""
    texts = [text for kind in rule.refused for text in CLASSES[kind]]
    moving = {f"{at}.test": itertools.cycle([(forms.PUBLIC,), (text,)]) for at, text in enumerate(texts)}
    dials, now = Recorder(), itertools.count(0, pace)

    async def rebinding(name: str) -> Sequence[str]:
        return next(moving[name])

    patient = Limits(total=1e9)
    async with EgressClient(rule.policy, resolve=rebinding, dial=dials, limits=patient, clock=now.__next__) as gate:
        for name in moving:
            for _ in range(3):
                with pytest.raises(EgressError):
                    await gate.send(Request("GET", f"http://{name}:{forms.PORT}/", timeout=1e9))
    assert [address for address, _ in dials.dialled] == [forms.PUBLIC] * (0 if pace else 3 * len(texts))


@each_rule
async def test_a_proxy_is_handed_no_address_that_the_rules_refuse(rule: Rule) -> None:
    """What a name leads to is the proxy's to judge; of literals, none is told to it."""
    vectors = [vector for kind in sorted(rule.refused) for vector in forms.literals(CLASSES[kind])]
    sent = Sent(rule, Proxy(forms.PUBLIC, 3128, Secret("operator:word")))
    await sent.all([vector for vector in vectors if "good.test" not in vector.url])
    assert sent.dials.dialled == []
    assert set(sent.outcomes.values()) == {(Reason.EgressDenied, "address")}


async def test_a_proxy_carries_what_the_rules_allow() -> None:
    sent = Sent(RULES["default"], Proxy(forms.PUBLIC, 3128))
    await sent.all([Vector("literal", "https://1.1.1.1/v2/"), Vector("name", "https://registry.test/v2/")])
    assert sent.dials.dialled == [(forms.PUBLIC, 3128)] * 2


@each_rule
async def test_a_proxy_that_the_rules_refuse_is_not_dialled_itself(rule: Rule) -> None:
    for kind in sorted(rule.refused):
        for text in CLASSES[kind]:
            sent = Sent(rule, Proxy(text, forms.PORT))
            await sent.all([Vector(text, "https://registry.test/v2/")])
            assert sent.dials.dialled == [], text


async def test_all_refusals_read_the_same_and_take_the_same_way() -> None:
    """Whoever asks learns neither what is behind a name nor, from a lookup more or less, what kind it is."""
    rule = RULES["private denied"]
    for make, lookups in ((forms.names, 1), (lambda texts: itertools.islice(forms.literals(texts), 1), 0)):
        told = set()
        for kind in CLASSES:
            sent = Sent(rule)
            await sent.all([next(iter(make(CLASSES[kind])))])
            told.add((*sent.outcomes.values(), len(sent.names.asked)))
        assert told == {((Reason.EgressDenied, "address"), lookups)}
