"""Sign-in: what each mode asks for, what it lets pass, and the traps real registries set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from imageyard.domain.secret import Secret
from imageyard.sample import access, images, tokens
from imageyard.sample.access import Access, Account, Basic
from imageyard.sample.tokens import Bearer, Either
from tests.fakes import registries
from tests.fakes.clock import FakeClock
from tests.sample import asking
from tests.sample.asking import Answer, Client

PATH = "/v2/team/demo/manifests/1.0"
SCOPE = "repository:team/demo:pull"
ACCOUNTS = {"ann": Account(Secret("pä:ss")), "bob": Account(Secret("word"), pull=("open/*",), push=())}
ANN, BOB, WRONG = asking.basic("ann", "pä:ss"), asking.basic("bob", "word"), asking.basic("ann", "wrong")


@asynccontextmanager
async def serving(how: Access) -> AsyncIterator[Client]:
    async with registries.sample(how) as served, asking.client(served.url) as client:
        served.registry.storage.put("team/demo", "1.0", images.single("demo", ()))
        yield client


def bearer(clock: FakeClock | None = None, *, public: tuple[str, ...] = (), harbor: bool = False) -> Bearer:
    return Bearer(ACCOUNTS, clock or FakeClock(), public=public, harbor=harbor)


async def token(client: Client, query: str = f"scope={SCOPE}", **headers: str) -> Answer:
    return await client.get(f"/token?service={tokens.SERVICE}&{query}", **headers)


async def carrying(client: Client, answer: Answer, path: str = PATH) -> Answer:
    return await client.get(path, authorization=f"Bearer {answer.json()['token']}")


async def test_basic_lets_the_right_password_pass() -> None:
    async with serving(Basic(ACCOUNTS)) as client:
        refused = await client.get("/v2/")
        assert (refused.status, refused.code) == (401, "UNAUTHORIZED")
        assert refused.headers["WWW-Authenticate"] == 'Basic realm="sample"'
        assert (await client.get("/v2/", authorization=WRONG)).status == 401
        assert (await client.get(PATH, authorization=ANN)).status == 200
        assert (await client.get(PATH, authorization=BOB)).status == 403


async def test_bearer_challenges_with_realm_service_and_scope() -> None:
    async with serving(bearer()) as client:
        pull, push = await client.get(PATH), await client.ask("PUT", PATH)
        start = f'Bearer realm="{client.url}/token",service="{tokens.SERVICE}"'
        assert (await client.get("/v2/")).headers["WWW-Authenticate"] == start
        assert pull.headers["WWW-Authenticate"] == f'{start},scope="{SCOPE}"'
        assert push.headers["WWW-Authenticate"] == f'{start},scope="{SCOPE},push"'


async def test_a_token_opens_the_repository_it_was_asked_for() -> None:
    async with serving(bearer()) as client:
        answer = await token(client, authorization=ANN)
        assert answer.json()["expires_in"] == 300
        assert (await carrying(client, answer)).status == 200
        assert (await carrying(client, answer, "/v2/")).status == 200
        other = await carrying(client, answer, "/v2/team/other/tags/list")
        assert other.status == 401
        assert 'error="insufficient_scope"' in other.headers["WWW-Authenticate"]


async def test_a_reduced_grant_is_a_token_that_opens_nothing() -> None:
    async with serving(bearer()) as client:
        answer = await token(client, authorization=BOB)
        assert answer.status == 200
        assert (await carrying(client, answer)).status == 401


@pytest.mark.parametrize("query", [f"scope={SCOPE}", ""], ids=["scope", "no-scope"])
async def test_a_wrong_password_gets_no_token(query: str) -> None:
    async with serving(bearer()) as client:
        assert (await token(client, query, authorization=WRONG)).status == 401
        assert (await token(client, query)).status == 401


async def test_a_public_repository_is_pulled_with_an_anonymous_token() -> None:
    async with serving(bearer(public=("team/*",))) as client:
        assert (await carrying(client, await token(client))).status == 200


async def test_another_service_is_unknown() -> None:
    async with serving(bearer()) as client:
        assert (await client.get("/token?service=other", authorization=ANN)).status == 400


async def test_tokens_end_with_their_lifetime_and_when_revoked() -> None:
    clock = FakeClock()
    how = bearer(clock)
    async with serving(how) as client:
        first = await token(client, authorization=ANN)
        await clock.advance(tokens.LIFETIME / timedelta(seconds=1))
        expired = await carrying(client, first)
        assert 'error="invalid_token"' in expired.headers["WWW-Authenticate"]
        second = await token(client, authorization=ANN)
        how.revoke()
        assert (await carrying(client, second)).status == 401


@pytest.mark.parametrize("forged", ["", "x", "x.y", "W10.", "é"])
async def test_a_forged_token_is_refused_quietly(forged: str) -> None:
    async with serving(bearer()) as client:
        answer = await client.get(PATH, authorization=f"Bearer {forged}")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_harbor_answers_a_wrong_password_with_an_anonymous_token() -> None:
    async with serving(bearer(harbor=True)) as client:
        trap = await token(client, authorization=WRONG)
        assert trap.status == 200
        assert (await token(client, "", authorization=WRONG)).status == 401
        refused = await carrying(client, trap)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="harbor"')
        assert (await carrying(client, trap, "/v2/")).status == 401
        assert (await carrying(client, await token(client, authorization=ANN))).status == 200


async def test_either_scheme_is_taken_and_the_right_one_offered() -> None:
    async with serving(Either(bearer(), Basic(ACCOUNTS), basic=("team/*",))) as client:
        both = (await client.get("/v2/")).headers.getall("WWW-Authenticate")
        assert [line.partition(" ")[0] for line in both] == ["Bearer", "Basic"]
        assert (await client.get(PATH)).headers["WWW-Authenticate"].startswith("Basic")
        assert (await client.get("/v2/x/tags/list")).headers["WWW-Authenticate"].startswith("Bearer")
        assert (await client.get(PATH, authorization=ANN)).status == 200
        assert (await carrying(client, await token(client, authorization=ANN))).status == 200


@pytest.mark.parametrize(
    ("values", "scopes"),
    [
        ([], []),
        (["repository:a/b:pull,push"], ["repository:a/b:pull", "repository:a/b:push"]),
        (["repository:a:pull repository:b:pull"], ["repository:a:pull", "repository:b:pull"]),
        (["repository:a:pull", "repository:b:pull"], ["repository:a:pull", "repository:b:pull"]),
        (["repository:host:5000/a:pull"], ["repository:host:5000/a:pull"]),
    ],
)
def test_scopes_are_split_into_one_action_each(values: list[str], scopes: list[str]) -> None:
    assert tokens.split_scopes(values) == scopes


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic /w==", "Bearer eA=="])
def test_a_broken_basic_header_proves_nobody(header: str) -> None:
    assert access.sign_in({"": Account(Secret("x"))}, header) is None
