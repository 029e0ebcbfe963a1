"""References: what is taken, what is refused, and what the refusal tells to drop."""

import re
from collections.abc import Callable
from ipaddress import IPv6Address

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from imageyard.domain import hostlike, reference
from imageyard.domain.reference import Domain, InvalidReference, PlatformName

HEX = "0123456789abcdef"
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
COMPONENTS = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        pytest.param("harbor.example.com", "harbor.example.com", None, id="host"),
        pytest.param("Harbor.Example.COM:5000", "harbor.example.com", 5000, id="lower-cased"),
        pytest.param("localhost", "localhost", None, id="single label"),
        pytest.param("registry.example.com:443", "registry.example.com", 443, id="default port as written"),
        pytest.param("xn--fiq228c.cn", "xn--fiq228c.cn", None, id="punycode"),
        pytest.param("192.0.2.1:65535", "192.0.2.1", 65535, id="ipv4"),
        pytest.param("[2001:DB8:0:0::1]", "[2001:db8::1]", None, id="ipv6 compressed"),
        pytest.param("[::1]:5000", "[::1]", 5000, id="ipv6 port"),
        pytest.param("1password.com", "1password.com", None, id="digit first"),
        pytest.param("a" * 63 + ".com", "a" * 63 + ".com", None, id="longest label"),
    ],
)
def test_a_domain_is_a_host_with_an_optional_port(text: str, host: str, port: int | None) -> None:
    assert reference.parse_domain(text) == Domain(host, port)


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        pytest.param("", "不能为空", "must not be empty", id="empty"),
        pytest.param("https://harbor.example.com", "协议“https://”", "the scheme `https://`", id="scheme"),
        pytest.param("//harbor.example.com", "协议", "scheme", id="scheme-relative"),
        pytest.param("harbor.example.com/library", "路径", "path", id="path"),
        pytest.param("harbor.example.com/", "路径", "path", id="trailing slash"),
        pytest.param("user:pw@harbor.example.com", "用户信息", "user info", id="userinfo"),
        pytest.param("harbor.example.com?x=1", "查询", "query", id="query"),
        pytest.param("harbor.example.com#top", "片段", "fragment", id="fragment"),
        pytest.param(" harbor.example.com", "空白", "white space", id="leading space"),
        pytest.param("harbor.example.com\n", "空白", "white space", id="trailing newline"),
        pytest.param("har_bor.example.com", "下划线", "underscore", id="underscore"),
        pytest.param("harbor.example.com.", "末尾的点", "trailing dot", id="trailing dot"),
        pytest.param("harbor..example.com", "每段", "labels", id="empty label"),
        pytest.param("-harbor.example.com", "每段", "labels", id="dash first"),
        pytest.param("harbor\\.example.com", "每段", "labels", id="backslash"),
        pytest.param("a" * 64 + ".com", "每段", "labels", id="label of 64"),
        pytest.param(".".join(["a" * 63] * 4), "253", "253", id="host of 255"),
        pytest.param("镜像.cn", "punycode", "punycode", id="idn"),
        pytest.param("h\u0430rbor.cn", "punycode", "punycode", id="look-alike letter"),
        pytest.param("harbor.example.com:", "端口", "port", id="port missing"),
        pytest.param("harbor.example.com:0", "端口", "port", id="port 0"),
        pytest.param("harbor.example.com:65536", "端口", "port", id="port too large"),
        pytest.param("harbor.example.com:0443", "端口", "port", id="port with zero"),
        pytest.param("harbor.example.com:٤٤٣", "端口", "port", id="port in other digits"),
        pytest.param(":5000", "缺少主机名", "host is missing", id="port alone"),
        pytest.param("2130706433", "四段", "four decimal", id="decimal ipv4"),
        pytest.param("0x7f000001", "四段", "four decimal", id="hex ipv4"),
        pytest.param("0x7f.0.0.1", "四段", "four decimal", id="hex part"),
        pytest.param("127.0.0.0x1", "四段", "four decimal", id="hex last part"),
        pytest.param("0177.0.0.1", "四段", "four decimal", id="octal ipv4"),
        pytest.param("127.1", "四段", "four decimal", id="short ipv4"),
        pytest.param("127.0.0.256", "四段", "four decimal", id="ipv4 part of 256"),
        pytest.param("harbor.example.0", "四段", "four decimal", id="numeric last label"),
        pytest.param("[fe80::1%eth0]", "区域", "zone", id="ipv6 zone"),
        pytest.param("[::ffff:127.0.0.1]", "IPv4", "IPv4", id="v4-mapped dotted"),
        pytest.param("[::ffff:7f00:1]", "IPv4", "IPv4", id="v4-mapped hex"),
        pytest.param("[64:ff9b::192.0.2.1]", "IPv4", "IPv4", id="nat64 dotted"),
        pytest.param("[nonsense]", "IPv6", "IPv6", id="no ipv6"),
        pytest.param("[::1", "[地址]", "[address]", id="bracket open"),
        pytest.param("[::1]5000", "[地址]", "[address]", id="port without colon"),
        pytest.param("2001:db8::1", "方括号", "brackets", id="ipv6 without brackets"),
    ],
)
def test_a_refused_domain_tells_which_part_to_drop(text: str, zh: str, en: str) -> None:
    with pytest.raises(InvalidReference) as refused:
        reference.parse_domain(text)
    assert zh in refused.value.text.zh
    assert en in refused.value.text.en


