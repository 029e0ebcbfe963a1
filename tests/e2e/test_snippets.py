"""The Python of the API reference's best practices, run with nothing changed but the host."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import requests

from imageyard.sample import images
from tests.e2e.background import Background
from tests.e2e.product import JSON, SOURCES, Client, Product, eventually, image, source
from tests.fakes import registries
from tests.fakes.registries import Served

SNIPPETS: Final = '''
import requests
import time

def create_repository_with_retry(token, namespace, repo_data, max_retries=3):
    """创建镜像仓库，支持重试机制"""
    url = f"http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/{namespace}/repositories"
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json"
    }

    for attempt in range(max_retries):
        try:
            response = requests.post(url, headers=headers, json=repo_data)
            response.raise_for_status()
            return response.json()
        except requests.exceptions.RequestException as e:
            if attempt == max_retries - 1:
                raise
            time.sleep(2 ** attempt)  # 指数退避

    return None

def list_all_repositories(token, namespace, page_size=100):
    """列出所有镜像仓库，自动处理分页"""
    all_repos = []
    page = 1

    while True:
        url = f"http://platform.example.com/oapis/image.theriseunion.io/v1alpha1/namespaces/{namespace}/repositories"
        params = {"page": page, "limit": page_size}
        headers = {"Authorization": f"Bearer {token}"}

        response = requests.get(url, headers=headers, params=params)
        response.raise_for_status()
        data = response.json()

        all_repos.extend(data.get("items", []))

        if len(all_repos) >= data.get("totalItems", 0):
            break

        page += 1

    return all_repos

from concurrent.futures import ThreadPoolExecutor, as_completed

def batch_create_repositories(token, namespace, repos_data, max_workers=5):
    """批量创建镜像仓库，控制并发数"""
    results = []

    with ThreadPoolExecutor(max_workers=max_workers) as executor:
        futures = {
            executor.submit(
                create_repository_with_retry,
                token,
                namespace,
                repo_data
            ): repo_data["metadata"]["name"]
            for repo_data in repos_data
        }

        for future in as_completed(futures):
            repo_name = futures[future]
            try:
                result = future.result()
                results.append({"name": repo_name, "success": True, "data": result})
            except Exception as e:
                results.append({"name": repo_name, "success": False, "error": str(e)})

    return results
'''
MANY: Final = 230
"""Three pages of the snippet's hundred."""
SPACE: Final = "snippets"
IMAGE: Final = images.single("web", [images.Step("COPY a /", 2_000)])
Snippets = dict[str, Callable[..., Any]]


@pytest.fixture
def snippets(product: Product, monkeypatch: pytest.MonkeyPatch) -> Snippets:
    monkeypatch.setenv("NO_PROXY", "*")
    names: dict[str, Any] = {}
    exec(compile(SNIPPETS.replace("http://platform.example.com", product.url), "api-reference", "exec"), names)
    return names


@pytest.fixture
def registry(background: Background) -> Iterator[Served]:
    with background.running(registries.sample(registries.basic_access())) as served:
        served.registry.storage.put("app/web", "v1", IMAGE)
        yield served


def images_of(source_name: str) -> list[JSON]:
    made = [image(f"batch-{number:03}", source_name) for number in range(MANY)]
    for each in made:
        each["metadata"]["namespace"] = SPACE
    return made


def test_a_batch_is_created_listed_over_pages_and_synced(
    product: Product, admin: Client, snippets: Snippets, registry: Served
) -> None:
    login = source("snippets", registry.address, registry.user, registry.password.reveal(), insecure=True)
    admin.make(SOURCES, {**login, "spec": {**login["spec"], "allowedNamespaces": [SPACE]}})
    wanted = images_of("snippets")
    results = snippets["batch_create_repositories"](product.token, SPACE, wanted)
    assert [result for result in results if not result["success"]] == []
    assert {result["data"]["metadata"]["name"] for result in results} == {each["metadata"]["name"] for each in wanted}

    listed = snippets["list_all_repositories"](product.token, SPACE)
    assert [each["metadata"]["name"] for each in listed] == sorted(each["metadata"]["name"] for each in wanted)
    synced = f"/namespaces/{SPACE}/repositories?status=Success&limit=1"
    assert eventually(lambda: admin.read(synced)["totalItems"] == MANY, seconds=30)


def test_what_is_there_already_is_a_conflict(product: Product, admin: Client, snippets: Snippets) -> None:
    """The snippet tries it thrice and then tells the 409 apart from what it could create."""
    there, new = image("there", "nowhere"), image("new", "nowhere")
    there["metadata"]["namespace"] = new["metadata"]["namespace"] = "conflicts"
    made = snippets["create_repository_with_retry"](product.token, "conflicts", there)
    assert (made["metadata"]["name"], made["spec"]["syncInterval"]) == ("there", "1h")

    results = {
        each["name"]: each for each in snippets["batch_create_repositories"](product.token, "conflicts", [there, new])
    }
    assert (results["new"]["success"], results["there"]["success"]) == (True, False)
    assert results["there"]["error"].startswith("409 Client Error: Conflict")
    status = admin.post("/namespaces/conflicts/repositories", there).json()
    assert (status["reason"], status["code"], status["details"]["kind"]) == ("AlreadyExists", 409, "repository")


def test_a_wrong_token_is_an_error_that_the_snippet_raises(snippets: Snippets) -> None:
    with pytest.raises(requests.HTTPError, match="401 Client Error: Unauthorized"):
        snippets["list_all_repositories"]("wrong", SPACE)
