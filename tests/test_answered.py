"""Answered requests show in a scrape as prometheus_client's own metrics would show them."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from imageyard.answered import Answered
from imageyard.metrics import FAST, Metrics

NOTES = st.tuples(
    st.sampled_from(["get", "list"]),
    st.sampled_from(["repositories", ""]),
    st.sampled_from([200, 404]),
    st.floats(0, 20) | st.sampled_from(FAST),
)


@given(notes=st.lists(NOTES, max_size=30))
def test_a_scrape_shows_the_same_lines(notes: list[tuple[str, str, int, float]]) -> None:
    Metrics()  # turns off what is left out everywhere: when a counter began
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    answered = Answered(FAST)
    ours.register(answered)
    count = Counter("apiserver_request", "Answered requests.", ["verb", "resource", "code"], registry=theirs)
    times = Histogram("apiserver_request_duration_seconds", "Time to answer.", ["verb"], buckets=FAST, registry=theirs)
    for verb, resource, code, seconds in notes:
        answered.note(verb, resource, code, seconds)
        count.labels(verb, resource, str(code)).inc()
        times.labels(verb).observe(seconds)
    assert {*generate_latest(ours).splitlines()} == {*generate_latest(theirs).splitlines()}
