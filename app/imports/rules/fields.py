"""What a list may hold, and by which words its columns are recognised, in 简体, 繁體 and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.texts import N_


class Target(StrEnum):
    """What the rows of a list are."""

    PATIENTS = "patients"
    VISITS = "visits"
    DIAGNOSES = "diagnoses"
    CHARGES = "charges"
    EXAMS = "exams"


TARGET_TEXT = {
    Target.PATIENTS: N_("Patients"),
    Target.VISITS: N_("Visits"),
    Target.DIAGNOSES: N_("Diagnoses"),
    Target.CHARGES: N_("Charges"),
    Target.EXAMS: N_("Exams"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a column may hold. `words` are titles seen in lists, folded as `fold_title` does."""

    code: str
    label: str
    words: tuple[str, ...]
    is_needed: bool = False
    may_repeat: bool = False


def _field(code: str, label: str, *words: str, needed: bool = False, repeats: bool = False) -> Field:
    every = tuple(" ".join(words).split())
    return Field(code=code, label=label, words=every, is_needed=needed, may_repeat=repeats)


_IDENTIFIERS = (
    _field(
        "id_card",
        N_("National id card no."),
        "idcard idcardno idno nationalid 身份证号 身份证号码 身份证 证件号码 证件号 身分證號",
        "身分證字號 身分證 身份證號",
    ),
    _field("outpatient", N_("Outpatient no."), "outpatient outpatientno 门诊号 门诊号码 门诊编号 門診號 門診號碼"),
    _field(
        "inpatient", N_("Inpatient no."), "inpatient inpatientno admissionno 住院号 住院号码 住院编号 住院號 住院號碼"
    ),
    _field("card", N_("All-in-one card no."), "card cardno 一卡通号 一卡通 一卡通号码 一卡通號 一卡通號碼"),
    _field("visit_card", N_("Visit card no."), "visitcard visitcardno 就诊卡号 就诊卡 诊疗卡号 就診卡號 就診卡"),
    _field(
        "medical_record",
        N_("Medical record no."),
        "medicalrecord medicalrecordno mrn 病案号 病历号 病歷號 病歷號碼 病案號",
    ),
)
_NAME_WORDS = "name patientname fullname 姓名 患者姓名 病人姓名 客户姓名 名字 客戶姓名 病患姓名"
_PHONE_WORDS = (
    "phone phones phoneno mobile mobileno mobilephone cell telephone tel contactphone "
    "手机 手机号 手机号码 移动电话 电话 电话号码 联系电话 联系方式 固定电话 家庭电话 座机 "
    "手機 手機號碼 行動電話 電話 電話號碼 聯絡電話 聯繫電話 市話"
)
_SOURCE_TIME = _field(
    "source_time",
    N_("Last change in the source"),
    "sourcetime updatedat updatetime lastmodified modifiedat 更新时间 修改时间 最后更新时间",
    "更新時間 修改時間 異動時間",
)
_PATIENT_FIELDS = (
    _field("name", N_("Name"), _NAME_WORDS, needed=True),
    _field("phone", N_("Telephone numbers"), _PHONE_WORDS, repeats=True),
    _field("sex", N_("Sex"), "sex gender 性别 性別"),
    _field("birth_date", N_("Birth date"), "birthdate birthday dob dateofbirth 出生日期 生日 出生年月 出生年月日"),
    *_IDENTIFIERS,
    _field(
        "address", N_("Address"), "address homeaddress 地址 家庭住址 住址 家庭地址 联系地址 現居地址 聯絡地址 通訊地址"
    ),
    _field("postcode", N_("Postcode"), "postcode zip zipcode postalcode 邮编 邮政编码 郵遞區號 郵編"),
    _field("email", N_("Email"), "email mail 邮箱 电子邮箱 电子邮件 電子郵件 電郵"),
    _field("work_unit", N_("Work unit"), "workunit employer company 工作单位 单位 单位名称 工作單位 服務單位"),
    _field(
        "contact_name",
        N_("Contact person"),
        "contact contactname contactperson 联系人 联系人姓名 家属 家属姓名 聯絡人 聯絡人姓名",
        "家屬姓名",
    ),
    _field(
        "contact_phone",
        N_("Contact person's numbers"),
        "contactpersonphone familyphone 联系人电话 家属联系电话 家属电话 聯絡人電話 家屬電話",
        "家屬聯絡電話",
    ),
    _field(
        "contact_relation",
        N_("Contact person's relation"),
        "relation relationship 与患者关系 关系 联系人关系 與患者關係 關係",
    ),
    _field("remark", N_("Remark"), "remark remarks note notes comment 备注 说明 備註 備注 附註", repeats=True),
    _SOURCE_TIME,
)
_WHO = (
    *_IDENTIFIERS,
    _field("name", N_("Name"), _NAME_WORDS),
    _field("phone", N_("Telephone numbers"), _PHONE_WORDS),
)
_DEPARTMENT = _field(
    "department", N_("Department"), "department dept 科室 科室名称 就诊科室 开单科室 科別 科室名稱 就診科別"
)
_DOCTOR = _field(
    "doctor", N_("Doctor"), "doctor physician attending 医生 主治医生 接诊医生 开单医生 医师 醫師 主治醫師 看診醫師"
)
_VISIT_KEY = _field(
    "visit_key",
    N_("Visit's key in the source"),
    "visitid visitkey visitno encounter 就诊流水号 就诊号 就诊id 就診流水號 就診序號",
)
_CLINICAL = {
    Target.VISITS: (
        _field(
            "key",
            N_("Key in the source"),
            "visitid visitkey visitno id key 就诊流水号 就诊号 流水号 就诊id 就診流水號 就診序號",
            "流水號",
            needed=True,
        ),
        _field(
            "started_at",
            N_("Beginning"),
            "start startedat begin admission visitdate visittime 就诊时间 就诊日期 挂号时间 入院时间",
            "入院日期 就診時間 就診日期 掛號時間 入院時間 time date datetime 时间 日期 時間",
            needed=True,
        ),
        _field("ended_at", N_("End"), "end endedat discharge 结束时间 出院时间 出院日期 結束時間 出院時間"),
        _field("kind", N_("Kind of visit"), "kind type class visittype 就诊类型 类型 类别 就診類型 類型 類別"),
        _field("number", N_("Visit number"), "number registrationno 挂号序号 就诊序号 掛號序號"),
        _DEPARTMENT,
        _field("ward", N_("Ward"), "ward 病区 病區 病房區"),
        _DOCTOR,
        _field("status", N_("Status"), "status state 状态 狀態"),
    ),
    Target.DIAGNOSES: (
        _field(
            "key", N_("Key in the source"), "id key diagnosisid 诊断流水号 诊断id 流水号 診斷流水號 流水號", needed=True
        ),
        _field("text", N_("Diagnosis"), "diagnosis text 诊断 诊断名称 疾病名称 診斷 診斷名稱 疾病名稱", needed=True),
        _field("disease", N_("Disease code"), "icd icd10 code 诊断编码 疾病编码 诊断代码 診斷編碼 診斷代碼"),
        _field(
            "at",
            N_("Time"),
            "diagnosedat 诊断时间 诊断日期 診斷時間 診斷日期 time date datetime 时间 日期 時間",
            needed=True,
        ),
        _field("is_main", N_("Main diagnosis"), "main ismain 主要诊断 是否主诊断 主診斷 是否主診斷"),
        _VISIT_KEY,
    ),
    Target.CHARGES: (
        _field(
            "key",
            N_("Key in the source"),
            "id key chargeid 收费流水号 费用流水号 流水号 明细号 收費流水號 費用流水號 流水號",
            needed=True,
        ),
        _field("item", N_("Item"), "item name 项目 项目名称 收费项目 費用項目 項目名稱 項目", needed=True),
        _field("amount", N_("Amount"), "amount sum fee price 金额 费用 总金额 金額 費用", needed=True),
        _field(
            "at",
            N_("Time"),
            "chargedat 收费时间 收费日期 记账时间 收費時間 收費日期 time date datetime 时间 日期 時間",
            needed=True,
        ),
        _field("kind", N_("Kind of charge"), "kind type category 费用类别 类别 费用类型 費用類別 類別"),
        _DEPARTMENT,
        _DOCTOR,
        _VISIT_KEY,
    ),
    Target.EXAMS: (
        _field(
            "key",
            N_("Key in the source"),
            "id key examid reportid 检查号 体检号 报告号 流水号 檢查號 健檢號 報告號 流水號",
            needed=True,
        ),
        _field(
            "exam_name",
            N_("Exam or package"),
            "exam test package examname 检查项目 体检套餐 检验项目 套餐 項目名稱 檢查項目 健檢套餐",
            "检查名称",
            needed=True,
        ),
        _field(
            "at",
            N_("Time"),
            "examinedat 检查时间 体检日期 报告时间 检验时间 檢查時間 健檢日期 報告時間 time date",
            "datetime 时间 日期 時間",
            needed=True,
        ),
        _field("kind", N_("Kind of exam"), "kind type category 类别 类型 類別 類型"),
        _field("amount", N_("Amount"), "amount fee 金额 费用 金額 費用"),
        _field("payment", N_("Payment"), "payment paymethod 付款方式 支付方式"),
        _field("summary", N_("Summary"), "summary conclusion 结论 总检结论 小结 結論 總結"),
        _VISIT_KEY,
    ),
}
FIELDS: Mapping[Target, tuple[Field, ...]] = {
    Target.PATIENTS: _PATIENT_FIELDS,
    **{target: (*fields, *_WHO, _SOURCE_TIME) for target, fields in _CLINICAL.items()},
}
"""The fields of each target, in the order in which they are offered."""
PERSON_KEYS = frozenset(field.code for field in _IDENTIFIERS)
"""The identifiers by which a row names its patient."""


