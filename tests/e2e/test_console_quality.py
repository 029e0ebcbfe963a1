"""Every page in both languages and both themes: nothing that keeps people out, no rule of the policy broken."""

import pytest
from playwright.sync_api import Browser

from tests.e2e import browser as browsers
from tests.e2e.product import Product
from tests.web.console.hostile import JOINED

pytestmark = pytest.mark.needs("chromium")

PAGES = (
    "/console/",
    "/console/sources",
    "/console/sources/default/wrong-password",
    "/console/sources/default/sample-token?tab=verifications",
    "/console/images",
    "/console/images/default/nginx",
    "/console/images/default/nginx?tab=layers",
    "/console/images/default/nginx?tab=config",
    "/console/images/default/sensor-gateway-nightly?tab=history",
    "/console/images/default/nginx-missing-tag?tab=events",
    "/console/images/default/nginx?tab=manifest",
    "/console/images/default/nginx?tab=commands",
    "/console/images/default/sensor-gateway-nightly/compare",
    "/console/activity",
    "/console/sources/default/sample-token/delete",
    "/console/settings",
    "/console/settings/keys/rotate",
    "/console/about",
    "/console/audit",
    "/console/access",
    "/console/access/tokens/new",
    "/console/access/tokens/bootstrap-admin/revoke",
    "/console/access/roles",
    "/console/access/clusterroles/image-operator",
    "/console/access/check?user=ann&groups=image-operator&verb=create&what=repositories/sync",
    "/console/sources/new",
    "/console/sources/import",
    "/console/sources/default/sample-token/edit",
    "/console/sources/default/sample-token/password",
    "/console/images/new?image=nginx",
    "/console/images/import",
    "/console/images/default/nginx/edit",
    "/console/patterns",
    "/console/nowhere",
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_keeps_anybody_out_or_breaks_its_policy_or_its_window(
    chromium: Browser, yard: Product, language: str
) -> None:
    with browsers.reading(chromium, yard, language) as reader:
        reader.open("/console/sign-in")
        found = {"sign-in": reader.wrong()}
        reader.sign_in(yard.token)
        for path in PAGES:
            reader.open(path)
            found[path] = reader.wrong()
        assert not {path: wrong for path, wrong in found.items() if wrong}
        assert not [complaint for complaint in reader.complaints if "404" not in complaint]


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
        reader.sign_in(yard.token)
        for path in ("images", "sources", "images/hostile/hostile", "sources/hostile/hostile?tab=yaml"):
            reader.open(f"/console/{path}")
            assert reader.page.evaluate("document.documentElement.scrollWidth") <= 1280, path
        assert not reader.complaints
