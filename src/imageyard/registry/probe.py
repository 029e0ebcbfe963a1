"""Testing a source: address, TLS, registry, login, in one attempt that touches no repository.

Nothing is tried twice: a wrong password sent again can lock the account (Harbor 1.5 s, Docker Hub 15 min for the
whole address). The token service is asked *without a scope*: with one, Harbor answers 200 to any password.
No token of a probe is kept, and none that is held is used.
"""

import secrets
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from imageyard.domain.clock import Clock
from imageyard.domain.reasons import Reason
from imageyard.domain.reference import InvalidReference
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.egress import EgressError, Request, Response
from imageyard.registry import (
    Probe,
    RegistryError,
    Source,
    Step,
    Told,
    auth,
    errors,
    exchange,
    hello,
    origin,
    peer,
    providers,
    signin,
    strictjson,
    unanswered,
    untold,
    wire,
)
from imageyard.registry.auth import Realm
from imageyard.registry.challenge import Challenge
from imageyard.registry.origin import URL, Origin
from imageyard.registry.wire import Wire

StepName = Literal["address", "tls", "registry", "login"]
ORDER: Final[tuple[StepName, ...]] = ("address", "tls", "registry", "login")
SECONDS: Final = 30.0
"""For all exchanges of a probe together."""
MAX_HELLO: Final = 65_536
"""Bytes that are read of an answer; what a probe looks at stands at its beginning."""
_REFUSALS: Final = frozenset({401, 403, 429})
"""Answers to a credential that mean something even where nobody needs one."""

_OK = Text("正常", "ok")
_SKIPPED = Text("未执行", "not reached")
_CONNECTED = Text("连接成功", "connection succeeded")
_ANONYMOUS = Text("以匿名方式访问，未使用凭证", "anonymous access; no credential is used")
_UNPROVEN = Text(
    "镜像仓库对任何人应答，无法验证该凭证", "the registry answers everybody, so the credential could not be tested"
)


class _Login(NamedTuple):
    """How the login step ended when it did not fail."""

    outcome: Literal["ok", "unproven", "skipped"]
    message: Text
    proven: bool = True
    """False: the credential could not be tested (AnonymousOnly)."""


async def run(sender: Wire, clock: Clock, source: Source, told: Told = untold) -> Probe:
    """Test a source within `SECONDS`, telling each step as it ends. Never raises RegistryError."""
    return await _Run(sender.within(SECONDS, clock), clock, source, told).probe()


