"""The OpenAPI document: valid, complete, and true to what is answered."""

import json
import re
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from imageyard.domain import reference
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.service import candidate
from imageyard.web import errors
from imageyard.web.oapis import door, openapi, operations, routes, schemas, wording
from tests.fakes.asgi import Answer, Client
from tests.web.samples import DIGEST, IMAGES, NAMESPACES, PREFIX, SECRETS, image, secret

DOCUMENT = openapi.document("en", "1.2.3")
OPERATIONS = [
    pytest.param(path, method, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
every_operation = pytest.mark.parametrize(("path", "method"), OPERATIONS)
LIBRARY: Registry[Any] = Registry().with_resource("doc:", DRAFT202012.create_resource(DOCUMENT))


def validate(schema: Any, value: Any) -> None:
    """Check a value against a schema whose references lead into the document."""
    absolute = json.loads(json.dumps(schema).replace('"#/components', '"doc:#/components'))
    Draft202012Validator(absolute, registry=LIBRARY, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def operation_of(path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


async def test_the_document_is_served_in_both_languages_to_who_has_a_token(admin: Client, stranger: Client) -> None:
    english = await admin.get("/oapis/openapi.json", headers={"accept-language": "en"})
    assert english.json() == json.loads(json.dumps(DOCUMENT))
    chinese = (await admin.get("/oapis/openapi.json")).json()
    assert chinese["info"]["title"] == "imageyard 镜像管理 API"
    assert (await stranger.get("/oapis/openapi.json")).status == 401


def test_it_has_the_structure_of_openapi_3_1() -> None:
    """The fixed fields of the specification (OpenAPI 3.1.0 section 4.8), as far as this document uses them."""
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for path, methods in DOCUMENT["paths"].items():
        assert path.startswith("/")
        for method, operation in methods.items():
            assert method in {"get", "put", "post", "delete", "patch"}
            named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert named == {*re.findall(r"{(\w+)}", path)}
            assert all(each["required"] for each in operation.get("parameters", []) if each["in"] == "path")
            assert operation["responses"]
            assert all(re.fullmatch("[1-5][0-9][0-9]", code) for code in operation["responses"])


def test_operation_ids_are_unique() -> None:
    identifiers = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(identifiers) == len({*identifiers})


def test_every_schema_is_a_schema_and_every_reference_leads_somewhere() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT)):
        place: Any = DOCUMENT
        for part in path.split("/"):
            place = place[part]


def test_it_covers_exactly_the_routes_there_are() -> None:
    served = {
        (routes.PREFIX + route.template, method.lower()) for route in routes.ROUTES.values() for method in route.methods
    }
    pages = {(path, "get") for path in door.PAGES if path.startswith(routes.PREFIX)}
    documented = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert documented == served | pages


def test_every_handler_is_described() -> None:
    handlers = {endpoint.handler for route in routes.ROUTES.values() for endpoint in route.methods.values()}
    assert handlers == {*operations.OF}


@every_operation
def test_every_operation_has_a_valid_example_of_each_body_and_answer(path: str, method: str) -> None:
    operation = operation_of(path, method)
    contents = [*operation.get("requestBody", {}).get("content", {}).values()]
    for response in operation["responses"].values():
        if "$ref" in response:
            response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
        contents.extend(response.get("content", {}).values())
    assert contents or "204" in operation["responses"]
    for content in contents:
        validate(content["schema"], content["example"])
    for parameter in operation.get("parameters", []):
        validate(parameter["schema"], parameter["example"])


@every_operation
def test_every_operation_tells_of_the_errors_any_request_can_meet(path: str, method: str) -> None:
    codes = {*operation_of(path, method)["responses"]}
    assert {"401", "403", "421", "429", "500", "503"} <= codes
    if method in {"put", "patch"} or (method == "post" and "{name}" not in path):
        assert {"400", "409", "413", "415"} <= codes


def test_every_code_a_failure_can_have_is_documented() -> None:
    """405 belongs to no operation, 410 to kube's continuation tokens."""
    codes = {str(outcome.code) for outcome in errors.STATUS_OF.values()} - {"405", "410"}
    assert codes == {*DOCUMENT["components"]["responses"]}


@pytest.mark.parametrize("kind", [REGISTRY_SECRET, REPOSITORY], ids=lambda kind: kind.plural)
def test_every_field_of_a_spec_says_what_it_means_in_both_languages(kind: Any) -> None:
    spec = next(field.type for field in msgspec.structs.fields(kind.type) if field.name == "spec")
    named = {f"{spec.__name__}.{field.encode_name}" for field in msgspec.structs.fields(spec)}
    assert named <= {*wording.FIELDS}


@pytest.mark.parametrize(
    "platform", ["linux/amd64", "linux/arm/v7", "Linux/AMD64", "linux/x86_64", "linux/x86-64", "windows/amd64/10.0"]
)
def test_a_platform_that_is_taken_fits_its_schema(platform: str) -> None:
    assert reference.parse_platform(platform)
    validate({"$ref": "#/components/schemas/RepositorySpec/properties/platform"}, platform)


@pytest.mark.parametrize("digest", ["sha256:" + "a" * 64, "sha512:" + "a" * 128])
def test_a_digest_that_is_shown_fits_its_schema(digest: str) -> None:
    assert reference.parse_digest(digest)
    validate(schemas.DIGEST, digest)


def test_a_verify_body_may_hold_all_that_is_taken() -> None:
    operation = operation_of(f"{PREFIX}/namespaces/{{namespace}}/registry-secrets/{{name}}/verify", "post")
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert {*schema["properties"]} == candidate.FIELDS


def test_who_has_just_made_an_object_is_shown_that_nothing_is_known_yet() -> None:
    paths = (f"{PREFIX}/namespaces/{{namespace}}/{plural}" for plural in ("registry-secrets", "repositories"))
    source, made = (
        operation_of(path, "post")["responses"]["201"]["content"]["application/json"]["example"] for path in paths
    )
    assert source["metadata"]["annotations"]["theriseunion.io/verify-status"] == "untested"
    assert made["status"]["syncStatus"] == ""


def test_a_password_is_write_only() -> None:
    assert DOCUMENT["components"]["schemas"]["RegistrySecretSpec"]["properties"]["password"]["writeOnly"] is True
    answers = [
        response["content"]["application/json"]["example"]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
        if "content" in response
    ]
    assert "Harbor12345" not in json.dumps(answers)


async def call_all(client: Client) -> dict[tuple[str, str], Answer]:
    """Each operation once, by its template and method."""
    secrets, images = (
        f"{PREFIX}/namespaces/{{namespace}}/registry-secrets",
        f"{PREFIX}/namespaces/{{namespace}}/repositories",
    )
    answers: dict[tuple[str, str], Answer] = {}
    for template, path, sent in ((secrets, SECRETS, secret), (images, IMAGES, image)):
        answers[template, "post"] = await client.post(path, sent("one"))
        answers[template, "get"] = await client.get(path)
        one, at = f"{template}/{{name}}", f"{path}/one"
        answers[one, "get"] = await client.get(at)
        answers[one, "put"] = await client.put(at, answers[one, "get"].json())
        answers[one, "patch"] = await client.patch(at, {"metadata": {"labels": {"a": "b"}}})
        answers[f"{one}/history", "get"] = await client.get(f"{at}/history")
    answers[f"{secrets}/{{name}}/verify", "post"] = await client.post(f"{SECRETS}/one/verify", {})
    answers[f"{images}/{{name}}/sync", "post"] = await client.post(f"{IMAGES}/one/sync")
    manifests = f"{images}/{{name}}/manifests/{{digest}}"
    answers[manifests, "get"] = await client.get(f"{IMAGES}/one/manifests/{DIGEST}")
    for template, path in ((secrets, SECRETS), (images, IMAGES)):
        answers[f"{template}/{{name}}", "delete"] = await client.delete(f"{path}/one")
        answers[template, "delete"] = await client.delete(path, {"names": ["one"]})
    answers[f"{PREFIX}/namespaces", "get"] = await client.get(NAMESPACES)
    return answers


async def test_what_is_answered_is_what_is_documented(admin: Client) -> None:
    answers = await call_all(admin)
    assert {*answers} == {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    for (path, method), answer in answers.items():
        response = operation_of(path, method)["responses"][str(answer.status)]
        assert "$ref" not in response, (path, method, answer.text)
        if answer.body:
            validate(response["content"]["application/json"]["schema"], answer.json())


async def test_a_failure_is_what_is_documented(admin: Client) -> None:
    for answer in (await admin.get(f"{IMAGES}/x"), await admin.post(IMAGES, b"{"), await admin.get("/nothing")):
        validate({"$ref": "#/components/schemas/Status"}, answer.json())
