"""Articles are found by words in either script and by initials, and no version is ever lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.articles import service
from app.articles.models import Article
from app.articles.rules import ArticleData, Shown
from app.errors import Conflict, InvalidInput
from app.parts import Parts

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def write(parts: Parts, title: str, text: str = "空腹。", **more: object) -> int:
    with parts.database.writing() as session:
        data = ArticleData(title=title, text=text, **more)  # type: ignore[arg-type]
        return service.create_article(session, parts.bus, data, by="alice", now=NOW).id


def found(parts: Parts, words: str, *, today: date = TODAY, shown: Shown = Shown.CURRENT) -> list[str]:
    with parts.database.reading() as session:
        return [each.title for each in service.find_articles(session, words, today=today, shown=shown, limit=50).items]


def change(parts: Parts, id: int, base: int, **data: str) -> Article:
    with parts.database.writing() as session:
        new = ArticleData(**{"title": "彩超", "text": "x", **data})  # type: ignore[arg-type]
        return service.change_article(session, parts.bus, id, new, base=base, by="alice", now=NOW)


@pytest.mark.parametrize("words", ["彩超", "彩超 预约", "預約", "cc", "CCYY", "B超", "abdominal", "100%"])
def test_an_article_is_found_by_words_in_either_script_and_by_initials(parts: Parts, words: str) -> None:
    write(parts, "彩超预约", "腹部 Abdominal 检查前空腹。满意度 100%。", tags="B超 检查")
    write(parts, "停车", "地下二层。")
    assert found(parts, words) == ["彩超预约"]


@pytest.mark.parametrize("words", ["彩超 停车", "_", "100%%", "zz"])
def test_every_word_must_be_there(parts: Parts, words: str) -> None:
    write(parts, "彩超预约")
    write(parts, "停车")
    assert set(found(parts, words)) <= ({"彩超预约", "停车"} if words == "_" else set())


def test_what_has_expired_is_not_told_any_more(parts: Parts) -> None:
    write(parts, "流感疫苗", valid_until=TODAY)
    assert found(parts, "流感") == ["流感疫苗"]
    tomorrow = TODAY + timedelta(days=1)
    assert (found(parts, "", today=tomorrow), found(parts, "", today=tomorrow, shown=Shown.EXPIRED)) == (
        [],
        ["流感疫苗"],
    )


def test_each_version_is_kept_and_an_earlier_one_can_hold_again(parts: Parts) -> None:
    id = write(parts, "彩超", "一")
    change(parts, id, 1, text="二")
    with parts.database.writing() as session:
        service.withdraw_article(session, parts.bus, id, by="alice", now=NOW)
    assert (found(parts, "彩超"), found(parts, "彩超", shown=Shown.WITHDRAWN)) == ([], ["彩超"])
    with parts.database.writing() as session:
        service.restore_version(session, parts.bus, id, 1, by="alice", now=NOW)
    with parts.database.reading() as session:
        versions = [(each.number, each.text) for each in service.versions_of(session, id)]
        assert versions == [(3, "一"), (2, "二"), (1, "一")]
        assert service.get_article(session, id).text == "一"
    assert found(parts, "彩超") == ["彩超"]


def test_of_two_who_change_the_same_version_one_is_told(parts: Parts) -> None:
    id = write(parts, "彩超")
    change(parts, id, 1, text="hers")
    with pytest.raises(Conflict):
        change(parts, id, 1, text="his")
    with parts.database.reading() as session:
        assert service.get_article(session, id).text == "hers"


@pytest.mark.parametrize("data", [{"title": " "}, {"text": ""}, {"title": "x" * 121}, {"tags": "x" * 201}])
def test_an_article_without_words_or_with_too_many_is_refused(parts: Parts, data: dict[str, str]) -> None:
    with pytest.raises(InvalidInput), parts.database.writing() as session:
        given = ArticleData(**{"title": "x", "text": "x", **data})  # type: ignore[arg-type]
        service.create_article(session, parts.bus, given, by="alice", now=NOW)
