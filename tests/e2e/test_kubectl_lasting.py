"""kubectl waits and watches, deletes, and handles whole namespaces and files of a thousand objects."""

import itertools

import pytest

from tests.e2e.conftest import MakeProduct
from tests.e2e.evidence import Evidence
from tests.e2e.kubectl import Kubectl, manifests
from tests.e2e.product import JSON, eventually, image, source

REPOSITORY = "repository.image.theriseunion.io"
MANY = 1_000


def quiet(name: str, namespace: str = "default", **labels: str) -> JSON:
    """An image that no sync touches."""
    document = image(name, "none", "team/app", suspend=True)
    document["metadata"] |= {"namespace": namespace, **({"labels": labels} if labels else {})}
    return document


def test_wait_returns_when_the_engine_has_synced(kubectl: Kubectl) -> None:
    document = image("waited", "sample-token", "library/nginx", "1.27")
    kubectl("apply", "-f", "-", sent=document)
    for condition in ("condition=Synced", "condition=Ready", "jsonpath={.status.syncStatus}=Success"):
        assert kubectl("wait", f"--for={condition}", "repository/waited", "--timeout=20s") == (
            f"{REPOSITORY}/waited condition met\n"
        )
    late = kubectl("wait", "--for=condition=Stalled", "repository/waited", "--timeout=1s", exits=1)
    assert late == "error: timed out waiting for the condition on repositories/waited\n"
    kubectl("delete", "repository", "waited")


def test_wait_for_a_creation_and_a_deletion(kubectl: Kubectl) -> None:
    made = kubectl.start("wait", "--for=create", "imgs/awaited", "--timeout=20s")
    kubectl("create", "-f", "-", sent=quiet("awaited"))
    assert made.ended() == f"{REPOSITORY}/awaited condition met\n"
    gone = kubectl.start("wait", "--for=delete", "imgs/awaited", "--timeout=20s")
    kubectl("delete", "imgs", "awaited")
    gone.ended()


def test_a_verified_credential_is_waited_for(kubectl: Kubectl) -> None:
    assert "condition met" in kubectl("wait", "--for=condition=Verified", "regsec/sample-token", "--timeout=20s")


def test_delete_by_name_label_file_and_all(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "bin")
    kubectl("create", "-f", "-", sent=manifests(*(quiet(f"d{n}", "bin", half=str(n % 2)) for n in range(6))))

    def left() -> list[str]:
        return [line[-2:] for line in kubectl("get", "imgs", "-n", "bin", "-o", "name").splitlines()]

    deleted = kubectl("delete", "imgs", "d0", "d2", "-n", "bin")
    assert deleted.splitlines() == [f'{REPOSITORY} "{name}" deleted from bin namespace' for name in ("d0", "d2")]
    kubectl("delete", "-f", "-", sent=quiet("d4", "bin"))
    assert left() == ["d1", "d3", "d5"]
    kubectl("delete", "imgs", "-n", "bin", "-l", "half=0")
    kubectl("delete", "imgs", "-n", "bin", "--field-selector=metadata.name=d1", "--wait=true")
    assert left() == ["d3", "d5"]
    kubectl("delete", "imgs", "-n", "bin", "--all", "--wait=false")
    assert left() == []
    missing = kubectl("delete", "imgs", "d0", "-n", "bin", exits=1)
    assert missing == 'Error from server (NotFound): repositories.image.theriseunion.io "d0" not found\n'
    assert kubectl("delete", "imgs", "d0", "-n", "bin", "--ignore-not-found") == ""
    kubectl("delete", "namespace", "bin")


def test_an_object_with_a_finalizer_waits_for_its_controller(kubectl: Kubectl) -> None:
    held = quiet("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    kubectl("create", "-f", "-", sent=held)
    assert "deleted" in kubectl("delete", "imgs", "held", "--wait=false")
    assert kubectl.read("imgs", "held")["metadata"]["deletionTimestamp"]
    gone = kubectl.start("delete", "imgs", "held", "--timeout=20s")
    eventually(lambda: "deleted" in gone.printed, seconds=20)
    kubectl("patch", "imgs", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    gone.ended()
    kubectl("get", "imgs", "held", exits=1)


def test_a_namespace_goes_with_what_is_in_it(kubectl: Kubectl, evidence: Evidence) -> None:
    assert kubectl("create", "namespace", "team-a") == "namespace/team-a created\n"
    login = source("src", "registry.invalid", "robot", evidence.secret("in-a-namespace"))
    login["metadata"]["namespace"] = "team-a"
    kubectl("apply", "-f", "-", sent=manifests(login, quiet("app", "team-a")))
    assert kubectl("label", "namespace", "team-a", "purpose=trial") == "namespace/team-a labeled\n"
    # kubectl knows this kind and patches it strategically.
    assert kubectl("patch", "namespace", "team-a", "-p", '{"metadata":{"labels":{"purpose":null}}}') == (
        "namespace/team-a patched\n"
    )
    assert kubectl("delete", "namespace", "team-a") == 'namespace "team-a" deleted\n'
    assert kubectl("get", "imageyard", "-n", "team-a") == "No resources found in team-a namespace.\n"
    assert kubectl("get", "namespace", "team-a", exits=1) == (
        'Error from server (NotFound): namespaces "team-a" not found\n'
    )


def test_a_file_of_a_thousand_objects(kubectl: Kubectl) -> None:
    file = manifests(*(quiet(f"bulk-{number:04}", "bulk") for number in range(MANY)))
    kubectl("create", "namespace", "bulk")
    assert _counted(kubectl("apply", "-f", "-", sent=file), "created") == MANY
    assert _counted(kubectl("apply", "-f", "-", sent=file), "unchanged") == MANY
    listed = kubectl("get", "imgs", "-n", "bulk", "--chunk-size=300", "-o", "name").splitlines()
    assert listed == [f"{REPOSITORY}/bulk-{number:04}" for number in range(MANY)]
    assert kubectl("delete", "namespace", "bulk") == 'namespace "bulk" deleted\n'


def test_a_watch_ends_in_peace_when_the_server_stops(
    make_product: MakeProduct, tmp_path_factory: pytest.TempPathFactory, evidence: Evidence
) -> None:
    product = make_product("kubectl-watch").start()
    kubectl = Kubectl(product, tmp_path_factory.mktemp("kubectl-home"), evidence)
    kubectl("create", "-f", "-", sent=quiet("first"))
    everything = kubectl.start("get", "imgs", "-w")
    changes = kubectl.start("get", "imgs", "--watch-only", "--output-watch-events")
    labels = itertools.count()

    def both_watch() -> bool:
        kubectl("label", "imgs", "first", f"now={next(labels)}", "--overwrite")
        return all("first" in running.printed for running in (everything, changes))

    eventually(both_watch, seconds=20)
    kubectl("create", "-f", "-", sent=quiet("second"))
    kubectl("delete", "imgs", "first")
    eventually(lambda: "DELETED" in changes.printed, seconds=20)
    product.stop()
    events = [line.split()[:2] for line in changes.ended().splitlines()]
    assert events[0] == ["EVENT", "NAME"]
    assert events[-2:] == [["ADDED", "second"], ["DELETED", "first"]]
    assert all(event == ["MODIFIED", "first"] for event in events[1:-2])
    assert [line.split()[0] for line in everything.ended().splitlines()][:2] == ["NAME", "first"]


def _counted(printed: str, word: str) -> int:
    """Lines that end so; there are no others."""
    lines = printed.splitlines()
    assert {line.rpartition(" ")[2] for line in lines} == {word}
    return len(lines)
