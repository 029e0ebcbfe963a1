"""Example 2 of the API reference, word for word, in a shell with the real kubectl."""

import re
import subprocess
from typing import Final

from tests.e2e.kubectl import Kubectl

EXAMPLE: Final = """
# 创建镜像源
kubectl apply -f - <<EOF
apiVersion: image.theriseunion.io/v1alpha1
kind: RegistrySecret
metadata:
  name: harbor-prod
  namespace: default
spec:
  domain: harbor.example.com
  username: admin
  password: Harbor12345
  provider: harbor
EOF

# 创建镜像仓库
kubectl apply -f - <<EOF
apiVersion: image.theriseunion.io/v1alpha1
kind: Repository
metadata:
  name: myapp-v1.0.0
  namespace: default
spec:
  repository: myapp/myapp
  tag: v1.0.0
  registryRef:
    name: harbor-prod
    namespace: default
EOF

# 查看所有镜像源
kubectl get registrysecrets -A

# 查看所有镜像仓库
kubectl get repositories -A

# 查看镜像仓库详情
kubectl describe repository myapp-v1.0.0 -n default

# 删除镜像仓库
kubectl delete repository myapp-v1.0.0 -n default
"""
GAP: Final = re.compile(r" {2,}")


def test_example_2_of_the_reference_runs_unchanged(kubectl: Kubectl) -> None:
    done = subprocess.run(
        ["/bin/sh", "-ec", EXAMPLE], capture_output=True, text=True, timeout=60, env=kubectl.environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [GAP.sub(" | ", line.strip()) for line in done.stdout.splitlines()]
    assert lines[:2] == [
        "registrysecret.image.theriseunion.io/harbor-prod created",
        "repository.image.theriseunion.io/myapp-v1.0.0 created",
    ]
    assert "NAMESPACE | NAME | REGISTRY | USER | VERIFIED | REASON | AGE" in lines
    assert any(line.startswith("default | harbor-prod | harbor.example.com | admin | ") for line in lines)
    assert "NAMESPACE | NAME | REGISTRY | IMAGE | TAG | SYNCED | LAST-SYNC | AGE" in lines
    assert any(re.match(r"default \| myapp-v1\.0\.0 .*\| myapp/myapp \| v1\.0\.0 \| ", line) for line in lines)
    assert {"Name: | myapp-v1.0.0", "Registry Ref:", "Repository: | myapp/myapp"} <= set(lines)
    assert lines[-1] == 'repository.image.theriseunion.io "myapp-v1.0.0" deleted from default namespace'
    assert "Harbor12345" not in done.stdout
