"""The people of the tour: made up, the same ones each time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from app.patients.service import ContactData, PatientData, PhoneData


def fixed_patients(now: datetime) -> list[PatientData]:
    """Every way in which a number can match: one person, a family, a contact person, the dead, nobody."""
    family = PhoneData(number="13900139000")
    return [
        PatientData(
            name="王秀兰",
            sex="F",
            birth_date=date(1972, 3, 1),
            language="zh",
            address="杭州市西湖区文一路 18 号",
            remark="9 月 12 日门诊,血压偏高;建议三个月后复查,复查当日空腹。",
            phones=(PhoneData(number="13800138000"),),
        ),
        PatientData(name="陈丽娟", sex="F", birth_date=date(1986, 7, 19), phones=(family,), remark="两个孩子的母亲。"),
        PatientData(
            name="林子轩",
            sex="M",
            birth_date=date(2014, 5, 4),
            contacts=(ContactData(name="陈丽娟", relation="parent", may_be_told=True, phones=(family,)),),
        ),
        PatientData(
            name="林雨桐",
            sex="F",
            birth_date=date(2017, 11, 23),
            contacts=(ContactData(name="陈丽娟", relation="parent", may_be_told=True, phones=(family,)),),
        ),
        PatientData(
            name="周国华",
            sex="M",
            birth_date=date(1948, 2, 9),
            is_key_patient=True,
            remark="听力不好,请慢慢说。",
            phones=(PhoneData(number="0571-88886666"),),
            contacts=(
                ContactData(name="周敏", relation="child", may_be_told=True, phones=(PhoneData(number="13700137000"),)),
            ),
        ),
        PatientData(
            name="赵德福",
            sex="M",
            birth_date=date(1941, 12, 30),
            deceased_at=now - timedelta(days=120),
            phones=(PhoneData(number="13600136000"),),
        ),
        PatientData(
            name="阿卜杜热合曼·买买提明·阿卜杜克里木·吐尔逊江·努尔买买提江·艾合买提江·伊敏江",
            sex="M",
            birth_date=date(1979, 8, 8),
            language="ug",
            phones=(PhoneData(number="13500135000"),),
        ),
        PatientData(name="吴女士", sex="F", is_provisional=True, phones=(PhoneData(number="13400134000"),)),
    ]
