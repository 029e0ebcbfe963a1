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
    "<iframe srcdoc='<script>alert(1)</script>'>", "<object data=javascript:alert(1)>", "<embed src=//evil.example>",
    "<base href=//evil.example/>", "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example>", "<style>*{display:none}</style>", "<details open ontoggle=alert(1)>",
    "<math><mtext><style><img src onerror=alert(1)>", "<svg><animate onbegin=alert(1) attributeName=x>",
    "<a href=data:text/html,<script>alert(1)</script>>x", "<input autofocus onfocus=alert(1)>", "<plaintext>",
    "<div hx-on:click=alert(1) hx-trigger=load hx-post=/console/sign-out>", "<dialog open>",
    "<noscript><p title=\"</noscript>",
    "${alert(1)}`;alert(1)//", "';alert(String.fromCharCode(88))//", "\\u003cscript\\u003ealert(1)",
    "%3Cscript%3Ealert(1)",
    "&#x3C;script&#x3E;alert(1)", "＜script＞alert(1)＜/script＞", "=HYPERLINK(\"//evil.example\")",
    "../../../../etc/passwd",
    "\r\nSet-Cookie: x=1", "{\"$type\": \"x\"}", "ﷺ" * 50, "z̶̢͝a" * 100,
)  # fmt: skip
JOINED = " ".join(HOSTILE)
"""All at once, so that a page is read once: each is between others that would break out."""
