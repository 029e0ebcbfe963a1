"""Registries that people use, and what to fill in for each: data, in one place. Texts tell which account to take."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from imageyard.domain.text import Text

ProviderName = Literal["harbor", "dockerhub", "aliyun", "other"]


class Preset(NamedTuple):
    """`domain` is the address where there is but one, `hint` what one looks like where everybody has an own."""

    key: str
    title: Text
    provider: ProviderName
    help: Text
    domain: str = ""
    hint: str = ""
    username: str = ""
    """The user name, where it is the same for everybody."""


PRESETS: Final = (
    Preset(
        "dockerhub",
        Text("Docker Hub", "Docker Hub"),
        "dockerhub",
        Text(
            "填写 Docker ID 和个人访问令牌，只读权限即可；也可以匿名访问，但拉取次数更少",
            "your Docker ID and a personal access token, read-only is enough; anonymous works too, with fewer pulls",
        ),
        domain="docker.io",
    ),
    Preset(
        "harbor",
        Text("Harbor", "Harbor"),
        "harbor",
        Text(
            "建议使用有拉取权限的机器人账号，填写完整名称，例如 robot$project+name",
            "best a robot account with pull permission, by its full name, for example robot$project+name",
        ),
        hint="harbor.example.com",
    ),
    Preset(
        "aliyun",
        Text("阿里云 ACR", "Aliyun ACR"),
        "aliyun",
        Text(
            "使用 ACR 控制台“访问凭证”中设置的固定密码，而不是阿里云账号的登录密码；"
            "企业版还须在公网访问白名单中加入本服务的地址",
            "the fixed password set under access credentials in the ACR console, not the password of the Aliyun "
            "account; Enterprise also wants this server's address in its access list",
        ),
        hint="registry.cn-hangzhou.aliyuncs.com",
    ),
    Preset(
        "ghcr",
        Text("GHCR", "GHCR"),
        "other",
        Text(
            "填写 GitHub 用户名和具有 read:packages 权限的个人访问令牌（classic）",
            "your GitHub user name and a personal access token (classic) with read:packages",
        ),
        domain="ghcr.io",
    ),
    Preset(
        "quay",
        Text("Quay", "Quay"),
        "other",
        Text(
            "建议使用机器人账号，填写完整名称（例如 team+robot）及其令牌",
            "best a robot account, by its full name such as team+robot, and its token",
        ),
        domain="quay.io",
    ),
    Preset(
        "ecr",
        Text("AWS ECR", "AWS ECR"),
        "other",
        Text(
            "密码由 aws ecr get-login-password 生成，12 小时后失效，请用定时任务更新",
            "the password comes from aws ecr get-login-password and expires after 12 hours: have a job rotate it",
        ),
        hint="123456789012.dkr.ecr.us-east-1.amazonaws.com",
        username="AWS",
    ),
    Preset(
        "tencent",
        Text("腾讯云 TCR", "Tencent TCR"),
        "other",
        Text(
            "企业版使用实例的长期访问凭证；个人版地址为 ccr.ccs.tencentyun.com，"
            "用户名是账号 ID，密码是初始化镜像仓库时设置的密码",
            "Enterprise: a long-term access credential of the instance; Personal, at ccr.ccs.tencentyun.com: the "
            "account ID and the registry's own password",
        ),
        hint="example.tencentcloudcr.com",
    ),
    Preset(
        "gitlab",
        Text("GitLab", "GitLab"),
        "other",
        Text(
            "使用具有 read_registry 权限的部署令牌；自建 GitLab 请填写镜像仓库的域名，"
            "并在“受信任的令牌服务”中填写 GitLab 的域名",
            "a deploy token with read_registry; of your own GitLab give the registry's host, and GitLab's under "
            "trusted token services",
        ),
        domain="registry.gitlab.com",
    ),
    Preset(
        "other",
        Text("其他", "Other"),
        "other",
        Text(
            "任何支持 OCI 分发协议的镜像仓库；账号有拉取权限即可",
            "any registry that speaks the OCI distribution protocol; an account that may pull is enough",
        ),
        hint="registry.example.com:5000",
    ),
)
BY_KEY: Final[Mapping[str, Preset]] = {preset.key: preset for preset in PRESETS}
