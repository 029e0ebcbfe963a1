"""kubectl asks who it is and what it may, and gives others roles."""

import json

from tests.e2e.kubectl import Kubectl
from tests.e2e.product import JSON

RBAC = "rbac.authorization.k8s.io"
WRITER: JSON = {
    "apiVersion": f"{RBAC}/v1",
    "kind": "Role",
    "metadata": {"name": "writer", "namespace": "default"},
    "rules": [{"apiGroups": ["image.theriseunion.io"], "resources": ["repositories"], "verbs": ["*"]}],
}


def test_the_operator_is_told_who_he_is_and_may_do_everything(kubectl: Kubectl) -> None:
    who = json.loads(kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]
    assert who == {"username": "admin", "groups": ["system:authenticated", "system:masters"]}
    for asked in (("create", "imgs"), ("delete", "regsec/sample-token"), ("*", "*"), ("get", "/metrics")):
        assert kubectl("auth", "can-i", *asked) == "yes\n"
    assert "[*]" in kubectl("auth", "can-i", "--list")


def test_a_role_gives_and_its_binding_takes_away(kubectl: Kubectl) -> None:
    bob = f"--token={kubectl.product.new_token('kubectl-bob', 'bob')}"
    assert kubectl("auth", "can-i", "get", "imgs", bob, exits=1) == "no\n"
    assert kubectl("get", "imgs", bob, exits=1) == (
        'Error from server (Forbidden): repositories.image.theriseunion.io is forbidden: User "bob" cannot list '
        'resource "repositories" in API group "image.theriseunion.io" in the namespace "default"\n'
    )
    reading = ("--verb=get,list,watch", "--resource=repositories.image.theriseunion.io")
    assert kubectl("create", "role", "reader", *reading) == f"role.{RBAC}/reader created\n"
    assert kubectl("create", "rolebinding", "bob-reads", "--role=reader", "--user=bob") == (
        f"rolebinding.{RBAC}/bob-reads created\n"
    )
    assert kubectl("auth", "can-i", "get", "imgs", bob) == "yes\n"
    assert kubectl("get", "imgs", "nginx", "-o", "name", bob) == "repository.image.theriseunion.io/nginx\n"
    listed = [line.split() for line in kubectl("auth", "can-i", "--list", bob).splitlines()]
    assert ["repositories.image.theriseunion.io", "[]", "[]", "[get", "list", "watch]"] in listed
    assert kubectl("delete", "imgs", "nginx", bob, exits=1).startswith(
        'Error from server (Forbidden): repositories.image.theriseunion.io "nginx" is forbidden: User "bob" cannot '
    )
    assert "at the cluster scope" in kubectl("get", "imgs", "-A", bob, exits=1)
    assert "[get list watch]" in kubectl("describe", "role", "reader")
    assert "Role/reader" in kubectl("get", "rolebindings")
    kubectl("delete", "rolebinding/bob-reads", "role/reader")
    assert kubectl("auth", "can-i", "get", "imgs", bob, exits=1) == "no\n"


def test_roles_are_applied_and_reconciled(kubectl: Kubectl) -> None:
    applied = [kubectl("apply", "-f", "-", sent=WRITER) for _ in range(2)]
    assert applied == [f"role.{RBAC}/writer created\n", f"role.{RBAC}/writer unchanged\n"]
    assert kubectl("apply", "--server-side", "-f", "-", sent=WRITER) == f"role.{RBAC}/writer serverside-applied\n"
    assert f"role.{RBAC}/writer reconciled" in kubectl("auth", "reconcile", "-f", "-", sent=WRITER)
    assert "What may be done" in kubectl("explain", "role.rules")
    everywhere = ("--verb=get,list", "--resource=repositories,registrysecrets")
    assert kubectl("create", "clusterrole", "looker", *everywhere) == f"clusterrole.{RBAC}/looker created\n"
    kubectl("create", "clusterrolebinding", "lookers", "--clusterrole=looker", "--group=lookers")
    carol = f"--token={kubectl.product.new_token('kubectl-carol', 'carol', 'lookers')}"
    assert "edge" in kubectl("get", "imgs", "-A", carol)
    kubectl("delete", "clusterrolebinding/lookers", "clusterrole/looker")
    kubectl("delete", "-f", "-", sent=WRITER)


def test_nobody_is_taken_for_somebody_else(kubectl: Kubectl) -> None:
    told = kubectl("auth", "can-i", "get", "imgs", "--as=bob", exits=1)
    assert "impersonation (--as, --as-group, --as-uid) is not supported" in told