def test_a_pasted_url_is_told_all_its_superfluous_parts_at_once() -> None:
    with pytest.raises(InvalidReference) as refused:
        reference.parse_domain("https://admin:hunter2@harbor.example.com/v2/?a=b#c")
    assert [word in refused.value.text.en for word in ("scheme", "user info", "path", "query", "fragment")] == [
        True
    ] * 5


@given(st.text(min_size=1, max_size=20))
def test_a_refused_domain_never_shows_the_user_info(password: str) -> None:
    with pytest.raises(InvalidReference) as refused:
        reference.parse_domain(f"https://user:<{password}>@harbor.example.com")
    assert f"<{password}>" not in refused.value.text.zh + refused.value.text.en


@given(HOSTS, st.none() | st.integers(1, 65535))
def test_a_domain_survives_being_written_and_read(host: str, port: int | None) -> None:
    domain = Domain(host, port)
    assert reference.parse_domain(str(domain)) == domain


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_an_ipv6_domain_survives_being_written_and_read(address: IPv6Address) -> None:
    assume(address.ipv4_mapped is None)
    domain = reference.parse_domain(f"[{address}]:5000")
    assert reference.parse_domain(str(domain)) == domain == Domain(f"[{address.compressed}]", 5000)


@given(st.text(max_size=40))
def test_any_accepted_domain_is_safe_in_a_url(text: str) -> None:
    try:
        domain = reference.parse_domain(text)
    except InvalidReference:
        return
    assert re.fullmatch(r"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?", str(domain))


