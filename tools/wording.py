"""Chinese for what metrics say of themselves in English. A test holds every one of them to a line."""

from typing import Final

METRICS: Final = {
    "imageyard_build_info": "服务的版本。",
    "apiserver_flowcontrol_rejected_requests_total": "因同一调用者排队的请求过多而被答以 429 的请求数。",
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
    "imageyard_oidc_tokens_total": "检查过的 OIDC 令牌；已记住的令牌不会再次检查。",
    "imageyard_oidc_refreshes_total": "查看 OIDC 签发者密钥的次数。",
    "imageyard_oidc_last_success_timestamp_seconds": "最近一次从 OIDC 签发者取得密钥的时间。",
    "image_registry_connection_failures": "镜像源连续验证失败的次数。",
    "image_sync_failures": "镜像连续同步失败的次数。",
}
