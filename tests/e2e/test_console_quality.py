"""Every page in both languages and both themes: nothing that keeps people out, no rule of the policy broken."""

from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.e2e import browser as browsers
from tests.e2e.product import Product
from tests.web.console.hostile import JOINED

pytestmark = pytest.mark.needs("chromium")

SHOWS: Final = {
    "/console/": "default/nginx-missing-tag",
    "/console/sources": "sample-basic",
    "/console/sources/default/wrong-password": "Wrong user name or password",
    "/console/sources/default/sample-token?tab=verifications": "Scheduled",
    "/console/images": "sensor-gateway-nightly",
    "/console/images/default/nginx": "linux/arm64",
    "/console/images/default/nginx?tab=layers": "apt-get",
    "/console/images/default/nginx?tab=config": "Entrypoint",
    "/console/images/default/sensor-gateway-nightly?tab=history": "After creation",
    "/console/images/default/nginx-missing-tag?tab=events": "SyncFailed",
    "/console/images/default/nginx?tab=manifest": "linux/arm64",
    "/console/images/default/nginx?tab=commands": "kubectl get repository nginx -o yaml",
    "/console/images/default/sensor-gateway-nightly/compare": "What changed",
    "/console/activity": "Created",
    "/console/sources/default/sample-token/delete": "default/sample-token",
    "/console/settings": "egress_allow",
    "/console/settings/keys/rotate": "key",
    "/console/about": "kubeconfig",
    "/console/audit": "admin",
    "/console/access": "bootstrap-admin",
    "/console/access/tokens/new": "image-viewer",
    "/console/access/tokens/bootstrap-admin/revoke": "bootstrap-admin",
    "/console/access/roles": "image-operator",
    "/console/access/clusterroles/image-operator": "repositories",
    "/console/access/check?user=ann&groups=image-operator&verb=create&what=repositories/sync": "Yes, allowed",
    "/console/sources/new": "Registry domain",
    "/console/sources/import": "config.json",
    "/console/sources/default/sample-token/edit": "Registry domain",
    "/console/sources/default/sample-token/password": "Change the password",
    "/console/images/new?image=nginx": "library/nginx",
    "/console/images/import": "Import",
    "/console/images/default/nginx/edit": "Interval",
    "/console/patterns": "Elements of the console",
    "/console/nowhere": "Page not found",
}
"""Every page, and something of what it is there to tell."""
PAGES: Final = tuple(SHOWS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_keeps_anybody_out_or_breaks_its_policy_or_its_window(
    chromium: Browser, yard: Product, language: str
) -> None:
    with browsers.reading(chromium, yard, language) as reader:
        reader.open("/console/sign-in")
        found = {"sign-in": reader.wrong()}
        reader.admit(yard.token)
        for path in PAGES:
            reader.open(path)
            found[path] = reader.wrong()
        assert not {path: wrong for path, wrong in found.items() if wrong}
        assert not [complaint for complaint in reader.complaints if "404" not in complaint]


def test_every_page_tells_what_it_is_for_without_scripts(chromium: Browser, yard: Product) -> None:
    with browsers.reading(chromium, yard, scripts=False) as reader:
        reader.admit(yard.token)
        missing, idle = [], []
        for path, told in SHOWS.items():
            reader.open(path)
            if told not in reader.page.locator("main").inner_text():
                missing.append(f"{path}: {told}")
            if reader.page.locator(":is([data-copy], [data-copy-of]):visible").count():
                idle.append(path)
        assert not missing
        assert not idle, "buttons that copy do nothing here"


def test_hostile_words_are_words(chromium: Browser, yard: Product) -> None:
    annotations = {"theriseunion.io/display-name": JOINED, "theriseunion.io/description": JOINED}
    login = {"domain": "registry.invalid", "username": "<b>", "password": "p", "provider": "other"}
    meta = {"name": "hostile", "annotations": annotations}
    yard.admin.make("/namespaces/hostile/registry-secrets", {"metadata": meta, "spec": login})
    ref = {"name": "hostile", "namespace": "hostile"}
    spec = {"repository": "a/b", "tag": "c", "registryRef": ref, "suspend": True}
    yard.admin.make("/namespaces/hostile/repositories", {"metadata": meta, "spec": spec})
    with browsers.reading(chromium, yard) as reader:
        reader.page.on("dialog", lambda dialog: reader.complaints.append(dialog.message))
        reader.admit(yard.token)
        for path in ("images", "sources", "images/hostile/hostile", "sources/hostile/hostile?tab=yaml"):
            reader.open(f"/console/{path}")
            assert reader.page.evaluate("document.documentElement.scrollWidth") <= 1280, path
        assert not reader.complaints
