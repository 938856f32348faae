"""What a bind counts for the gateway page."""

from sms_gateway.meter import Meter


def test_the_rate_is_of_the_last_ten_whole_seconds() -> None:
    meter = Meter()
    for tenth in range(200):
        meter.accepted(0.02, 100 + tenth / 10)
    assert meter.read(120.0).rate == 10.0
    assert meter.read(125.0).rate == 5.0
    assert meter.read(200.0).rate == 0.0


def test_half_of_the_answers_came_within_the_p50_and_nearly_all_within_the_p95() -> None:
    meter = Meter()
    for milliseconds in range(1, 101):
        meter.accepted(milliseconds / 1000, 100.0)
    readings = meter.read(100.0)
    assert (readings.latency_p50_ms, readings.latency_p95_ms) == (51, 96)


def test_what_is_older_than_an_hour_does_not_count() -> None:
    meter = Meter()
    meter.accepted(0.1, 60.0)
    meter.refused("smpp-0x0b", 60.0)
    meter.accepted(0.1, 3_700.0)
    meter.receipts(2, 3_700.0)
    readings = meter.read(3_760.0)
    assert (readings.accepted, readings.receipts, readings.errors) == (1, 2, {})


def test_a_bind_that_did_nothing_has_no_latency() -> None:
    readings = Meter().read(0.0)
    assert (readings.rate, readings.latency_p50_ms, readings.accepted) == (0.0, None, 0)