def fold_title(title: str) -> str:
    """A column's title as it is compared: width, case, brackets with remarks, spaces and signs away."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    plain = re.sub(r"[(\[【〔<].*?[)\]】〕>]", "", plain)
    return re.sub(r"[\W_]+", "", plain)


def propose_columns(header: Sequence[str], target: Target) -> list[str | None]:
    """For each column the field it most likely holds; a number after the word (电话2) is not looked at."""
    taken: set[str] = set()
    proposed: list[str | None] = []
    for title in header:
        folded = fold_title(title)
        spellings = {folded, folded.rstrip("0123456789")}
        field = next(
            (
                each
                for each in FIELDS[target]
                if spellings & {each.code.replace("_", ""), *each.words} and (each.may_repeat or each.code not in taken)
            ),
            None,
        )
        taken |= {field.code} if field else set()
        proposed.append(field.code if field else None)
    return proposed


def guess_target(header: Sequence[str]) -> Target:
    """What the rows of a list with these titles most likely are."""

    def fit(target: Target) -> tuple[bool, int]:
        columns = propose_columns(header, target)
        return not missing_fields(columns, target), sum(column is not None for column in columns)

    return max(Target, key=fit)


def missing_fields(columns: Iterable[str | None], target: Target) -> list[Field]:
    """The fields without which no row of this target can be taken."""
    there = set(columns)
    return [field for field in FIELDS[target] if field.is_needed and field.code not in there]


def fits(saved: Mapping[str, str], header: Sequence[str]) -> int:
    """How many columns a saved mapping settles; 0 when one of its titles is not among the list's."""
    titles = {fold_title(title) for title in header}
    return len(saved) if saved and all(fold_title(title) in titles for title in saved) else 0


def apply_mapping(saved: Mapping[str, str], header: Sequence[str]) -> list[str | None]:
    """The columns of a list by a saved mapping."""
    by_title = {fold_title(title): field for title, field in saved.items()}
    return [by_title.get(fold_title(title)) for title in header]
