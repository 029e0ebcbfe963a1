"""Attempts at a credential, made by rule: what a registry at `HOME` answers, and who may see the credential then."""

import itertools
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from imageyard.registry import Source, origin
from tests.registry import thief
from tests.registry.neighbour import Content, Handler, Incoming, Registry, Reply
from tests.registry.thief import bearer, challenge, source

HOME: Final = "https://registry.test"
IDENTITY: Final = "<token>"
STATUSES: Final = (301, 302, 303, 307, 308)


class Attempt(NamedTuple):
    """`hosts` are who answers other than a thief; `may_see` the origins that may see the credential, and `sees` one of
    them that does, "" where nobody is to."""

    name: str
    who: Source
    hosts: dict[str, Handler]
    may_see: frozenset[str]
    sees: str = ""


def _lookalikes(host: str) -> Iterator[tuple[str, str]]:
    """Hosts that are not this one, though a careless comparison says so."""
    label, _, rest = host.partition(".")
    yield "prefix", f"evil-{host}"
    yield "prefix label", f"evil.{host}"
    yield "suffix", f"{host}.evil.test"
    yield "suffix letters", f"{host}evil.test"
    yield "parent", rest or "test"
    yield "sibling", f"login.{rest}"
    yield "shortened", host[:-1]
    yield "trailing dot", f"{host}."
    yield "dashes for dots", f"{host.replace('.', '-')}.test"
    yield "as a path", f"evil.test/{host}"
    yield "as a query", f"evil.test/?{host}"
    yield "as user", f"{host}@evil.test"
    yield "as user with port", f"{host}:443@evil.test"
    yield "as user and word", f"user:{host}@evil.test"
    yield "behind a backslash", f"evil.test\\@{host}"
    yield "before a backslash", f"{host}\\@evil.test"
    yield "before a backslash and dot", f"{host}\\.evil.test"
    yield "before a tab", f"{host}\t.evil.test"
    yield "before a line", f"{host}\r\n.evil.test"
    yield "before NUL", f"{host}%00.evil.test"
    yield "escaped dot", f"{host}%2eevil.test"
    yield "escaped at", f"{host}%40evil.test"
    yield "behind a fragment", f"evil.test#@{host}"
    yield "ideographic dot", host.replace(".", "。")
    yield "full-width letter", f"\uff52{host[1:]}"
    yield "Cyrillic letter", host.replace("e", "\u0435", 1)
    yield "punycode", f"xn--{label}-9za.{rest or 'test'}"
    yield "long s", host.replace("s", "\u017f", 1)
    yield "soft hyphen", f"{host[:3]}\u00ad{host[3:]}"
    yield "underscore", f"{label}_.{rest or 'test'}"
    yield "port beyond", f"{host}:65979"
    yield "two ports", f"{host}:443:443"
    yield "no host", f"/{host}"


ODD_URLS: Final = (
    *("//evil.test/token", "evil.test/token", "/token", "https:evil.test/token", "https:/evil.test/token"),
    *(
        "https:///evil.test/token",
        "https:\\\\evil.test/token",
        "\\\\evil.test/token",
        "/\\evil.test/token",
        "/\t/evil.test/token",
    ),
    *(
        "javascript:alert(1)",
        "ftp://registry.test/token",
        "file:///etc/passwd",
        "https://[::ffff:169.254.169.254]/token",
    ),
    *(
        "https://169.254.169.254/latest/token",
        "https://evil.test/token?x=https://registry.test/",
        "https://evil.test#@a/",
    ),
)
DOMAINS: Final = ("registry.test", "harbor.example.com:8443", "docker.io", "registry.cn-hangzhou.aliyuncs.com")


def realms() -> Iterator[Attempt]:
    """The registry names a token service that is not its own."""
    for domain, user in itertools.product(DOMAINS, (thief.USER, IDENTITY)):
        who = source(domain, username=user)
        home = str(origin.of(who))
        for name, host in _lookalikes(origin.of(who).host):
            if host == origin.of(who).host:
                continue  # a name without that letter
            yield _realm(f"realm of {domain} as {user[:3]}, {name}", who, home, f"https://{host}/token")
        for scheme in ("http", "HTTP", "ftp", "file", "//", "https:", "https:/", "https:\\\\"):
            written = f"{scheme}{'' if '/' in scheme or ':' in scheme else '://'}{origin.of(who).host}/token"
            yield _realm(f"realm of {domain} as {user[:3]}, scheme {scheme}", who, home, written)
        for url in ODD_URLS:
            yield _realm(f"realm of {domain} as {user[:3]}, {url}", who, home, url)
        for port in (1, 80, 5000):
            written = f"http://{origin.of(who).host}:{port}/token"
            yield _realm(f"realm of {domain} as {user[:3]}, http at {port}", who, home, written)


def _realm(name: str, who: Source, home: str, realm: str) -> Attempt:
    return Attempt(name, who, {home: lambda _: challenge(bearer(realm))}, frozenset({home}))


