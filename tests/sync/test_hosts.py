"""How hosts are paced: slots, pauses, the breaker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.reasons import Reason
from imageyard.registry import Quota
from imageyard.sync.hosts import Admission, Breaker, Hosts, Shift

H = "r.example.com"


def refuse(hosts: Hosts, times: int, reason: Reason = Reason.ConnectionRefused) -> list[Shift]:
    return [hosts.report(H, reason, 0.0) for _ in range(times)]


def test_a_host_has_six_slots() -> None:
    hosts = Hosts()
    for _ in range(6):
        assert hosts.admit(H, 0.0) is Admission.GO
        hosts.start(H)
    assert hosts.admit(H, 0.0) is Admission.LATER
    assert hosts.admit("other", 0.0) is Admission.GO
    hosts.release(H)
    assert hosts.admit(H, 0.0) is Admission.GO


@pytest.mark.parametrize(
    ("retry_after", "pause"), [(0.0, 1.0), (2.5, 2.5), (300.0, 300.0), (86_400.0, 900.0), (None, 30.0)]
)
def test_a_429_pauses_for_what_was_asked_within_a_second_and_a_quarter(retry_after: float | None, pause: float) -> None:
    hosts = Hosts()
    assert hosts.report(H, Reason.RateLimited, 100.0, retry_after) is Shift.PAUSED
    assert hosts.pause_left(H, 100.0) == pause
    assert hosts.admit(H, 100.0 + pause - 0.01) is Admission.LATER
    assert hosts.admit(H, 100.0 + pause - 0.01, forced=True) is Admission.LATER
    assert hosts.admit(H, 100.0 + pause) is Admission.GO


def test_after_a_pause_the_host_is_asked_one_at_a_time_until_it_answers() -> None:
    hosts = Hosts()
    hosts.report(H, Reason.RateLimited, 0.0, 10.0)
    hosts.start(H)
    assert hosts.admit(H, 11.0) is Admission.LATER
    hosts.report(H, Reason.Synced, 11.0)
    assert hosts.admit(H, 11.0) is Admission.GO


def test_pauses_without_retry_after_grow_only_from_pause_to_pause() -> None:
    hosts = Hosts()
    for _ in range(6):
        hosts.report(H, Reason.RateLimited, 0.0)
    assert hosts.pause_left(H, 0.0) == 30.0
    hosts.report(H, Reason.RateLimited, 31.0)
    assert hosts.pause_left(H, 31.0) == 60.0


def test_five_connection_failures_in_a_row_open_the_breaker() -> None:
    hosts = Hosts()
    assert refuse(hosts, 5) == [Shift.DOUBTED, *[Shift.NOTHING] * 3, Shift.OPENED]
    assert hosts.admit(H, 0.0) is Admission.REFUSE
    assert hosts.admit(H, 0.0, forced=True) is Admission.GO


@pytest.mark.parametrize(
    "reason", [Reason.Synced, Reason.TagNotFound, Reason.ServerError, Reason.Unauthorized, Reason.TLSInvalid]
)
def test_any_answer_in_between_keeps_it_closed(reason: Reason) -> None:
    hosts = Hosts()
    refuse(hosts, 4)
    hosts.report(H, reason, 0.0)
    refuse(hosts, 4)
    assert hosts.admit(H, 0.0) is Admission.GO


def test_an_answered_probe_lets_one_image_try_and_its_answer_closes_the_breaker() -> None:
    hosts = Hosts()
    refuse(hosts, 5)
    assert hosts.probed(H, Reason.ConnectionRefused) is Shift.NOTHING
    assert hosts.doubted(H)
    assert hosts.probed(H, Reason.Verified) is Shift.RECOVERED
    assert hosts.admit(H, 0.0) is Admission.GO
    hosts.start(H)
    assert hosts.admit(H, 0.0) is Admission.LATER
    hosts.report(H, Reason.Synced, 0.0)
    assert hosts[H].breaker is Breaker.CLOSED


def test_a_failure_while_half_open_opens_again() -> None:
    hosts = Hosts()
    refuse(hosts, 5)
    hosts.probed(H, Reason.Verified)
    assert refuse(hosts, 1) == [Shift.OPENED]


def test_time_outs_of_one_image_alone_are_no_recovery_of_the_host() -> None:
    """The host answers probes all along, so its images keep their own backoff instead of being woken for ever."""
    hosts = Hosts()
    refuse(hosts, 5, Reason.Timeout)
    assert hosts.probed(H, Reason.Verified) is Shift.NOTHING
    assert hosts.report(H, Reason.Synced, 0.0) is Shift.ANSWERS


def test_a_host_that_a_probe_found_down_has_recovered_with_the_first_answer() -> None:
    hosts = Hosts()
    refuse(hosts, 5)
    hosts.probed(H, Reason.ConnectionRefused)
    assert hosts.report(H, Reason.Synced, 0.0) is Shift.RECOVERED


def test_refused_connections_of_some_images_alone_are_no_recovery_of_the_host() -> None:
    """A host whose `/v2/` answers all along has nothing to say to what failed elsewhere on it."""
    hosts = Hosts()
    refuse(hosts, 3)
    assert hosts.probed(H, Reason.Verified) is Shift.NOTHING
    assert hosts.report(H, Reason.Synced, 0.0) is Shift.NOTHING


def test_an_answered_probe_begins_the_count_of_failures_again() -> None:
    hosts = Hosts()
    refuse(hosts, 4)
    hosts.probed(H, Reason.Verified)
    assert refuse(hosts, 4) == [Shift.DOUBTED, *[Shift.NOTHING] * 3]


def test_failures_of_another_host_do_not_count() -> None:
    hosts = Hosts()
    shifts = {hosts.report(H, Reason.DNSFailed, 0.0, elsewhere=True) for _ in range(20)}
    assert shifts == {Shift.NOTHING}
    assert hosts.admit(H, 0.0) is Admission.GO


def test_a_probe_that_failed_at_another_host_has_met_an_answer_of_this_one() -> None:
    hosts = Hosts()
    refuse(hosts, 5)
    hosts.probed(H, Reason.ConnectionRefused)
    assert hosts.probed(H, Reason.DNSFailed, elsewhere=True) is Shift.RECOVERED
    assert not hosts.doubted(H)


def test_a_host_without_history_is_not_kept() -> None:
    hosts = Hosts()
    hosts.start(H)
    hosts.release(H)
    assert hosts.peek(H) is None
    hosts.report(H, Reason.Synced, 0.0, quota=Quota(100, 99))
    hosts.start(H)
    hosts.release(H)
    assert hosts.peek(H) is not None


@given(st.lists(st.sampled_from([Reason.Synced, Reason.RateLimited, Reason.Timeout, Reason.ServerError]), max_size=50))
def test_slots_stay_between_one_and_six(outcomes: list[Reason]) -> None:
    hosts = Hosts()
    for now, reason in enumerate(outcomes):
        hosts.report(H, reason, float(now))
        assert 1 <= hosts[H].slots <= 6
