"""Tokens of an issuer: who is somebody, who is nobody, and what the issuer is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from joserfc.jwk import ECKey

from imageyard.domain.access import Actor
from imageyard.domain.claims import Refusal, Rules
from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError
from imageyard.egress.client import EgressClient
from imageyard.egress.limits import Limits
from imageyard.egress.policy import Policy
from imageyard.metrics import Metrics
from imageyard.service import issuer_keys, jws, oidc
from imageyard.service.issuer_keys import IssuerKeys
from imageyard.service.oidc import Oidc
from tests.egress import servers
from tests.fakes.clock import FakeClock, settle
from tests.fakes.issuer import Issuer, new_key, part
from tests.fakes.networks import networks

URL = "https://id.example.com/realms/yard"
RULES = Rules(URL, frozenset({"imageyard"}), groups_prefix="oidc:")
DEFAULT = frozenset({"RS256", "ES256"})
DOWN = EgressError(Reason.ConnectionRefused, "registry")


class House:
    """An issuer, and who knows its tokens."""

    def __init__(self, algorithms: frozenset[str] = DEFAULT, issuer_algorithm: str = "ES256") -> None:
        self.clock, self.metrics = FakeClock(), Metrics()
        self.issuer = Issuer(URL, self.clock.now)
        if issuer_algorithm != "ES256":
            self.issuer.forget(self.issuer.current)
            self.issuer.rotate(issuer_algorithm)
        self.keys = IssuerKeys(URL, self.issuer, self.clock, self.metrics)
        self.oidc = Oidc(RULES, algorithms, self.keys, self.clock, self.metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["House"]:
        task = asyncio.create_task(self.keys.run())
        await settle(60)
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def who(self, token: str) -> Actor | None:
        found = self.oidc.recognise(token, "192.0.2.1")
        return found if found is None or isinstance(found, Actor) else await found

    def count(self, result: str) -> float:
        return self.metrics.registry.get_sample_value("imageyard_oidc_tokens_total", {"result": result}) or 0

    def looks(self, result: str) -> float:
        return self.metrics.registry.get_sample_value("imageyard_oidc_refreshes_total", {"result": result}) or 0


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House().running() as house:
        yield house


async def test_a_token_of_the_issuer_tells_who_holds_it(house: House) -> None:
    actor = await house.who(house.issuer.token(sub="alice", groups=["dev"], jti="7"))
    assert actor == Actor("alice", frozenset({"oidc:dev", "system:authenticated"}), "192.0.2.1", "oidc/7")


@pytest.mark.parametrize("algorithm", jws.ALGORITHMS)
async def test_each_algorithm_counts_where_it_is_allowed_and_only_there(algorithm: str) -> None:
    async with House(frozenset({algorithm}), algorithm).running() as house:
        assert await house.who(house.issuer.token()) is not None
    async with House(frozenset(set(jws.ALGORITHMS) - {algorithm}), algorithm).running() as house:
        assert await house.who(house.issuer.token()) is None
        assert house.count(Refusal.ALGORITHM) == 1


def unsigned(issuer: Issuer) -> str:
    _, payload, _ = issuer.token(header={"alg": "ES256"}).split(".")
    return f"{part(json.dumps({'alg': 'none'}).encode())}.{payload}."


def public_key_as_secret(issuer: Issuer) -> str:
    """Algorithm confusion: HMAC by what everybody knows."""
    key = issuer.keys[issuer.current]
    assert isinstance(key, ECKey)
    secret = key.as_pem(private=False)
    return issuer.sign(json.dumps(issuer.claims()).encode(), {"alg": "HS256"}, secret)


def key_set_as_secret(issuer: Issuer) -> str:
    secret = json.dumps(issuer.public(issuer.current)).encode()
    return issuer.sign(json.dumps(issuer.claims()).encode(), {"alg": "HS256"}, secret)


def own_key_in_the_header(issuer: Issuer) -> str:
    key = new_key("ES256")
    payload = json.dumps(issuer.claims()).encode()
    return issuer.sign(payload, {"jwk": key.as_dict(private=False), "jku": "https://evil.example.com/keys"}, key)


def other_type_of_key(issuer: Issuer) -> str:
    return issuer.sign(json.dumps(issuer.claims()).encode(), {"alg": "RS256"}, new_key("RS256"))


def other_payload(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{part(json.dumps(issuer.claims(sub='root')).encode())}.{signature}"


def twice(issuer: Issuer) -> str:
    claims = json.dumps(issuer.claims())
    return issuer.sign((claims[:-1] + ', "sub": "root"}').encode())


def padded(issuer: Issuer) -> str:
    return issuer.token() + "=="


def respelled(issuer: Issuer) -> str:
    """The last character of a signature holds bits that mean nothing."""
    token = issuer.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


NOBODY = {
    "no signature": (unsigned, Refusal.ALGORITHM),
    "HS256 by the PEM of the public key": (public_key_as_secret, Refusal.ALGORITHM),
    "HS256 by the JWK of the public key": (key_set_as_secret, Refusal.ALGORITHM),
    "a key that the token brings along": (own_key_in_the_header, Refusal.SIGNATURE),
    "the key's id with another kind of key": (other_type_of_key, Refusal.KEY),
    "claims of one token, signature of another": (other_payload, Refusal.SIGNATURE),
    "a claim given twice": (twice, Refusal.MALFORMED),
    "padding": (padded, Refusal.MALFORMED),
    "another spelling of the same signature": (respelled, Refusal.MALFORMED),
    "critical extensions": (lambda it: it.token(header={"crit": ["exp"], "exp": 1}), Refusal.MALFORMED),
    "an unencoded payload": (lambda it: it.token(header={"b64": False}), Refusal.MALFORMED),
    "a key id that is no text": (lambda it: it.token(header={"kid": 5}), Refusal.MALFORMED),
    "an algorithm that is no text": (lambda it: unheaded(it, {"alg": ["ES256"]}), Refusal.ALGORITHM),
    "a header that is no object": (lambda it: unheaded(it, ["ES256"]), Refusal.MALFORMED),
    "claims that are no object": (lambda it: it.sign(b"[]"), Refusal.MALFORMED),
    "claims nested without end": (lambda it: it.sign(b"[" * 5000), Refusal.MALFORMED),
    "claims with NaN": (lambda it: it.sign(b'{"exp": NaN}'), Refusal.MALFORMED),
    "more than may be": (lambda it: it.token(padding="x" * jws.LONGEST), Refusal.MALFORMED),
    "four parts": (lambda it: it.token() + ".AAAA", Refusal.MALFORMED),
    "nothing between the dots": (lambda it: "..", Refusal.MALFORMED),
    "no ASCII": (lambda it: it.token() + "é\ud800", Refusal.MALFORMED),
    "another issuer": (lambda it: it.token(iss="https://evil.example.com"), Refusal.ISSUER),
    "another audience": (lambda it: it.token(aud=["console"]), Refusal.AUDIENCE),
    "no end": (lambda it: it.token(exp=None), Refusal.EXPIRED),
    "the past": (lambda it: it.token(exp=1), Refusal.EXPIRED),
    "the future": (lambda it: it.token(nbf=4_000_000_000), Refusal.NOT_YET),
    "a user of the system": (lambda it: it.token(sub="system:admin"), Refusal.USERNAME),
    "groups of odd types": (lambda it: it.token(groups=[{"a": 1}]), Refusal.GROUPS),
}


def unheaded(issuer: Issuer, header: object) -> str:
    return f"{part(json.dumps(header).encode())}." + issuer.token().partition(".")[2]


@pytest.mark.parametrize(("make", "expected"), NOBODY.values(), ids=NOBODY)
async def test_what_is_no_good_token_is_nobody_and_the_log_knows_why(
    house: House, make: Any, expected: Refusal
) -> None:
    token = make(house.issuer)
    with structlog.testing.capture_logs() as lines:
        assert await house.who(token) is None
    told = [line for line in lines if line["event"] == "oidc_token_refused"]
    assert [line["refusal"] for line in told] == [expected]
    assert house.count(expected) == 1
    assert token not in repr(lines)
    assert await house.who(house.issuer.token()) is not None


async def test_reserved_groups_are_left_out() -> None:
    async with House().running() as house:
        bare = Oidc(Rules(URL, frozenset({"imageyard"})), DEFAULT, house.keys, house.clock, house.metrics)
        actor = bare.recognise(house.issuer.token(groups=["system:masters", "dev"]), "")
        assert isinstance(actor, Actor)
        assert actor.groups == {"dev", "system:authenticated"}


async def test_a_token_ends_with_its_exp_also_when_it_is_remembered(house: House) -> None:
    token = house.issuer.token()
    assert await house.who(token) is not None
    await house.clock.advance(300)
    assert await house.who(token) is not None, "within the leeway"
    await house.clock.advance(31)
    assert await house.who(token) is None


async def test_a_signature_is_checked_once(house: House) -> None:
    token = house.issuer.token()
    assert [await house.who(token) for _ in range(3)].count(None) == 0
    assert house.count("accepted") == 1


async def test_memory_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "REMEMBERED", 2)
    tokens = [house.issuer.token(jti=str(n)) for n in range(3)]
    for token in (*tokens, tokens[0]):
        assert await house.who(token) is not None
    assert house.count("accepted") == 4


async def test_a_key_that_is_new_is_asked_for_at_once_and_one_taken_back_ends_its_tokens(house: House) -> None:
    old = house.issuer.token()
    first = house.issuer.current
    assert await house.who(old) is not None
    await house.clock.advance(issuer_keys.AGAIN)
    house.issuer.rotate("RS256")
    assert await house.who(house.issuer.token()) is not None
    assert await house.who(old) is not None
    house.issuer.forget(first)
    await house.clock.advance(issuer_keys.INTERVAL)
    assert await house.who(old) is None


async def test_keys_are_looked_at_in_the_background(house: House) -> None:
    house.issuer.rotate()
    await house.clock.advance(issuer_keys.INTERVAL)
    before = len(house.issuer.asked)
    assert await house.who(house.issuer.token()) is not None
    assert len(house.issuer.asked) == before


async def test_a_flood_of_unknown_keys_is_no_flood_of_requests(house: House) -> None:
    before = len(house.issuer.asked)
    await house.clock.advance(issuer_keys.AGAIN)
    flood = [house.issuer.token(header={"kid": f"invented-{n}"}) for n in range(200)]
    assert set(await asyncio.gather(*map(house.who, flood))) == {None}
    assert len(house.issuer.asked) - before == 2
    assert house.count(Refusal.KEY) == 200


async def test_tokens_of_others_make_no_work_for_the_issuer(house: House) -> None:
    await house.clock.advance(issuer_keys.AGAIN)
    before = len(house.issuer.asked)
    for number in range(5):
        assert await house.who(house.issuer.token(header={"kid": str(number)}, iss="https://other.example")) is None
    assert len(house.issuer.asked) == before


async def test_a_caller_who_leaves_does_not_end_the_look_of_others(house: House) -> None:
    await house.clock.advance(issuer_keys.AGAIN)
    house.issuer.rotate()
    token = house.issuer.token()
    leaving, staying = (asyncio.create_task(house.who(token)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is not None


async def test_an_issuer_that_is_down_keeps_its_keys_for_a_day() -> None:
    async with House().running() as house:
        house.issuer.down = DOWN
        with structlog.testing.capture_logs() as lines:
            await house.clock.advance(issuer_keys.OLDEST - 1)
        assert any(line["event"] == "oidc_keys_unavailable" for line in lines)
        assert house.looks("unreachable") > 10
        assert await house.who(house.issuer.token()) is not None
        await house.clock.advance(2)
        assert await house.who(house.issuer.token()) is None
        assert house.count(Refusal.NO_KEYS) == 1


async def test_an_issuer_that_comes_up_late_is_found() -> None:
    house = House()
    house.issuer.down = DOWN
    async with house.running():
        assert await house.who(house.issuer.token()) is None
        house.issuer.down = None
        await house.clock.advance(issuer_keys.RETRIES[0])
        assert await house.who(house.issuer.token()) is not None


def many_keys(issuer: Issuer) -> bytes:
    return json.dumps({"keys": [issuer.public(issuer.current)] * (jws.MOST_KEYS + 1)}).encode()


def altered(**change: object) -> Any:
    def document(issuer: Issuer) -> bytes:
        return json.dumps({"keys": [{**issuer.public(issuer.current), **change}]}).encode()

    return document


BAD_SETS: Mapping[str, Any] = {
    "garbage": lambda _: b"\x00\xff garbage",
    "no object": lambda _: b"[]",
    "no list": lambda _: b"{}",
    "keys that are no list": lambda _: b'{"keys": {"kid": 1}}',
    "keys that are no objects": lambda _: b'{"keys": [1, null, "x", []]}',
    "too many keys": many_keys,
    "huge": lambda _: b'{"keys": [' + b" " * 300_000 + b"]}",
}


@pytest.mark.parametrize("document", BAD_SETS.values(), ids=BAD_SETS)
async def test_a_key_set_that_is_none_changes_nothing(house: House, document: Any) -> None:
    house.issuer.jwks = document(house.issuer)
    await house.clock.advance(issuer_keys.INTERVAL)
    assert house.looks("keys") + house.looks("unreachable") > 0
    assert await house.who(house.issuer.token()) is not None


EMPTY_SETS: Mapping[str, Any] = {
    "no keys": lambda _: b'{"keys": []}',
    "for encryption": altered(use="enc"),
    "for other operations": altered(key_ops=["encrypt"]),
    "a shared secret": lambda _: json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "key-1"}]}).encode(),
    "another curve": altered(crv="secp256k1"),
    "a point beside the curve": altered(x="AAAA", y="AAAA"),
    "no coordinates": altered(x=None),
    "for another algorithm": altered(alg=["ES256"]),
    "an id that is no text": altered(kid=1),
    "a weak key": lambda _: json.dumps({"keys": [{"kty": "RSA", "n": part(b"\xff" * 128), "e": "AQAB"}]}).encode(),
    "a key without end": lambda _: json.dumps({"keys": [{"kty": "RSA", "n": "_" * 9000, "e": "AQAB"}]}).encode(),
}


@pytest.mark.parametrize("document", EMPTY_SETS.values(), ids=EMPTY_SETS)
async def test_an_issuer_that_shows_no_usable_key_ends_its_tokens_and_the_log_says_so_once(
    house: House, document: Any
) -> None:
    remembered = house.issuer.token(exp=int(house.clock.now().timestamp()) + 86_400)
    assert await house.who(remembered) is not None
    house.issuer.jwks = document(house.issuer)
    with structlog.testing.capture_logs() as lines:
        await house.clock.advance(3 * issuer_keys.INTERVAL)
    assert [line["log_level"] for line in lines if line["event"] == "oidc_keys_none"] == ["warning"]
    assert house.looks("empty") > 1
    assert await house.who(remembered) is None
    assert await house.who(house.issuer.token()) is None
    house.issuer.jwks = None
    await house.clock.advance(issuer_keys.INTERVAL)
    assert await house.who(remembered) is not None


async def test_an_issuer_that_shows_no_key_from_the_start_is_told_of_in_the_log() -> None:
    house = House()
    house.issuer.jwks = b'{"keys": []}'
    with structlog.testing.capture_logs() as lines:
        async with house.running():
            assert await house.who(house.issuer.token()) is None
    assert [line["event"] for line in lines].count("oidc_keys_none") == 1


DISCOVERIES: Mapping[str, tuple[object, str]] = {
    "another issuer": ({"issuer": f"{URL}/", "jwks_uri": f"{URL}/keys"}, "issuer"),
    "no issuer": ({"jwks_uri": f"{URL}/keys"}, "issuer"),
    "no address": ({"issuer": URL}, "address"),
    "plain http": ({"issuer": URL, "jwks_uri": "http://id.example.com/keys"}, "address"),
    "a file": ({"issuer": URL, "jwks_uri": "file:///etc/passwd"}, "address"),
    "an address that is none": ({"issuer": URL, "jwks_uri": "https://[::1"}, "address"),
    "what the gate refuses": ({"issuer": URL, "jwks_uri": "https://169.254.169.254/keys"}, "unreachable"),
    "no object": ([], "document"),
}


@pytest.mark.parametrize(("document", "result"), DISCOVERIES.values(), ids=DISCOVERIES)
async def test_a_discovery_document_that_is_none_gives_no_keys(document: object, result: str) -> None:
    house = House()
    house.issuer.discovery = json.dumps(document).encode()
    async with house.running():
        assert house.looks(result) == 1
        assert await house.who(house.issuer.token()) is None


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
async def test_nothing_but_a_plain_answer_counts_and_no_redirect_is_followed(status: int) -> None:
    house = House()
    house.issuer.status = status
    async with house.running():
        assert house.looks("status") == 1
        assert house.issuer.asked == ["/realms/yard/.well-known/openid-configuration"]


async def test_keys_of_which_no_check_is_known_are_left_out_beside_others(house: House) -> None:
    shown = [{"kty": "strange", "kid": "x"}, {"kty": "oct", "k": "c2VjcmV0", "kid": "y"}, house.issuer.public("key-1")]
    house.issuer.jwks = json.dumps({"keys": shown}).encode()
    await house.clock.advance(issuer_keys.INTERVAL)
    assert await house.who(house.issuer.token()) is not None


async def test_a_token_without_a_key_id_counts_when_there_is_no_choice(house: House) -> None:
    assert await house.who(house.issuer.token(header={"kid": None})) is not None
    house.issuer.rotate()
    await house.clock.advance(issuer_keys.INTERVAL)
    assert await house.who(house.issuer.token(header={"kid": None})) is None


async def test_a_key_is_used_for_the_algorithm_it_is_shown_for() -> None:
    async with House(frozenset({"RS256", "PS256"}), "RS256").running() as house:
        assert await house.who(house.issuer.token()) is not None
        assert await house.who(house.issuer.token(header={"alg": "PS256"})) is None


@asynccontextmanager
async def over_sockets(*answers: bytes | servers.Answer) -> AsyncIterator[tuple[IssuerKeys, Metrics, servers.Server]]:
    """Keys that are asked for by the real gate, of a server on loopback."""
    limits = Limits(connect=1.0, first_byte=0.2, total=0.4)
    async with servers.serving(*answers) as server:
        async with EgressClient(Policy(allow=networks("127.0.0.0/8")), limits=limits) as gate:
            metrics = Metrics()
            keys = IssuerKeys(f"http://127.0.0.1:{server.port}", gate, FakeClock(), metrics)
            task = asyncio.create_task(keys.run())
            await keys_asked(metrics)
            yield keys, metrics, server
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def keys_asked(metrics: Metrics) -> None:
    async with asyncio.timeout(10):
        while not next(iter(metrics.oidc_refreshes.collect())).samples:  # noqa: ASYNC110 - sockets do it
            await asyncio.sleep(0.01)


async def test_an_issuer_that_does_not_answer_is_given_up() -> None:
    async with over_sockets(servers.silence) as (keys, metrics, _):
        assert metrics.registry.get_sample_value("imageyard_oidc_refreshes_total", {"result": "unreachable"}) == 1
        assert not keys.count


async def test_where_the_keys_are_is_judged_by_the_gate_as_every_address() -> None:
    """Cloud metadata, of whose address an issuer says that its keys are there."""

    async def discovery(writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        document = {"issuer": f"http://127.0.0.1:{port}", "jwks_uri": "https://169.254.169.254/latest/meta-data"}
        writer.write(servers.answer("200 OK", json.dumps(document).encode()))
        await writer.drain()

    with structlog.testing.capture_logs() as lines:
        async with over_sockets(discovery) as (keys, _, server):
            assert not keys.count
            assert len(server.heads) == 1
    assert [line["detail"] for line in lines if line["event"] == "oidc_keys_unavailable"] == ["EgressDenied"]


async def test_an_issuer_over_sockets_shows_its_keys() -> None:
    issuer = Issuer("http://127.0.0.1:1")

    async def both(writer: asyncio.StreamWriter) -> None:
        issuer.url = f"http://127.0.0.1:{writer.get_extra_info('sockname')[1]}"
        document = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
        body = json.dumps(document).encode() if not asked else issuer.key_set()
        asked.append(None)
        writer.write(servers.answer("200 OK", body))
        await writer.drain()

    asked: list[None] = []
    async with over_sockets(both) as (keys, _, server):
        assert [head.split()[1] for head in server.heads] == ["/.well-known/openid-configuration", "/keys"]
        assert keys.current()
