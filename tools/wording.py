"""Chinese for what settings and metrics say of themselves in English. A test holds every one of them to a line."""

from typing import Final

SETTINGS: Final = {
    "data_dir": "数据库、密钥、证书和令牌所在的目录。",
    "host": "两个监听端口绑定的地址。",
    "port": "明文 HTTP 端口；0 表示任选一个空闲端口，实际端口写在 ports.json 中。",
    "tls_port": "HTTPS 端口；0 表示任选一个空闲端口，实际端口写在 ports.json 中。",
    "tls_san": "服务端证书中额外的域名和地址。",
    "insecure_http": "在回环地址之外也提供明文 HTTP。",
    "public_host": "调用方还可以使用的 Host 名称（防范 DNS 重绑定）。",
    "trusted_proxy": "信任其 X-Forwarded-For 的网段。",
    "sample": "启动示例镜像仓库并创建示例对象。",
    "egress_allow": "属于回环、链路本地或保留地址、但允许出站请求访问的网段。",
    "egress_private": "是否允许访问私有网段（RFC 1918、ULA、100.64/10）。",
    "egress_proxy": "出站请求所用的代理，http://主机:端口 或 http://用户名:密码@主机:端口。",
    "egress_no_proxy": "不经代理直接访问的主机、.域名后缀和网段。",
    "registry_ca": "对所有镜像源都信任的 CA 证书文件（PEM）。",
    "language": "写入对象的文字所用的语言。",
    "auto_create_namespaces": "通过 REST 首次写入时自动创建命名空间。",
    "verify_interval": "每个镜像源重新验证的间隔。",
    "sync_per_host": "同一镜像仓库主机上同时进行的同步数。",
    "sync_total": "同时进行的同步总数。",
    "log_level": "写出的日志的最低级别。",
    "log_format": "json 供程序读取，console 供人阅读。",
}

METRICS: Final = {
    "imageyard_build_info": "服务的版本。",
    "imageyard_sync_total": "已结束的同步。",
    "imageyard_sync_duration_seconds": "一次同步所用的时间。",
    "imageyard_sync_last_success_timestamp_seconds": "最近一次有镜像同步成功的时间。",
    "imageyard_verify_total": "已结束的验证。",
    "imageyard_registry_requests_total": "发往镜像仓库和令牌服务的请求。",
    "imageyard_registry_breakers_open": "无法连接的镜像仓库主机数。",
    "imageyard_registry_paused": "处于限流暂停中的镜像仓库主机数。",
    "workqueue_depth": "等待处理的键数。",
    "workqueue_adds_total": "加入队列的键数。",
    "workqueue_retries_total": "失败后重新加入队列的键数。",
    "workqueue_queue_duration_seconds": "键在队列中等待的时间。",
    "apiserver_request_total": "已应答的请求。",
    "apiserver_request_duration_seconds": "应答所用的时间。",
    "apiserver_longrunning_requests": "打开着的监视（watch）数。",
    "imageyard_store_commit_duration_seconds": "一次落盘提交所用的时间。",
    "imageyard_audit_error_total": "未能写入的审计记录。",
    "image_registry_connection_failures": "镜像源连续验证失败的次数。",
    "image_sync_failures": "镜像连续同步失败的次数。",
}
