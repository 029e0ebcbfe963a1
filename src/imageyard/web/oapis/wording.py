"""What the fields of the REST door's objects mean, in both languages. A test holds every field of a spec to a line."""

from typing import Final

from imageyard.domain.text import Text

FIELDS: Final[dict[str, Text]] = {
    "ObjectMeta.name": Text("名称，命名空间内唯一", "name, unique within the namespace"),
    "ObjectMeta.generateName": Text("名称前缀，由服务器补全", "a prefix the server completes to a name"),
    "ObjectMeta.namespace": Text("命名空间", "namespace"),
    "ObjectMeta.uid": Text("对象的唯一标识", "identifies the object for ever"),
    "ObjectMeta.resourceVersion": Text(
        "对象版本；更新时带上旧版本会得到 409", "version of the object; a stale one on update gives 409"
    ),
    "ObjectMeta.generation": Text("spec 每次变化时加一", "moves with each change of spec"),
    "ObjectMeta.creationTimestamp": Text("创建时间", "when it was created"),
    "ObjectMeta.labels": Text("标签，可用 labelSelector 筛选", "labels, for labelSelector"),
    "ObjectMeta.annotations": Text(
        "注解；theriseunion.io/display-name 和 theriseunion.io/description 由用户填写",
        "annotations; theriseunion.io/display-name and theriseunion.io/description are yours",
    ),
    "RegistrySecretSpec.domain": Text(
        "镜像仓库域名，host 或 host:port，不带协议和路径", "the registry's host or host:port, without scheme or path"
    ),
    "RegistrySecretSpec.username": Text("用户名；匿名仓库填空字符串", "user name; empty for an anonymous registry"),
    "RegistrySecretSpec.password": Text(
        "密码，只写不读；创建时必填，更新时省略表示保留",
        "write-only; required on create, left out on update to keep it",
    ),
    "RegistrySecretSpec.provider": Text("提供者类型", "kind of registry"),
    "RegistrySecretSpec.insecure": Text("使用明文 HTTP", "speak plain HTTP"),
    "RegistrySecretSpec.insecureSkipVerify": Text("不校验 TLS 证书", "do not verify the TLS certificate"),
    "RegistrySecretSpec.caBundle": Text("追加信任的 CA 证书（PEM）", "CA certificates to trust as well (PEM)"),
    "RegistrySecretSpec.allowedNamespaces": Text(
        '可引用此镜像源的其他命名空间，["*"] 表示全部', 'other namespaces that may refer to it; ["*"] for all'
    ),
    "RegistrySecretSpec.trustedRealmHosts": Text(
        "还可以接收此凭证的令牌服务主机", "hosts of token services that may be shown this credential"
    ),
    "RegistrySecretStatus.passwordSet": Text("是否已保存密码", "whether a password is kept"),
    "RegistrySecretStatus.passwordUpdatedTime": Text("密码更新时间", "when the password was set"),
    "RegistrySecretStatus.nextVerify": Text("下次自动验证的时间", "when it is verified next"),
    "RegistrySecretStatus.failures": Text("连续验证失败次数", "failed verifications in a row"),
    "RegistrySecretStatus.usedBy": Text("引用它的镜像数量", "how many images refer to it"),
    "RegistrySecretStatus.host": Text("镜像仓库主机的状态", "how the registry host fares"),
    "RepositorySpec.repository": Text("镜像路径，不带域名和 Tag", "path of the image, without domain and tag"),
    "RepositorySpec.tag": Text("镜像 Tag", "tag of the image"),
    "RepositorySpec.registryRef": Text("引用的镜像源", "the registry source to use"),
    "RepositorySpec.syncInterval": Text("同步间隔，10s 到 720h", "time between syncs, 10s to 720h"),
    "RepositorySpec.syncTimeout": Text("同步超时，1s 到 1h", "time one sync may take, 1s to 1h"),
    "RepositorySpec.retryCount": Text("一次同步内的重试次数", "more tries within one sync"),
    "RepositorySpec.suspend": Text("暂停定时同步", "stop scheduled syncs"),
    "RepositorySpec.platform": Text(
        "manifest 展示的平台，如 linux/arm64", "platform that manifest shows, such as linux/arm64"
    ),
    "RegistryRef.name": Text("镜像源名称", "name of the registry source"),
    "RegistryRef.namespace": Text("镜像源所在命名空间", "namespace of the registry source"),
    "RepositoryStatus.syncStatus": Text("同步状态，首次同步前为空", "sync status, empty before the first sync"),
    "RepositoryStatus.domain": Text("镜像仓库域名", "domain of the registry"),
    "RepositoryStatus.lastSynced": Text("最后一次同步成功的时间", "the last success"),
    "RepositoryStatus.lastAttempt": Text("最后一次尝试的时间", "the last attempt"),
    "RepositoryStatus.nextSync": Text("下次同步的时间", "the next attempt"),
    "RepositoryStatus.reason": Text("结果的原因，供程序读取", "reason of the outcome, for programs"),
    "RepositoryStatus.message": Text("结果的说明", "the outcome in words"),
    "RepositoryStatus.failures": Text("连续失败次数", "failures in a row"),
    "RepositoryStatus.manifest": Text("镜像元数据", "metadata of the image"),
    "Manifest.digest": Text("Tag 指向的摘要", "digest of the tag"),
    "Manifest.architecture": Text("镜像架构", "architecture"),
    "Manifest.os": Text("操作系统", "operating system"),
    "Manifest.size": Text("镜像大小（十进制单位）", "size in decimal units"),
    "Manifest.sizeBytes": Text("镜像大小（字节）", "size in bytes"),
    "Manifest.created": Text("创建时间", "when the image was built"),
    "Manifest.layers": Text("镜像层信息", "layers"),
    "Manifest.platforms": Text("可用平台", "platforms it is there for"),
    "Layer.digest": Text("层摘要", "digest of the layer"),
    "Layer.size": Text("层大小（字节，字符串）", "size in bytes, as a string"),
    "Layer.instruction": Text("生成此层的指令", "the instruction that made it"),
}