def pins() -> Iterator[Attempt]:
    """Token services of known registries, named by registries that are not these."""
    services = (
        "auth.docker.io",
        "dockerauth.cn-hangzhou.aliyuncs.com",
        "gitlab.com",
        "dockerauth-ee.cn-beijing.aliyuncs.com",
    )
    strangers = (
        *("registry.test", "registry-1.docker.io.evil.test", "evilregistry-1.docker.io", "registry-1.docker.io:8443"),
        *("registry.cn-shanghai.aliyuncs.com.evil.test", "registry.gitlab.com:5050", "docker.io:5000", "10.0.0.5"),
    )
    for domain, provider, service in itertools.product(strangers, ("dockerhub", "aliyun", "harbor"), services):
        who = source(domain, provider=provider)
        yield _realm(f"{service} named by {domain} as {provider}", who, str(origin.of(who)), f"https://{service}/token")


LISTED: Final = (
    ("tokens.test", "sub.tokens.test"), ("tokens.test", "tokens.test.evil.test"), ("tokens.test", "tokens.test:8443"),
    ("tokens.test", "evil-tokens.test"), ("tokens.test:8443", "tokens.test"), ("tokens.test:8443", "tokens.test:8444"),
    ("*.tokens.test", "a.tokens.test"), ("*", "evil.test"), ("", "evil.test"), (".", "evil.test"),
    (".tokens.test", "a.tokens.test"), ("https://tokens.test", "tokens.test"), ("test", "tokens.test"),
    ("tokens.test/token", "tokens.test"), ("tokens.test,evil.test", "evil.test"), ("10.0.0.0/8", "10.0.0.1"),
    ("tokens.test.", "tokens.test"), ("[::1]", "[::2]"), ("tokens.test:0", "tokens.test"),
)  # fmt: skip


def listed() -> Iterator[Attempt]:
    """Hosts near those of `trustedRealmHosts`."""
    for entry, host in LISTED:
        who = source(trusted_realm_hosts=(entry,))
        yield _realm(f"{host} where {entry!r} is trusted", who, HOME, f"https://{host}/token")
    yield _realm("http at a trusted host", source(trusted_realm_hosts=("t.test",)), HOME, "http://t.test/token")
    yield _realm("http at its port", source(trusted_realm_hosts=("t.test:80",)), HOME, "http://t.test:80/token")


def _is(kind: str) -> Callable[[Incoming], bool]:
    def matches(asked: Incoming) -> bool:
        return {
            "ping": asked.path == "/v2/",
            "HEAD": asked.method == "HEAD",
            "manifest": asked.method == "GET" and "/manifests/" in asked.path,
            "config": "/blobs/" in asked.path,
            "token": asked.path == "/token",
        }[kind]

    return matches


TARGETS: Final = {
    "another host": "https://evil.test/token",
    "another port": "https://registry.test:8443/token",
    "down to http": "http://registry.test/token",
    "http at its port": "http://registry.test:443/token",
    "a subdomain": "https://sub.registry.test/token",
    "its parent": "https://test/token",
    "no scheme": "//evil.test/token",
    "user info": "https://registry.test@evil.test/token",
    "user and word": "https://robot:word@evil.test/token",
    "backslash": "https://registry.test\\@evil.test/token",
    "a turn": "https://turn.test/token",
    **{url: url for url in ODD_URLS if url != "/token"},
}
"""`turn.test` leads back to the registry."""
KINDS: Final = ("ping", "HEAD", "manifest", "config", "token")


def redirects() -> Iterator[Attempt]:
    """Each kind of request is sent elsewhere, and there asked for a login in each way."""
    for kind, (target, url), status, auth in itertools.product(KINDS, TARGETS.items(), STATUSES, ("basic", "bearer")):
        if (auth == "basic" and kind == "token") or (target in ODD_URLS and status != 307):
            continue
        home = _redirecting(_is(kind), url, status, auth)
        turn: dict[str, Handler] = {"https://turn.test": _to(f"{HOME}/back", 307)}
        yield Attempt(f"{status} of {kind} to {target}, {auth}", source(), {HOME: home, **turn}, frozenset({HOME}))
    for asks in (
        *('Basic realm="registry.test"', bearer(f"{HOME}/token"), bearer("https://evil.test/token")),
        *(bearer("https://registry.test@evil.test/token"), f'{bearer(f"{HOME}/token")}, Basic realm="x"'),
    ):
        for status, auth in itertools.product(STATUSES, ("basic", "bearer")):
            home = _redirecting(_is("HEAD"), "https://evil.test/v2/", status, auth)
            evil: dict[str, Handler] = {"https://evil.test": lambda _, asks=asks: challenge(asks)}  # type: ignore[misc]
            yield Attempt(f"{status}, then {asks}, {auth}", source(), {HOME: home, **evil}, frozenset({HOME}))


