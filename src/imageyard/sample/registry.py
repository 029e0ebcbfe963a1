"""The registry as one ASGI application: routes, who may pass, and the error bodies of the OCI distribution-spec."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from imageyard.sample import errors, pushing, reading
from imageyard.sample.access import Access, Asked, Open
from imageyard.sample.errors import Refused
from imageyard.sample.faults import Faulty, Script
from imageyard.sample.pushing import Uploads
from imageyard.sample.requests import RequestLog
from imageyard.sample.storage import Storage
from imageyard.sample.tokens import Bearer, Either

Handler = Callable[[Request], Awaitable[Response]]


class Registry:
    """A registry over a storage. `script` changes its answers for tests, `log` tells what was asked."""

    def __init__(
        self,
        storage: Storage | None = None,
        access: Access | None = None,
        *,
        script: Script | None = None,
        log: RequestLog | None = None,
    ) -> None:
        self.storage = storage or Storage()
        self.access = access or Open()
        self.script = script or Script()
        self.log = log or RequestLog()
        self._uploads = Uploads()
        self._app = self.log.around(Faulty(self._routes(), self.script))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _routes(self) -> Starlette:
        uploads = self._guard(self._proceed)
        routes = [
            Route("/v2/", self._guard(self._base)),
            Route("/v2/{name:path}/tags/list", self._guard(self._tags)),
            Route("/v2/{name:path}/referrers/{digest}", self._guard(self._referrers)),
            Route("/v2/{name:path}/manifests/{reference}", self._guard(self._manifest), methods=["GET", "PUT"]),
            Route("/v2/{name:path}/blobs/uploads/", self._guard(self._begin), methods=["POST"]),
            Route("/v2/{name:path}/blobs/uploads/{session}", uploads, methods=["GET", "PATCH", "PUT", "DELETE"]),
            Route("/v2/{name:path}/blobs/{digest}", self._guard(self._blob)),
        ]
        service = self._token_service()
        if service is not None:
            routes.append(Route("/token", _token(service)))
        handlers = {Refused: _refused, HTTPException: _http_error}
        return Starlette(routes=routes, exception_handlers=handlers)

    def _token_service(self) -> Bearer | None:
        match self.access:
            case Bearer() as bearer:
                return bearer
            case Either(by_token=bearer):
                return bearer
            case _:
                return None

    def _guard(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            self.access.judge(_asked(request))
            response = await handler(request)
            response.headers.append(*errors.API_VERSION)
            return response

        return guarded

    async def _base(self, request: Request) -> Response:
        return JSONResponse({})

    async def _tags(self, request: Request) -> Response:
        return reading.tags(request, self.storage)

    async def _referrers(self, request: Request) -> Response:
        return reading.referrers(request, self.storage)

    async def _manifest(self, request: Request) -> Response:
        if request.method == "PUT":
            return await pushing.manifest(request, self.storage)
        return reading.manifest(request, self.storage)

    async def _blob(self, request: Request) -> Response:
        return reading.blob(request, self.storage)

    async def _begin(self, request: Request) -> Response:
        return await pushing.begin(request, self.storage, self._uploads)

    async def _proceed(self, request: Request) -> Response:
        return await pushing.proceed(request, self.storage, self._uploads)


def _asked(request: Request) -> Asked:
    return Asked(
        repository=request.path_params.get("name", ""),
        action="pull" if request.method in ("GET", "HEAD") else "push",
        authorization=request.headers.get("authorization", ""),
        origin=f"{request.url.scheme}://{request.headers.get('host', '')}",
    )


def _token(service: Bearer) -> Handler:
    async def answer(request: Request) -> Response:
        return service.answer(request)

    return answer


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101 - registered for this type only
    return errors.respond(refused)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    code = "UNSUPPORTED" if error.status_code == 405 else "NAME_UNKNOWN"
    return errors.respond(Refused(error.status_code, code, error.detail))