@pytest.mark.parametrize(
    "path",
    [
        "nginx",
        "library/nginx",
        "a/b/c/d",
        "my.project/app",
        "v1.2/app",
        "a__b/c--d/e.f_g",
        "example.com",
        "localhost",
        "0/1",
        "a" * 255,
    ],
)
def test_a_repository_is_kept_as_written(path: str) -> None:
    assert reference.parse_repository(path) == path


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        pytest.param("", "不能为空", "must not be empty", id="empty"),
        pytest.param("nginx:1.25", "spec.tag", "spec.tag", id="tag"),
        pytest.param("library/nginx:latest", "spec.tag", "spec.tag", id="tag after path"),
        pytest.param("nginx@sha256:" + "a" * 64, "摘要", "digest", id="digest"),
        pytest.param("nginx:1@sha256:" + "a" * 64, "摘要", "digest", id="tag and digest"),
        pytest.param("harbor.example.com/library/nginx", "spec.domain", "spec.domain", id="domain"),
        pytest.param("Harbor.Example.com/library/nginx", "spec.domain", "spec.domain", id="domain in capitals"),
        pytest.param("docker.io/nginx", "spec.domain", "spec.domain", id="docker hub"),
        pytest.param("registry.internal/nginx", "spec.domain", "spec.domain", id="private name"),
        pytest.param("localhost/nginx", "spec.domain", "spec.domain", id="localhost"),
        pytest.param("registry:5000/nginx", "spec.domain", "spec.domain", id="host and port"),
        pytest.param("10.0.0.5/nginx", "spec.domain", "spec.domain", id="address"),
        pytest.param("[::1]:5000/nginx", "spec.domain", "spec.domain", id="ipv6"),
        pytest.param("https://harbor.example.com/nginx", "spec.domain", "spec.domain", id="url"),
        pytest.param("a" * 256, "255", "255", id="256 characters"),
        pytest.param("Library/nginx", "小写", "lower-case", id="capitals"),
        pytest.param("/nginx", "“/”", "`/`", id="leading slash"),
        pytest.param("nginx/", "“/”", "`/`", id="trailing slash"),
        pytest.param("a//b", "“/”", "`/`", id="double slash"),
        pytest.param("a/../b", "每段", "each part", id="dots"),
        pytest.param("a___b", "每段", "each part", id="three underscores"),
        pytest.param("a..b", "每段", "each part", id="two dots"),
        pytest.param("a-", "每段", "each part", id="dash last"),
        pytest.param("a%2e", "每段", "each part", id="percent"),
        pytest.param("nginx\n", "每段", "each part", id="newline"),
        pytest.param("镜像/nginx", "每段", "each part", id="chinese"),
        pytest.param("0123456789abcdef" * 4, "镜像的标识", "an image's identifier", id="64 hexadecimal digits"),
    ],
)
def test_a_refused_repository_tells_where_the_part_belongs(text: str, zh: str, en: str) -> None:
    with pytest.raises(InvalidReference) as refused:
        reference.parse_repository(text)
    assert zh in refused.value.text.zh
    assert en in refused.value.text.en


@pytest.mark.parametrize("path", ["0123456789abcdef" * 4 + "0", "library/" + "a" * 64, "a" * 63])
def test_what_only_looks_like_an_identifier_is_a_repository(path: str) -> None:
    assert reference.parse_repository(path) == path


@given(st.lists(COMPONENTS, min_size=1, max_size=5).map("/".join))
def test_every_path_of_the_oci_grammar_is_taken_unless_it_begins_with_a_host(path: str) -> None:
    first, slash, _ = path.partition("/")
    if len(path) > 255 or (slash and hostlike.looks_like_host(first)):
        with pytest.raises(InvalidReference):
            reference.parse_repository(path)
    else:
        assert reference.parse_repository(path) == path


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("library", False),
        ("my.project", False),
        ("v1.2", False),
        ("node.js", False),
        ("com", False),
        (".com", False),
        ("", False),
        ("localhost", True),
        ("host:5000", True),
        ("quay.io", True),
        ("harbor.example.com", True),
        ("Harbor.Example.COM", True),
        ("harbor.svc", True),
        ("registry.cn", True),
        ("镜像.xn--fiqs8s", True),
        ("10.0.0.5", True),
    ],
)
def test_a_dot_alone_makes_no_host(component: str, expected: bool) -> None:
    """A Harbor project may be called my.project; only endings under which hosts are found count."""
    assert hostlike.looks_like_host(component) is expected


@pytest.mark.parametrize("tag", ["latest", "v1.0.0", "_x", "1", "A-b_c.d", "a" * 128])
def test_a_tag_is_kept_as_written(tag: str) -> None:
    assert reference.parse_tag(tag) == tag