class _Run:
    """One probe: its steps so far, and the clock they are measured by."""

    def __init__(self, sender: Wire, clock: Clock, source: Source, told: Told) -> None:
        self._wire = sender
        self._clock = clock
        self._source = source
        self._told = told
        self._steps: list[Step] = []
        self._began = clock.monotonic()

    async def probe(self) -> Probe:
        try:
            home = origin.of(self._source)
        except InvalidReference as invalid:
            return self._failed("address", RegistryError(Reason.InvalidSpec, invalid.text))
        try:
            answer = await self._hello(home)
        except EgressError as failure:
            return self._failed(failure.step, unanswered.error(failure, peer.registry(home)))
        except RegistryError as error:
            return self._failed("registry", error)
        wrong = hello.judge(answer, self._clock.now())
        if wrong is not None:
            return self._failed("registry", wrong)
        self._reached()
        try:
            login = await self._login(home, answer)
        except RegistryError as error:
            return self._failed("login", error)
        return self._passed(login)

    async def _hello(self, home: Origin) -> Response:
        """GET /v2/ without a credential, following redirects on the own origin only."""
        url = URL(home, "/v2/")
        for _ in range(auth.MAX_REDIRECTS + 1):
            response = await self._wire.exchange(self._request(home, url))
            if response.status not in wire.REDIRECTS:
                return response
            hop = auth.redirect(url, response.header("location"))
            if hop is None or not hop.same_origin:
                raise _elsewhere(home, hop)
            url = hop.url
        raise errors.error(Reason.RedirectRefused, Text("重定向次数过多", "too many redirects"))

    async def _login(self, home: Origin, answer: Response) -> _Login:
        asked = wire.asked(answer)
        if answer.status == 200:
            return await self._open(home)
        if asked is None:
            raise hello.strange()
        if asked.scheme == "bearer":
            return await self._bearer(home, asked)
        return await self._basic(home)

    async def _open(self, home: Origin) -> _Login:
        """`/v2/` answered without a login. A credential is shown once all the same: a registry that lets everybody
        read may still refuse a wrong password (zot), and Harbor's own API tells who is asking."""
        if auth.anonymous(self._source):
            return _Login("skipped", _ANONYMOUS)
        if self._source.provider == "harbor":
            return await self._harbor(home)
        answer = await self._signed(home, "/v2/", self._credential())
        if answer.status not in _REFUSALS:
            return _Login("unproven", _UNPROVEN, proven=False)
        asked = wire.asked(answer) if answer.status == 401 else None
        if asked is not None and asked.scheme == "bearer":
            return await self._bearer(home, asked)
        raise errors.of_status(answer, self._clock.now(), "api")

    async def _harbor(self, home: Origin) -> _Login:
        """Harbor names its version to callers it knows, and to nobody else."""
        answer = await self._signed(home, "/api/v2.0/systeminfo", self._credential())
        if answer.status in _REFUSALS:
            raise errors.of_status(answer, self._clock.now(), "api")
        document = _json(answer) if answer.status == 200 else None
        if isinstance(document, dict) and isinstance(document.get("harbor_version"), str):
            return self._proven(home)
        return _Login("unproven", _UNPROVEN, proven=False)

    async def _basic(self, home: Origin) -> _Login:
        if auth.anonymous(self._source):
            raise errors.error(Reason.Unauthorized, Text("需要用户名和密码", "user name and password are needed"))
        answer = await self._signed(home, "/v2/", self._credential())
        if answer.status != 200:
            raise errors.of_status(answer, self._clock.now(), "api")
        return self._proven(home)

    async def _bearer(self, home: Origin, asked: Challenge) -> _Login:
        realm = auth.realm(asked.params["realm"], home, self._source.trusted_realm_hosts)
        if realm is None:
            raise errors.error(Reason.RealmRefused, Text("realm 不是有效的地址", "the realm is no valid URL"))
        service = asked.params.get("service", "")
        if auth.anonymous(self._source):
            return await self._without_credential(home, realm, service)
        if not realm.trusted:
            # An anonymous token would prove nothing about the credential.
            raise signin.realm_refused(realm)
        self._credential()
        token = await self._token(self._source, home, realm, service)
        answer = await self._signed(home, "/v2/", Secret(f"Bearer {token.reveal()}"))
        if answer.status == 401:
            return self._refused_token(home)
        if answer.status != 200:
            raise errors.of_status(answer, self._clock.now(), "api")
        if not self._judges(home) and await self._anybody(home, realm, service):
            return _Login("unproven", _UNPROVEN, proven=False)
        return self._proven(home)

    async def _without_credential(self, home: Origin, realm: Realm, service: str) -> _Login:
        """Harbor and Quay give no token without a scope to strangers though they let them read: a refusal is no
        failure here, a token service that is down is."""
        try:
            await self._token(self._source, home, realm, service)
        except RegistryError as error:
            if error.reason not in (Reason.Unauthorized, Reason.Forbidden, Reason.Unsupported):
                raise
            return _Login("unproven", _ANONYMOUS)
        return _Login("skipped", _ANONYMOUS)

    async def _token(self, source: Source, home: Origin, realm: Realm, service: str) -> Secret:
        token = await exchange.fetch(self._wire, source, home, realm, service, "", self._clock.now())
        return token.value

    def _refused_token(self, home: Origin) -> _Login:
        """The token service took the password, the registry wants a token for a repository. That proves the
        password where the service is known to judge passwords."""
        if self._judges(home):
            return self._proven(home)
        return _Login(
            "unproven",
            Text(
                "令牌服务接受了登录，但镜像仓库不接受不带仓库范围的令牌，无法验证该凭证",
                "the token service took the login, but the registry takes no token without a repository, "
                "so the credential could not be tested",
            ),
            proven=False,
        )

    async def _anybody(self, home: Origin, realm: Realm, service: str) -> bool:
        """Whether the token service takes any login (gitea#20563, open-balena-api#151). Asked once, as a user that
        cannot exist, so that nobody's account is locked; never where the service is known to judge."""
        stranger = replace(
            self._source, username=f"imageyard-{secrets.token_hex(8)}", password=Secret(secrets.token_hex(16))
        )
        try:
            await self._token(stranger, home, realm, service)
        except RegistryError as error:
            if error.reason is Reason.Timeout:
                raise
            return False
        return True

    def _judges(self, home: Origin) -> bool:
        return self._source.provider in ("harbor", "dockerhub", "aliyun") or providers.of(home).proves

    def _proven(self, home: Origin) -> _Login:
        return _Login("ok", providers.of(home).note or _OK)

    def _credential(self) -> Secret | None:
        return auth.basic(self._source)

    async def _signed(self, home: Origin, path: str, authorization: Secret | None) -> Response:
        """One request with a credential to the source's own origin; a redirect is not followed."""
        return await self._wire.send(self._request(home, URL(home, path), authorization), peer.registry(home))

    def _request(self, home: Origin, url: URL, authorization: Secret | None = None) -> Request:
        return wire.request(self._source, home, url, "GET", limit=MAX_HELLO, authorization=authorization, cut=True)

    def _lap(self) -> int:
        """Milliseconds since the last lap. One exchange finds out about address, TLS and registry together: its
        time is told at the step where it ended."""
        now = self._clock.monotonic()
        elapsed, self._began = now - self._began, now
        return max(0, round(elapsed * 1000))

    def _ended(self, *steps: Step) -> None:
        for step in steps:
            self._steps.append(step)
            self._told(step)

    def _reached(self) -> None:
        self._ended(
            Step("address", "ok", _OK, 0),
            _tls_step(self._source),
            Step("registry", "ok", _OK, self._lap()),
        )

    def _failed(self, at: StepName, error: RegistryError) -> Probe:
        before = {"tls": _tls_step(self._source)}
        position = ORDER.index(at)
        said = errors.advised(error)
        if not self._steps:
            self._ended(*(before.get(name) or Step(name, "ok", _OK, 0) for name in ORDER[:position]))
        self._ended(Step(at, "failed", said, self._lap()))
        self._ended(*(Step(name, "skipped", _SKIPPED, 0) for name in ORDER[position + 1 :]))
        message = Text(f"连接失败：{said.zh}", f"connection failed: {said.en}")
        return Probe(False, error.reason, message, tuple(self._steps), error.elsewhere)

    def _passed(self, login: _Login) -> Probe:
        self._ended(Step("login", login.outcome, login.message, self._lap()))
        steps = tuple(self._steps)
        if login.proven:
            return Probe(True, Reason.Verified, _CONNECTED, steps)
        message = Text(f"连接成功，但{login.message.zh}", f"connection succeeded, but {login.message.en}")
        return Probe(True, Reason.AnonymousOnly, message, steps)


def _json(response: Response) -> object | None:
    try:
        return strictjson.read(response.body)
    except strictjson.BadJSON:
        return None


def _tls_step(source: Source) -> Step:
    if source.insecure:
        return Step("tls", "skipped", Text("按 spec.insecure 使用明文 HTTP", "plain HTTP, as spec.insecure says"), 0)
    if source.skip_verify:
        text = Text(
            "按 spec.insecureSkipVerify 未检查证书", "the certificate was not checked, as insecureSkipVerify says"
        )
        return Step("tls", "unproven", text, 0)
    return Step("tls", "ok", _OK, 0)


def _elsewhere(home: Origin, hop: auth.Hop | None) -> RegistryError:
    if hop is None:
        return errors.error(
            Reason.RedirectRefused, Text("/v2/ 的重定向目标无效", "/v2/ is redirected to no valid target")
        )
    target = hop.url.origin
    failure = errors.error(Reason.RedirectRefused, Text(f"/v2/ 被重定向到 {target}", f"/v2/ is redirected to {target}"))
    if home.scheme == "http" and target.host == home.host:
        failure.next_step = Text("它要求使用 HTTPS，请去掉 spec.insecure", "it wants HTTPS: drop spec.insecure")
    return failure
