"""kubectl asks: what there is, what it means, and objects in every form."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.kubectl import Kubectl, manifests
from tests.e2e.product import JSON, image

OURS = "image.theriseunion.io/v1alpha1"


@pytest.fixture(scope="module", autouse=True)
def shelf(kubectl: Kubectl) -> Iterator[None]:
    """Five images in a namespace of their own, that no sync touches."""
    kubectl("create", "namespace", "shelf")
    kubectl("create", "-f", "-", sent=manifests(*(_shelved(number) for number in range(5))))
    yield
    kubectl("delete", "namespace", "shelf")


def _shelved(number: int) -> JSON:
    document = image(f"app-{number}", "none", f"team/app{number}", f"v{9 - number}", suspend=True)
    document["metadata"] |= {"namespace": "shelf", "labels": {"row": "odd" if number % 2 else "even"}}
    return document


def test_what_is_served(kubectl: Kubectl) -> None:
    served = [line.split() for line in kubectl("api-resources").splitlines()]
    assert ["registrysecrets", "regsec", OURS, "true", "RegistrySecret"] in served
    assert ["repositories", "imgs", OURS, "true", "Repository"] in served
    assert ["namespaces", "ns", "v1", "false", "Namespace"] in served
    ours = kubectl("api-resources", "--api-group=image.theriseunion.io", "-o", "name").split()
    assert ours == ["registrysecrets.image.theriseunion.io", "repositories.image.theriseunion.io"]
    wide = kubectl("api-resources", "--categories=imageyard", "--verbs=deletecollection", "-o", "wide")
    assert wide.count("create,delete,deletecollection,get,list,patch,update,watch") == 2
    assert OURS in kubectl("api-versions").splitlines()


def test_what_the_fields_mean(kubectl: Kubectl) -> None:
    told = kubectl("explain", "repository")
    assert told.startswith("GROUP:      image.theriseunion.io\nKIND:       Repository\nVERSION:    v1alpha1\n")
    assert "spec\t<RepositorySpec> -required-" in told
    assert "Both fields are required." in kubectl("explain", "imgs.spec.registryRef")
    assert "enum: harbor, dockerhub, aliyun, other" in kubectl("explain", "regsec", "--recursive")
    assert 'field "nope" does not exist' in kubectl("explain", "repository.spec.nope", exits=1)


def test_versions(kubectl: Kubectl) -> None:
    told = json.loads(kubectl("version", "-o", "json"))
    assert told["serverVersion"]["gitVersion"].startswith("v1.36.0+imageyard.")
    assert "Server Version: v1.36.0+imageyard." in kubectl("version")


def test_all_names_of_a_kind(kubectl: Kubectl) -> None:
    expected = kubectl("get", "repositories", "-n", "shelf", "-o", "name")
    assert expected.splitlines() == [f"repository.image.theriseunion.io/app-{number}" for number in range(5)]
    full = "repositories.v1alpha1.image.theriseunion.io"
    for name in ("repository", "imgs", "Repository", "repositories.image.theriseunion.io", full):
        assert kubectl("get", name, "-n", "shelf", "-o", "name") == expected
    everything = kubectl("get", "imageyard", "-A", "-o", "name").splitlines()
    assert {line.partition("/")[0] for line in everything} == {
        "repository.image.theriseunion.io",
        "registrysecret.image.theriseunion.io",
    }
    both = kubectl("get", "regsec/sample-token", "imgs/nginx", "-o", "name").splitlines()
    assert both == ["registrysecret.image.theriseunion.io/sample-token", "repository.image.theriseunion.io/nginx"]


def test_tables(kubectl: Kubectl) -> None:
    plain = kubectl("get", "imgs", "-n", "shelf").splitlines()
    assert (plain[0].split()[:5], len(plain)) == (["NAME", "REGISTRY", "IMAGE", "TAG", "SYNCED"], 6)
    wide = kubectl("get", "imgs", "-n", "shelf", "-o", "wide").splitlines()[0].split()
    assert wide[-5:] == ["DIGEST", "SIZE", "PLATFORMS", "NEXT-SYNC", "REASON"]
    assert "row=even" in kubectl("get", "imgs", "app-0", "-n", "shelf", "--show-labels", "--no-headers")
    assert "ROW" in kubectl("get", "imgs", "-n", "shelf", "-L", "row").splitlines()[0]
    assert kubectl("get", "imgs", "app-0", "-n", "shelf", "--server-print=false").split()[:2] == ["NAME", "AGE"]
    assert "Active" in kubectl("get", "namespace", "shelf")


def test_other_forms(kubectl: Kubectl) -> None:
    one = ("get", "imgs", "app-3", "-n", "shelf", "-o")
    assert json.loads(kubectl(*one, "json"))["spec"]["repository"] == "team/app3"
    assert "\n  repository: team/app3\n" in kubectl(*one, "yaml")
    assert kubectl(*one, "jsonpath={.spec.tag}/{.metadata.labels.row}") == "v6/odd"
    assert kubectl(*one, "go-template={{.spec.registryRef.name}}") == "none"
    columns = "custom-columns=NAME:.metadata.name,TAG:.spec.tag"
    assert kubectl(*one, columns).split() == ["NAME", "TAG", "app-3", "v6"]
    assert "managedFields" not in kubectl(*one, "yaml")
    assert "manager: kubectl-create" in kubectl(*one, "yaml", "--show-managed-fields")
    status = kubectl("get", "imgs", "app-3", "-n", "shelf", "--subresource=status", "-o", "jsonpath={.status.reason}")
    assert status == "Suspended"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("--sort-by=.spec.tag", "43210"),
        ("--sort-by={.metadata.name}", "01234"),
        ("-l=row=odd", "13"),
        ("-l=row!=odd", "024"),
        ("-l=row in (odd,even),row notin (odd)", "024"),
        ("-l=row", "01234"),
        ("-l=!row", ""),
        ("--field-selector=metadata.name=app-2", "2"),
        ("--field-selector=metadata.name!=app-2,metadata.namespace=shelf", "0134"),
        ("--field-selector=spec.registryRef.name=none", "01234"),
        ("--field-selector=status.syncStatus=Success", ""),
        ("--chunk-size=2", "01234"),
    ],
)
def test_lists(kubectl: Kubectl, asked: str, found: str) -> None:
    printed = kubectl("get", "imgs", "-n", "shelf", asked, "-o", "name")
    assert "".join(line[-1] for line in printed.splitlines()) == found


def test_a_description(kubectl: Kubectl) -> None:
    told = kubectl("describe", "imgs", "app-1", "-n", "shelf")
    for line in ("Name:         app-1", "Labels:       row=odd", "Kind:         Repository", "  Registry Ref:"):
        assert line in told.splitlines()
    several = kubectl("describe", "imgs", "-n", "shelf", "-l", "row=odd")
    names = [line.split()[1] for line in several.splitlines() if line.startswith("Name: ")]
    assert names == ["app-1", "app-3"]
    assert "Status:       Active" in kubectl("describe", "namespace", "shelf")


def test_raw_paths(kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert json.loads(kubectl("get", "--raw", "/version"))["minor"] == "36"
    assert json.loads(kubectl("get", "--raw", "/apis"))["kind"] == "APIGroupList"
    listed = json.loads(kubectl("get", "--raw", f"/apis/{OURS}/namespaces/shelf/repositories?limit=1"))
    assert (listed["kind"], listed["metadata"]["remainingItemCount"]) == ("RepositoryList", 4)
    asked = f"/apis/{OURS}/namespaces/shelf/repositories/app-0/sync"
    assert json.loads(kubectl("create", "--raw", asked, "-f", "-", sent=""))["success"] is True


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            ("get", "imgs", "nope"),
            'Error from server (NotFound): repositories.image.theriseunion.io "nope" not found',
        ),
        (("get", "imgs", "--token=wrong"), "error: You must be logged in to the server (Unauthorized)"),
        (("get", "nothings"), 'error: the server doesn\'t have a resource type "nothings"'),
        (
            ("get", "imgs", "--field-selector=spec.tag=v1"),
            'Error from server (BadRequest): Unable to find "image.theriseunion.io/v1alpha1, Resource=repositories" '
            'that match label selector "", field selector "spec.tag=v1": field label not supported: spec.tag',
        ),
        (
            ("get", "imgs", "nginx", "--subresource=scale"),
            "Error from server (NotFound): the server could not find the requested resource",
        ),
        (
            ("get", "--raw", f"/apis/{OURS}/namespaces/default/repositories/nginx/sync"),
            "Error from server (MethodNotAllowed): the server does not allow this method on the requested resource",
        ),
    ],
    ids=["missing", "token", "kind", "selector", "subresource", "method"],
)
def test_what_cannot_be_answered(kubectl: Kubectl, asked: tuple[str, ...], sentence: str) -> None:
    assert kubectl(*asked, exits=1) == sentence + "\n"


def test_an_empty_list(kubectl: Kubectl) -> None:
    assert kubectl("get", "imgs", "-n", "elsewhere") == "No resources found in elsewhere namespace.\n"