@pytest.mark.parametrize(
    ("text", "en"),
    [
        pytest.param("", "must not be empty", id="empty"),
        pytest.param(".hidden", "does not begin", id="dot first"),
        pytest.param("-x", "does not begin", id="dash first"),
        pytest.param("a" * 129, "128", id="129 characters"),
        pytest.param("sha256:" + "a" * 64, "no digest", id="digest"),
        pytest.param("nginx:latest", "tag alone", id="path and tag"),
        pytest.param("@sha256", "tag alone", id="at sign"),
        pytest.param("版本", "letters", id="chinese"),
        pytest.param("v1\n", "letters", id="newline"),
        pytest.param("a/b", "letters", id="slash"),
        pytest.param("a b", "letters", id="space"),
    ],
)
def test_a_refused_tag_tells_the_rule(text: str, en: str) -> None:
    with pytest.raises(InvalidReference, match=re.escape(en)):
        reference.parse_tag(text)


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha512:" + HEX * 8])
def test_digests_are_sha256_and_sha512(digest: str) -> None:
    assert reference.parse_digest(digest) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 65,
        "sha256:" + "A" * 64,
        "sha512:" + "0" * 64,
        "md5:" + "0" * 32,
        "SHA256:" + "0" * 64,
        "sha256:" + "0" * 64 + "\n",
        "sha256:" + "٠" * 64,
        "../" + "0" * 64,
    ],
)
def test_no_other_digest_is_taken(text: str) -> None:
    with pytest.raises(InvalidReference):
        reference.parse_digest(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", PlatformName("linux", "amd64")),
        ("Linux/AMD64", PlatformName("linux", "amd64")),
        ("linux/x86_64", PlatformName("linux", "amd64")),
        ("linux/x86-64", PlatformName("linux", "amd64")),
        ("linux/amd64/v1", PlatformName("linux", "amd64")),
        ("linux/amd64/v3", PlatformName("linux", "amd64", "v3")),
        ("linux/i386", PlatformName("linux", "386")),
        ("linux/aarch64", PlatformName("linux", "arm64")),
        ("linux/arm64/v8", PlatformName("linux", "arm64")),
        ("linux/arm64/8", PlatformName("linux", "arm64")),
        ("linux/arm64/v9", PlatformName("linux", "arm64", "v9")),
        ("linux/arm", PlatformName("linux", "arm", "v7")),
        ("linux/arm/6", PlatformName("linux", "arm", "v6")),
        ("linux/armhf", PlatformName("linux", "arm", "v7")),
        ("linux/armel", PlatformName("linux", "arm", "v6")),
        ("macos/aarch64", PlatformName("darwin", "arm64")),
        ("windows/amd64", PlatformName("windows", "amd64")),
        ("linux/riscv64", PlatformName("linux", "riscv64")),
    ],
)
def test_a_platform_has_one_spelling(text: str, expected: PlatformName) -> None:
    assert reference.parse_platform(text) == expected


@pytest.mark.parametrize(
    "text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux amd64", "linux/镜像", "a/\n"]
)
def test_a_refused_platform_shows_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidReference, match="linux/amd64"):
        reference.parse_platform(text)


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_normalising_a_platform_takes_anything_and_settles_at_once(os: str, architecture: str, variant: str) -> None:
    once = reference.normalise_platform(os, architecture, variant)
    assert reference.normalise_platform(*once) == once


@pytest.mark.parametrize(
    ("check", "name", "expected"),
    [
        (reference.is_subdomain, "myapp-v1.0.0", True),
        (reference.is_subdomain, "a" * 253, True),
        (reference.is_subdomain, "a" * 254, False),
        (reference.is_subdomain, "", False),
        (reference.is_subdomain, "a..b", False),
        (reference.is_subdomain, "A", False),
        (reference.is_subdomain, "a_b", False),
        (reference.is_subdomain, "a\n", False),
        (reference.is_subdomain, "-a", False),
        (reference.is_subdomain, "a-", False),
        (reference.is_label, "default", True),
        (reference.is_label, "1", True),
        (reference.is_label, "a" * 63, True),
        (reference.is_label, "a" * 64, False),
        (reference.is_label, "a.b", False),
        (reference.is_label, "_all_", False),
        (reference.is_label, "a\n", False),
        (reference.is_label, "", False),
    ],
)
def test_names_follow_dns_1123(check: Callable[[str], bool], name: str, expected: bool) -> None:
    assert check(name) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker.io", True),
        ("index.docker.io", True),
        ("registry-1.docker.io", True),
        ("Docker.IO", True),
        ("docker.io:443", True),
        ("docker.io:5000", False),
        ("hub.docker.com", False),
        ("docker.io.example.com", False),
    ],
)
def test_docker_hub_has_three_names(text: str, expected: bool) -> None:
    assert reference.is_docker_hub(reference.parse_domain(text)) is expected
