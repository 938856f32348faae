"""What a synthetic hospital treats: departments, diseases with their drugs and operations, examinations."""

from __future__ import annotations

from dataclasses import dataclass

DEPARTMENTS = {
    "cardiology": "心内科",
    "endocrinology": "内分泌科",
    "gynaecology": "妇科",
    "obstetrics": "产科",
    "paediatrics": "儿科",
    "orthopaedics": "骨科",
    "surgery": "普外科",
    "oncology": "肿瘤科",
    "respiratory": "呼吸内科",
    "ophthalmology": "眼科",
    "emergency": "急诊科",
    "exam_centre": "体检中心",
}
DOCTORS = ("沈立民", "叶知秋", "顾明远", "白若兰", "陆文博", "方静怡", "严世平", "苏映雪")


@dataclass(frozen=True, slots=True)
class Disease:
    """`code` is of the list "disease". `fits` narrows it to a sex and an age: (sex or "", youngest, oldest)."""

    code: str
    text: str
    department: str
    drugs: tuple[str, ...]
    operation: tuple[str, str] | None = None
    is_chronic: bool = False
    fits: tuple[str, int, int] = ("", 0, 130)


DISEASES = (
    Disease("I10", "高血压病", "cardiology", ("氨氯地平片 5mg", "缬沙坦胶囊 80mg"), None, True, ("", 35, 130)),
    Disease("I25", "冠心病", "cardiology", ("阿司匹林肠溶片 100mg", "阿托伐他汀钙片 20mg"),
            ("36.06", "冠状动脉支架置入术"), True, ("", 45, 130)),
    Disease("E11", "2型糖尿病", "endocrinology", ("二甲双胍片 0.5g", "格列美脲片 2mg"), None, True, ("", 35, 130)),
    Disease("E05", "甲状腺功能亢进", "endocrinology", ("甲巯咪唑片 10mg",), None, True, ("", 18, 70)),
    Disease("N87", "宫颈上皮内瘤变", "gynaecology", ("保妇康栓",), ("67.32", "LEEP刀手术"), False, ("F", 21, 65)),
    Disease("D25", "子宫肌瘤", "gynaecology", ("桂枝茯苓胶囊",), ("68.29", "子宫肌瘤剔除术"), False, ("F", 28, 60)),
    Disease("O80", "顺产", "obstetrics", ("缩宫素注射液",), None, False, ("F", 20, 45)),
    Disease("J18", "肺炎", "paediatrics", ("小儿氨酚黄那敏颗粒", "蓝芩口服液"), None, False, ("", 0, 14)),
    Disease("J44", "慢性阻塞性肺疾病", "respiratory", ("噻托溴铵粉吸入剂", "氨溴索口服液"), None, True, ("", 45, 130)),
    Disease("J45", "支气管哮喘", "respiratory", ("布地奈德福莫特罗吸入剂",), None, True, ("", 5, 130)),
    Disease("M51", "腰椎间盘突出", "orthopaedics", ("塞来昔布胶囊 0.2g",), ("80.51", "椎间盘切除术"), False,
            ("", 25, 80)),
    Disease("S52", "前臂骨折", "orthopaedics", ("伤科接骨片",), ("79.32", "桡骨骨折切开复位内固定术"), False,
            ("", 6, 90)),
    Disease("K35", "急性阑尾炎", "surgery", ("头孢曲松钠注射剂 1g",), ("47.01", "腹腔镜阑尾切除术"), False,
            ("", 6, 80)),
    Disease("K80", "胆囊结石", "surgery", ("熊去氧胆酸胶囊",), ("51.23", "腹腔镜胆囊切除术"), False, ("", 25, 85)),
    Disease("C50", "乳腺恶性肿瘤", "oncology", ("他莫昔芬片 10mg",), ("85.43", "乳腺癌改良根治术"), True,
            ("F", 30, 85)),
    Disease("C34", "肺恶性肿瘤", "oncology", ("吉非替尼片 0.25g",), ("32.41", "胸腔镜肺叶切除术"), True,
            ("", 40, 85)),
    Disease("H25", "老年性白内障", "ophthalmology", ("左氧氟沙星滴眼液",), ("13.41", "白内障超声乳化术"), False,
            ("", 55, 130)),
    Disease("K29", "急性胃炎", "emergency", ("奥美拉唑肠溶胶囊",), None, False, ("", 3, 130)),
)  # fmt: skip
CHECKUP = Disease("Z00", "健康体检", "exam_centre", ())


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of an examination, with the range that is normal and the step of its last digit."""

    item: str
    unit: str
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    cents: int
    holds: tuple[str, ...]


LABORATORY = (
    Measure("白细胞计数", "10^9/L", 3.5, 9.5),
    Measure("血红蛋白", "g/L", 115, 150),
    Measure("空腹血糖", "mmol/L", 3.9, 6.1),
    Measure("总胆固醇", "mmol/L", 2.8, 5.2),
    Measure("肌酐", "umol/L", 41, 97),
    Measure("谷丙转氨酶", "U/L", 7, 40),
)
CHECKUP_PACKAGES = (
    Package("基础体检套餐", 48_000, ("一般检查", "血常规", "尿常规", "心电图", "胸片")),
    Package("女性体检套餐", 88_000, ("一般检查", "血常规", "乳腺超声", "宫颈筛查", "甲状腺超声")),
    Package("心血管专项套餐", 126_000, ("一般检查", "血脂", "心脏超声", "颈动脉超声", "动态心电图")),
)
