"""A page that puts together what a channel sends shows exactly what there is, whenever it began."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.web.live.channel import Channel
from tests.web.live_page import put_together

CONTENTS = st.fixed_dictionaries(
    {
        "seq": st.integers(0, 9),
        "agent_list": st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["ready", "talking"])).map(
            lambda states: [{"id": id, "state": state} for id, state in states.items()]
        ),
    }
)
# In each round: what there is, who follows, and who asked for the whole.
ROUNDS = st.lists(st.tuples(CONTENTS, st.sets(st.sampled_from("123")), st.sets(st.sampled_from("123"))), max_size=12)


def in_order(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "agent_list": sorted(content["agent_list"], key=lambda row: row["id"])}


@given(ROUNDS)
def test_every_page_shows_what_there_is_after_each_round(
    rounds: list[tuple[dict[str, Any], set[str], set[str]]],
) -> None:
    channel, shown = Channel("agent_list"), {}
    for content, pages, asking in rounds:
        channel.forget(*asking)
        shown = {page: what for page, what in shown.items() if page in pages}
        reached: list[str] = []
        for to, message in channel.messages(sorted(pages), content):
            reached += to
            shown |= {page: put_together(shown.get(page), dict(message)) for page in to}
        assert sorted(reached) == sorted(pages)
        assert all(in_order(shown[page]) == in_order(content) for page in pages)


def test_only_rows_that_changed_are_sent_again() -> None:
    channel = Channel("agent_list")
    before = {"seq": 1, "agent_list": [{"id": "a", "state": "ready"}, {"id": "b", "state": "ready"}]}
    after = {"seq": 2, "agent_list": [{"id": "a", "state": "talking"}]}
    assert channel.messages(["1"], before) == [(["1"], before)]
    changes = {"agent_list": {"set": [{"id": "a", "state": "talking"}], "gone": ["b"]}}
    assert channel.messages(["1", "2"], after) == [(["1"], {"seq": 2, "changes": changes}), (["2"], after)]
