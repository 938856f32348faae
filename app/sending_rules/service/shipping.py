"""The rules that a hospital begins with, as drafts: nothing is sent before somebody has looked and switched one on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.message_templates.models import MessageTemplate
from app.sending_rules.models import SendingRule
from app.sending_rules.rules import RuleState


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shipped:
    """One rule: its name as people of the hospital would write it, and the code of its template."""

    code: str
    name: str
    anchor: str
    template: str
    days: int = 0
    at: time = time(9)
    late_days: int = 1
    filters: Mapping[str, str] = field(default_factory=dict)


_GREETINGS = (
    ("new_years_eve", "除夕问候", "holiday.new_year_eve"),
    ("spring_festival", "春节问候", "holiday.spring_festival"),
    ("lantern", "元宵节问候", "holiday.lantern"),
    ("womens_day", "妇女节问候", "holiday.womens_day"),
    ("mothers_day", "母亲节问候", "holiday.mothers_day"),
    ("fathers_day", "父亲节问候", "holiday.fathers_day"),
    ("dragon_boat", "端午节问候", "holiday.dragon_boat"),
    ("mid_autumn", "中秋节问候", "holiday.mid_autumn"),
    ("national_day", "国庆问候", "holiday.national_day"),
    ("double_ninth", "重阳节问候", "holiday.double_ninth"),
)
_SEASONS = (
    ("start_of_spring", "立春提醒", "seasonal.spring"),
    ("start_of_summer", "立夏提醒", "seasonal.summer"),
    ("major_heat", "大暑提醒", "seasonal.heat"),
    ("start_of_autumn", "立秋提醒", "seasonal.autumn"),
    ("start_of_winter", "立冬提醒", "seasonal.winter"),
    ("major_cold", "大寒提醒", "seasonal.cooling"),
)
_RULES = (
    _Shipped(code="course.recheck", name="疗程结束前一天复查提醒", anchor="course_end", template="recheck.date",
             days=-1, at=time(10), late_days=0),
    _Shipped(code="operation.before", name="术前一天注意事项", anchor="operation", template="caution.surgery_prepare",
             days=-1, at=time(10), late_days=0),
    _Shipped(code="operation.wound", name="术后第一天伤口护理", anchor="operation", template="caution.wound", days=1,
             at=time(10)),
    _Shipped(code="course.tips", name="疗程结束后健康小贴士", anchor="course_end", template="tip.after_course", days=3,
             at=time(10), late_days=2),
    _Shipped(code="discharge.care", name="出院次日关怀", anchor="discharge", template="caution.discharge", days=1,
             at=time(10), filters={"visit_kind": "inpatient"}),
    _Shipped(code="birthday", name="生日祝福", anchor="birthday", template="holiday.birthday", late_days=0),
    *(
        _Shipped(code=f"occasion.{code}", name=name, anchor=f"occasion.{code}", template=template, late_days=0)
        for code, name, template in _GREETINGS
    ),
    *(
        _Shipped(code=f"season.{code}", name=name, anchor=f"occasion.term_{code}", template=template)
        for code, name, template in _SEASONS
    ),
)  # fmt: skip


def install_shipped(session: Session, now: datetime) -> int:
    """Add the rules that this database has never had, as drafts; returns how many. One that exists stays as it is."""
    known = set(session.scalars(select(SendingRule.code).where(SendingRule.code.is_not(None))))
    templates = dict(session.execute(select(MessageTemplate.code, MessageTemplate.id)).all())
    fresh = [each for each in _RULES if each.code not in known]
    for each in fresh:
        session.add(
            SendingRule(
                code=each.code,
                name=each.name,
                state=RuleState.DRAFT,
                anchor=each.anchor,
                filters=dict(each.filters),
                days=each.days,
                at=each.at,
                late_days=each.late_days,
                template_id=templates.get(each.template),
                created_at=now,
                changed_at=now,
            )
        )
    session.flush()
    return len(fresh)