def _to(url: str, status: int) -> Handler:
    return lambda _: Reply(status, headers=(("Location", url),))


def _redirecting(leads: Callable[[Incoming], bool], url: str, status: int, auth: str) -> Handler:
    registry, tokens = _registry(auth), thief.tokens()

    def home(asked: Incoming) -> Reply:
        signed = asked.header("authorization") != ""
        if asked.path == "/back":
            return challenge('Basic realm="x"')
        if leads(asked) and (signed or asked.path == "/token"):
            return _to(url, status)(asked)
        if asked.path == "/token":
            return tokens(asked)
        return registry(asked) if signed else challenge(_asks(auth))

    return home


def _registry(auth: str) -> Handler:
    held: Content = thief.content()
    return Registry(auth="none", **{name: getattr(held, name) for name in ("tags", "manifests", "blobs")})


def _asks(auth: str) -> str:
    return 'Basic realm="x"' if auth == "basic" else bearer(f"{HOME}/token")


CHALLENGES: Final = {
    "Bearer here": bearer(f"{HOME}/token"),
    "Bearer elsewhere": bearer("https://evil.test/token"),
    "Basic": 'Basic realm="https://evil.test/token"',
    "Digest": 'Digest realm="evil", nonce="x"',
    "broken": 'Bearer realm="https://evil.test/token',
}


def challenges() -> Iterator[Attempt]:
    """Several challenges at once, in every order, in one line and in several; and one after another."""
    for names in itertools.permutations(CHALLENGES, 2):
        values = [CHALLENGES[name] for name in names]
        for how, told in (("one line", (", ".join(values),)), ("lines", tuple(values))):
            home = _asking_in_turn([told])
            yield Attempt(f"{' and '.join(names)} in {how}", source(), {HOME: home}, frozenset({HOME}))
        home = _asking_in_turn([(value,) for value in values])
        yield Attempt(f"{' then '.join(names)}", source(), {HOME: home}, frozenset({HOME}))
    for error in ("invalid_token", "insufficient_scope", ""):
        again = f'{CHALLENGES["Bearer elsewhere"]},scope="repository:app/web:pull",error="{error}"'
        home = _asking_in_turn([(CHALLENGES["Bearer here"],), (again,)])
        yield Attempt(f"moved after {error!r}", source(), {HOME: home}, frozenset({HOME}), HOME)


def _asking_in_turn(turns: list[tuple[str, ...]]) -> Handler:
    tokens, at = thief.tokens(), itertools.count()

    def home(asked: Incoming) -> Reply:
        return tokens(asked) if asked.path == "/token" else challenge(*turns[next(at) % len(turns)])

    return home


def documents() -> Iterator[Attempt]:
    """Links, locations and layer addresses within answers that are otherwise good."""
    registry = Registry(auth="basic", users={thief.USER: thief.PASSWORD}, **vars(thief.content()))
    for name in ("Link", "Location", "Content-Location", "Refresh", "OCI-Subject", "Docker-Upload-UUID", "Alt-Svc"):
        for value in ('<https://evil.test/v2/>; rel="next"', "https://robot:word@evil.test/", 'h2="evil.test:443"'):
            told = registry.__class__(**{**vars(registry), "headers": ((name, value),)})
            yield Attempt(f"{name}: {value}", source(), {HOME: told}, frozenset({HOME}), HOME)


def controls() -> Iterator[Attempt]:
    """Who may see the credential does."""
    for domain, realm in (
        ("registry.test", "https://registry.test/token"),
        ("registry.test", "https://REGISTRY.test:8443/token"),
        ("registry.test:5000", "https://registry.test/token"),
        ("docker.io", "https://auth.docker.io/token"),
        ("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/token"),
        ("registry.gitlab.com", "https://gitlab.com/token"),
        ("registry.test", "https://tokens.test/token"),
        ("registry.test", "https://tokens.test:8443/token"),
    ):
        for user in (thief.USER, IDENTITY):
            who = source(domain, username=user, trusted_realm_hosts=("tokens.test", "Tokens.test:8443"))
            service = realm.removesuffix("/token").lower()
            hosts = {str(origin.of(who)): _asking_in_turn([(bearer(realm),)]), service: thief.tokens()}
            yield Attempt(f"{realm} of {domain} as {user[:3]}", who, hosts, frozenset(hosts), service)
    plain = source("registry.test:5000", insecure=True)
    own = "http://registry.test:5000"
    yield Attempt("plain HTTP", plain, {own: _asking_in_turn([(bearer(f"{own}/token"),)])}, frozenset({own}), own)
    yield Attempt("Basic", source(), {HOME: _asking_in_turn([('Basic realm="x"',)])}, frozenset({HOME}), HOME)


def attempts() -> list[Attempt]:
    return [*realms(), *pins(), *listed(), *redirects(), *challenges(), *documents()]
