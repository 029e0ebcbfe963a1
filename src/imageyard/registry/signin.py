"""Asking as somebody: the conversation of request, 401, token exchange and one more request.

What to do is decided in `auth`; here it is done, and what was learned is kept: per credential and origin how callers
sign in, so that the next request needs no 401 first.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from imageyard.domain.clock import Clock
from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.registry import RegistryError, Source, auth, errors, exchange, hello, origin, tokens, wire
from imageyard.registry.auth import Answer, Bearer, Exchange, Learn, Realm, Refused, Scheme, Sent, UseBasic
from imageyard.registry.challenge import Challenge
from imageyard.registry.origin import Origin
from imageyard.registry.wire import Ask, Landed, Wire

MAX_KNOWN: Final = 1024
_PASSING: Final = frozenset({Reason.ServerError, Reason.RateLimited})
"""Answers of a token service that another try may mend."""


class _Attempt(NamedTuple):
    """What the next request carries. `untrusted` is the realm that was asked anonymously though we have a
    credential, "" otherwise."""

    sent: Sent
    authorization: Secret | None = None
    scope: str = ""
    key: tokens.Key | None = None
    token: Secret | None = None
    untrusted: Realm | None = None


class SignIn:
    """Asks on behalf of sources."""

    def __init__(self, sender: Wire, clock: Clock) -> None:
        self._wire = sender
        self._clock = clock
        self._tokens = tokens.Tokens(clock.monotonic)
        self._known: OrderedDict[tuple[str, Origin], Scheme] = OrderedDict()

    async def ask(self, source: Source, ask: Ask) -> Landed:
        """Ask, signing in as the registry wants. The answer is never a 401. Raises RegistryError."""
        home = origin.of(source)
        attempt = await self._first(source, home, ask)
        exchanges = 1 if attempt.sent == "fresh" else 0
        while True:
            landed = await self._wire.follow(source, home, ask, attempt.authorization)
            if landed.response.status != 401:
                return _permitted(landed, attempt)
            if landed.crossed:
                raise _elsewhere()
            step = await self._decide(source, home, ask, landed, attempt, exchanges)
            match step:
                case Exchange(bearer, scope):
                    self._drop(attempt)
                    attempt = await self._with_token(source, home, bearer, scope, ask.scope)
                    exchanges += 1
                case UseBasic() if (credential := auth.basic(source)) is not None:
                    self._learn(source, home, "basic")
                    attempt = _Attempt("basic", credential)
                case _:
                    raise _refused(source, landed, attempt, self._clock)

    def forget(self, credential: str) -> None:
        """Drop tokens and what is known of a credential."""
        self._tokens.forget(credential)
        for key in [key for key in self._known if key[0] == credential]:
            del self._known[key]

    async def _first(self, source: Source, home: Origin, ask: Ask) -> _Attempt:
        known = self._known.get((source.credential, home))
        if isinstance(known, Bearer):
            try:
                return await self._with_token(source, home, known, ask.scope, ask.scope)
            except RegistryError:
                # The registry may have moved its token service: next time it is asked anew.
                self._known.pop((source.credential, home), None)
                raise
        credential = auth.basic(source) if known == "basic" else None
        return _Attempt("basic", credential) if credential is not None else _Attempt("nothing")

    async def _decide(
        self, source: Source, home: Origin, ask: Ask, landed: Landed, attempt: _Attempt, exchanges: int
    ) -> Answer:
        known = self._known.get((source.credential, home))
        asked = wire.asked(landed.response)
        step = auth.answer(asked, attempt.sent, known, ask.scope, attempt.scope, exchanges)
        if isinstance(step, Learn):
            asked = await self._challenge(source, home)
            step = auth.answer(asked, attempt.sent, known, ask.scope, attempt.scope, exchanges)
        return Refused() if isinstance(step, Learn) else step

    async def _challenge(self, source: Source, home: Origin) -> Challenge | None:
        """What `/v2/` asks for; None when it lets everybody in. Raises RegistryError as a verify would have it."""
        base = await self._wire.follow(source, home, Ask("GET", "/v2/", cut=True), None)
        if base.crossed:
            return None
        wrong = hello.judge(base.response, self._clock.now())
        if wrong is not None:
            raise wrong
        asked = wire.asked(base.response) if base.response.status == 401 else None
        if asked is None and base.response.status == 401:
            raise hello.strange()
        return asked

    async def _with_token(self, source: Source, home: Origin, bearer: Bearer, scope: str, own: str) -> _Attempt:
        realm = auth.realm(bearer.realm, home, source.trusted_realm_hosts)
        if realm is None:
            raise errors.error(Reason.RealmRefused, Text("realm 不是有效的地址", "the realm is no valid URL"))
        if scope != own and realm.url.origin.host != home.host:
            # The registry names a repository that we did not ask for, at a token service it shares with others:
            # the token would let it read there as us.
            raise errors.error(Reason.Unauthorized, unauthorized=True)
        signed = realm.trusted and not auth.anonymous(source)
        key = tokens.Key(source.credential, home, str(realm.url), bearer.service, scope, signed)
        untrusted = None if realm.trusted or auth.anonymous(source) else realm
        held = self._tokens.held(key)
        if held is not None:
            return _Attempt("cached", _bearer(held), scope, key, held, untrusted)

        async def fetch() -> tokens.Token:
            return await exchange.fetch(self._wire, source, home, realm, bearer.service, scope, self._clock.now())

        try:
            value = await self._tokens.get(key, fetch)
        except RegistryError as error:
            if untrusted is not None and error.reason not in _PASSING:
                raise realm_refused(untrusted) from error
            raise
        self._learn(source, home, bearer)
        return _Attempt("fresh", _bearer(value), scope, key, value, untrusted)

    def _drop(self, attempt: _Attempt) -> None:
        if attempt.key is not None and attempt.token is not None:
            self._tokens.drop(attempt.key, attempt.token)

    def _learn(self, source: Source, home: Origin, scheme: Scheme) -> None:
        self._known[(source.credential, home)] = scheme
        self._known.move_to_end((source.credential, home))
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)


def realm_refused(realm: Realm) -> RegistryError:
    """The credential was not shown to this token service; says what to do about it."""
    host = realm.url.origin.authority
    said = Text(
        f"令牌服务 {host} 不受信任，未发送凭证", f"the token service {host} is not trusted; no credential was sent"
    )
    if realm.url.origin.scheme == "http":
        step = Text(
            f"http://{host} 是明文地址，请修正镜像仓库的外部访问地址（Harbor 的 external_url）",
            f"http://{host} is plain HTTP; correct the registry's external URL (external_url in Harbor)",
        )
    else:
        step = Text(
            f"若信任该主机，请将 {host} 加入 spec.trustedRealmHosts",
            f"if you trust it, add {host} to spec.trustedRealmHosts",
        )
    return RegistryError(Reason.RealmRefused, said, next_step=step)


def _permitted(landed: Landed, attempt: _Attempt) -> Landed:
    if landed.response.status == 403 and attempt.untrusted is not None and not landed.crossed:
        raise realm_refused(attempt.untrusted)
    return landed


def _elsewhere() -> RegistryError:
    return errors.error(
        Reason.RedirectRefused,
        Text(
            "重定向到的主机要求登录，未向其发送凭证",
            "the host it redirects to asks for a login; no credential was sent there",
        ),
    )


def _refused(source: Source, landed: Landed, attempt: _Attempt, clock: Clock) -> RegistryError:
    if attempt.untrusted is not None:
        return realm_refused(attempt.untrusted)
    if not auth.anonymous(source):
        return errors.of_status(landed.response, clock.now())
    return errors.error(
        Reason.Unauthorized,
        Text(
            "匿名访问被拒绝：需要登录，或镜像不存在",
            "anonymous access denied: a login is needed, or the image is missing",
        ),
        unauthorized=True,
    )


def _bearer(token: Secret) -> Secret:
    return Secret(f"Bearer {token.reveal()}")
