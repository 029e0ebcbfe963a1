"""What people paste, upload and send back at the console."""

from typing import Final

from imageyard.domain import image_reference
from imageyard.domain.errors import BadRequest
from imageyard.domain.reference import InvalidReference
from imageyard.web import multipart
from imageyard.web.console.importing import judging, plan, reading
from imageyard.web.console.importing.judging import Offered
from tests.fuzz.target import Target, text

TYPE: Final = "multipart/form-data; boundary=x"
OFFERED: Final = (Offered("team/harbor", "harbor.example.com"), Offered("team/hub", "docker.io"))


def _image_reference(data: bytes) -> None:
    image_reference.parse(text(data))


def _import(data: bytes) -> None:
    """What was read is judged, travels through a form unchanged, and is judged the same then."""
    lines = plan.begun(reading.read(text(data)).candidates)
    assert plan.read(plan.write(lines)) == lines
    assert judging.judged(judging.placed(lines, OFFERED), {}) == judging.judged(judging.placed(lines, OFFERED), {})


def _plan(data: bytes) -> None:
    lines = plan.read(text(data))
    assert plan.read(plan.write(lines)) == lines
    judging.judged(judging.placed(lines, OFFERED), {})


def _multipart(data: bytes) -> None:
    multipart.parse(data, TYPE)


_LINES: Final = "# ours\nnginx:1.27 web 官网\n- ghcr.io/a/b:v1@sha256:00\nlocalhost:5000/x\n".encode()
_COMPOSE: Final = b"services:\n  web: {image: 'nginx:1'}\n  db:\n    image: ${DB}\n"
_MANIFESTS: Final = (
    b"kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: b}]}}}}}\n"
    b"---\nkind: PodList\nitems: [{spec: {initContainers: [{image: c}]}}]\n"
)
_JSON: Final = b'{"kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"nginx:1"}]}}'
_PLAN: Final = b"yes\t1\tnginx:1\tweb\tteam/hub\tx\nno\t2\ta:1\t\t\t\nmade\t3\tb:1\tb\tteam/hub\t"
_FORM: Final = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nnginx\r\n--x--\r\n'

TARGETS: Final = (
    Target("image-reference", _image_reference, (b"harbor.example.com:5000/team/app:v1", b"[::1]:5000/a@sha256:00"),
           (InvalidReference,)),
    Target("import", _import, (_JSON, _LINES, _COMPOSE, _MANIFESTS), (BadRequest,), reading.MOST_BYTES),
    Target("import-plan", _plan, (_PLAN,), (BadRequest,), 3 * 1024 * 1024),
    Target("multipart", _multipart, (_FORM,), (BadRequest,), 3 * 1024 * 1024),
)  # fmt: skip
