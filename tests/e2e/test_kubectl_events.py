"""kubectl tells what happened to a source or an image."""

from tests.e2e.kubectl import Kubectl
from tests.e2e.product import eventually, image


def test_events_of_an_object_are_listed_and_described(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", sent=image("told", "sample-token", "library/nginx", "no-such-tag"))
    warned = (
        "get",
        "events",
        "--field-selector=type=Warning,involvedObject.name=told",
        "-o",
        "jsonpath={.items[*].reason}",
    )
    assert eventually(lambda: kubectl(*warned), seconds=20) == "SyncFailed"
    listed = [line.split()[1:4] for line in kubectl("events", "--for=repository/told").splitlines()]
    assert listed[:1] == [["SEEN", "TYPE", "REASON"]]
    assert [reason for _, reason, _ in listed[1:]] == ["Created", "SyncFailed"]
    described = kubectl("describe", "repository", "told").partition("\nEvents:\n")[2]
    assert [line.split()[:2] for line in described.splitlines()[2:]] == [
        ["Normal", "Created"],
        ["Warning", "SyncFailed"],
    ]
    newer = kubectl("get", "events.events.k8s.io", "--field-selector=regarding.name=told", "--no-headers")
    assert newer.count("repository/told") == 2
    assert "event/told." in kubectl("get", "ev", "-A", "--sort-by=.metadata.creationTimestamp", "-o", "name")
    kubectl("delete", "repository", "told")


def test_what_events_are_is_explained(kubectl: Kubectl) -> None:
    assert "FIELD: involvedObject <ObjectReference>" in kubectl("explain", "event.involvedObject")
