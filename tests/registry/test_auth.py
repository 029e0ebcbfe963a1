"""Which realms, redirects and hosts are trusted, and what a 401 is answered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.secret import Secret
from imageyard.registry import auth, origin, providers
from imageyard.registry.auth import Bearer, Exchange, Learn, Refused, Sent, UseBasic
from imageyard.registry.challenge import Challenge
from imageyard.registry.origin import URL, BadURL, Origin
from tests.registry.neighbour import source

SCOPE = "repository:a/b:pull"
KNOWN = Bearer("https://t/token", "s")
ASKS_BEARER = Challenge("bearer", {"realm": "https://t/token", "service": "s", "scope": SCOPE})
ASKS_BASIC = Challenge("basic", {"realm": "x"})


def home(domain: str, *, insecure: bool = False) -> Origin:
    return origin.of(source(domain, insecure=insecure))


@pytest.mark.parametrize(
    ("domain", "realm"),
    [
        ("docker.io", "https://auth.docker.io/token"),
        ("harbor.example.com", "https://harbor.example.com/service/token"),
        ("gitlab.example.com:5050", "https://gitlab.example.com/jwt/auth"),
        ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("quay.io", "https://quay.io/v2/auth"),
        ("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/auth"),
        ("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth-ee.cn-hangzhou.aliyuncs.com/auth"),
        ("registry-vpc.cn-beijing.aliyuncs.com", "https://dockerauth-vpc.cn-beijing.aliyuncs.com/auth"),
        ("registry-internal.cn-beijing.aliyuncs.com", "https://dockerauth-vpc.cn-beijing.aliyuncs.com/auth"),
        ("acme-registry.cn-shanghai.cr.aliyuncs.com", "https://dockerauth-ee.cn-shanghai.aliyuncs.com/auth"),
        ("acme-registry-vpc.cn-shanghai.cr.aliyuncs.com", "https://dockerauth-ee-vpc.cn-shanghai.aliyuncs.com/auth"),
        ("crpi-abc123.ap-southeast-1.personal.cr.aliyuncs.com", "https://dockerauth.ap-southeast-1.aliyuncs.com/auth"),
        ("registry.cn-zhangjiakou.aliyuncs.com", "https://dockerauth-cn-zhangjiakou.aliyuncs.com/auth"),
        ("[2001:db8::1]:5000", "https://[2001:db8::1]/token"),
    ],
)
def test_the_realms_that_registries_really_name_are_trusted(domain: str, realm: str) -> None:
    judged = auth.realm(realm, home(domain), ())

    assert judged is not None
    assert judged.trusted


@pytest.mark.parametrize(
    ("domain", "realm"),
    [
        ("docker.io", "https://hub.docker.com/token"),
        ("docker.io", "https://auth.docker.io:8443/token"),
        ("docker.io:5000", "https://auth.docker.io/token"),
        ("gitlab.example.com", "https://gitlab.com/jwt/auth"),
        ("evil.com", "https://auth.docker.io/token"),
        ("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-beijing.aliyuncs.com/auth"),
        ("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth-vpc.cn-hangzhou.aliyuncs.com/auth"),
        ("registry.cn-hangzhou.aliyuncs.com", "https://evil.oss-cn-hangzhou.aliyuncs.com/auth"),
        ("registry.oss-cn-hangzhou.aliyuncs.com", "https://dockerauth.oss-cn-hangzhou.aliyuncs.com/auth"),
        ("registry.cn-beijing.aliyuncs.com", "https://dockerauth-cn-zhangjiakou.aliyuncs.com/auth"),
        ("registry.cn-hangzhou.aliyuncs.com.evil.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/auth"),
        ("evil.azurecr.io.evil.com", "https://evil.azurecr.io/oauth2/token"),
    ],
)
def test_other_realms_are_not(domain: str, realm: str) -> None:
    judged = auth.realm(realm, home(domain), ())

    assert judged is not None
    assert not judged.trusted


@pytest.mark.parametrize(
    ("listed", "realm", "trusted"),
    [
        ("tokens.test", "https://tokens.test/x", True),
        ("Tokens.Test", "https://TOKENS.test/x", True),
        ("tokens.test", "https://tokens.test:8443/x", False),
        ("tokens.test:8443", "https://tokens.test:8443/x", True),
        ("tokens.test:443", "https://tokens.test/x", True),
        ("tokens.test", "http://tokens.test/x", False),
        ("tokens.test", "https://sub.tokens.test/x", False),
    ],
)
def test_a_listed_host_is_trusted_exactly_and_over_tls(listed: str, realm: str, trusted: bool) -> None:
    judged = auth.realm(realm, home("registry.test"), (listed,))

    assert judged is not None
    assert judged.trusted is trusted


@pytest.mark.parametrize(
    ("asked", "sent", "known", "expected"),
    [
        pytest.param(ASKS_BEARER, "nothing", None, Exchange(KNOWN, SCOPE), id="first challenge"),
        pytest.param(ASKS_BASIC, "nothing", None, UseBasic(), id="Basic wanted"),
        pytest.param(None, "nothing", None, Learn(), id="nothing said"),
        pytest.param(ASKS_BASIC, "basic", "basic", Refused(), id="Basic refused"),
        pytest.param(None, "basic", "basic", Refused(), id="Basic refused without a word"),
        pytest.param(ASKS_BEARER, "basic", "basic", Exchange(KNOWN, SCOPE), id="the registry changed to Bearer"),
        pytest.param(ASKS_BEARER, "cached", KNOWN, Exchange(KNOWN, SCOPE), id="cached token ended early"),
        pytest.param(ASKS_BASIC, "cached", KNOWN, Exchange(KNOWN, SCOPE), id="the same at Harbor, which flips"),
        pytest.param(None, "cached", KNOWN, Exchange(KNOWN, SCOPE), id="the same without a word"),
        pytest.param(
            ASKS_BASIC, "fresh", KNOWN, Refused(), id="Harbor refuses: the same password is not sent as Basic"
        ),
        pytest.param(ASKS_BEARER, "fresh", KNOWN, Refused(), id="same scope again"),
        pytest.param(None, "fresh", KNOWN, Refused(), id="refused without a word"),
    ],
)
def test_a_401_is_answered(
    asked: Challenge | None, sent: Sent, known: auth.Scheme | None, expected: auth.Answer
) -> None:
    tried = SCOPE if sent in ("cached", "fresh") else ""

    assert auth.answer(asked, sent, known, SCOPE, tried, exchanges=0) == expected


def test_a_fresh_token_of_too_small_a_scope_is_exchanged_once_more() -> None:
    wider = Challenge("bearer", dict(ASKS_BEARER.params) | {"scope": "repository:library/b:pull,push"})

    assert auth.answer(wider, "fresh", KNOWN, SCOPE, SCOPE, 1) == Exchange(KNOWN, "repository:library/b:pull")
    assert auth.answer(wider, "fresh", KNOWN, SCOPE, SCOPE, auth.MAX_EXCHANGES) == Refused()


def test_a_fresh_token_that_is_called_invalid_is_exchanged_once_more() -> None:
    invalid = Challenge("bearer", dict(ASKS_BEARER.params) | {"error": "invalid_token"})

    assert auth.answer(invalid, "fresh", KNOWN, SCOPE, SCOPE, 1) == Exchange(KNOWN, SCOPE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("repository:a/b:pull,push", "repository:a/b:pull"),
        ("registry:catalog:* repository:a:*", "repository:a:pull"),
        ("repository:host:5000/a:pull", "repository:host:5000/a:pull"),
        ("repository(plugin):a:pull", ""),
        ("repository:a", ""),
        ("repository::pull", ""),
        ("", ""),
    ],
)
def test_a_scope_is_cut_down_to_pull(text: str, expected: str) -> None:
    assert auth.pull_scope(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Host.Test", URL(Origin("https", "host.test", 443), "/")),
        ("HTTPS://host.test:443/a?b=c", URL(Origin("https", "host.test", 443), "/a?b=c")),
        ("http://host.test?x", URL(Origin("http", "host.test", 80), "/?x")),
        ("https://[2001:DB8::1]:8443/", URL(Origin("https", "[2001:db8::1]", 8443), "/")),
    ],
)
def test_urls_are_read(text: str, expected: URL) -> None:
    assert origin.parse(text) == expected


@given(st.text(max_size=80) | st.text(alphabet="htps:/@\\.[]%#?e1 \t", max_size=40).map("https://".__add__))
def test_any_url_is_read_or_refused_and_what_is_read_is_read_the_same_again(text: str) -> None:
    try:
        found = origin.parse(text)
    except BadURL:
        return
    assert origin.parse(str(found)) == found


@given(st.text(max_size=60) | st.text(alphabet="/\\:@.?#%ehtps", max_size=30))
def test_any_location_is_resolved_or_refused(location: str) -> None:
    auth.redirect(URL(Origin("https", "registry.test", 443), "/v2/"), location)


def test_only_docker_hub_has_library_images() -> None:
    assert providers.asked(home("docker.io"), "nginx") == "library/nginx"
    assert providers.asked(home("docker.io"), "acme/nginx") == "acme/nginx"
    assert providers.asked(home("harbor.example.com"), "nginx") == "nginx"


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("docker.io", "dockerhub"),
        ("ghcr.io", "ghcr"),
        ("quay.io", "quay"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ecr"),
        ("europe-west1-docker.pkg.dev", "google"),
        ("eu.gcr.io", "google"),
        ("acme.azurecr.io", "azure"),
        ("acme.tencentcloudcr.com", "tencent"),
        ("ccr.ccs.tencentyun.com", "tencent"),
        ("harbor.example.com", "other"),
        ("ghcr.io:5000", "other"),
        ("ghcr.io.evil.com", "other"),
        ("xghcr.io", "other"),
    ],
)
def test_providers_are_known_by_their_whole_host(domain: str, name: str) -> None:
    assert providers.of(home(domain)).name == name


def test_a_credential_is_encoded_as_utf8() -> None:
    credential = auth.basic(source(username="用户", password=Secret("a:b")))

    assert credential is not None
    assert credential.reveal() == "Basic 55So5oi3OmE6Yg=="
    assert "55So" not in repr(credential)
