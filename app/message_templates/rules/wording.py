"""What a text must not say, and what operators refuse: each word that is found is named, so that it can be changed.

The lists follow what the rules for medical advertising forbid: promises of cure, rates, patients as witnesses. They
find words, not meanings; a person approves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.message_templates.rules.fields import fields_in, has_stray_brace
from app.texts import N_


class Rule(StrEnum):
    """What is wrong with a text, or may be."""

    CURE_PROMISE = "cure_promise"
    RATE = "rate"
    TESTIMONY = "testimony"
    SUPERLATIVE = "superlative"
    DISEASE = "disease"
    BRACKETS = "brackets"
    STRAY_BRACE = "stray_brace"
    CONTROL_CHARACTER = "control_character"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    LINK = "link"
    PHONE_IN_PROMOTION = "phone_in_promotion"
    EMOJI = "emoji"
    OWN_OPT_OUT = "own_opt_out"


RULE_TEXT: Mapping[Rule, str] = {
    Rule.CURE_PROMISE: N_("“%(word)s” promises a cure, which an advertisement must not."),
    Rule.RATE: N_("“%(word)s” gives a rate of success, which an advertisement must not."),
    Rule.TESTIMONY: N_("“%(word)s” lets patients speak for a treatment, which an advertisement must not."),
    Rule.SUPERLATIVE: N_("“%(word)s” claims to be the best, which an advertisement must not."),
    Rule.DISEASE: N_("“%(word)s” names a disease: a clinician and one more person must approve the text."),
    Rule.BRACKETS: N_("The brackets 【】 are kept for the signature. Use others, such as 「」."),
    Rule.STRAY_BRACE: N_("A brace { or } belongs to no field. Write fields as {name}."),
    Rule.CONTROL_CHARACTER: N_("The text holds characters that cannot be sent. Remove them and try again."),
    Rule.EMPTY: N_("Write a text first."),
    Rule.TOO_LONG: N_("The text is longer than the 500 characters that operators take."),
    Rule.LINK: N_("Operators often refuse texts with a link: “%(word)s”."),
    Rule.PHONE_IN_PROMOTION: N_("Operators often refuse promotions with a telephone number: “%(word)s”."),
    Rule.EMOJI: N_("“%(word)s” counts twice, and old telephones show a box instead."),
    Rule.OWN_OPT_OUT: N_("“%(word)s”: the words for opting out are added by themselves."),
}
_BLOCKING = frozenset(
    {
        Rule.CURE_PROMISE, Rule.RATE, Rule.TESTIMONY, Rule.SUPERLATIVE, Rule.BRACKETS, Rule.STRAY_BRACE,
        Rule.CONTROL_CHARACTER, Rule.EMPTY, Rule.TOO_LONG,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found, with the word itself. A blocking one keeps the text from being submitted."""

    rule: Rule
    word: str = ""

    @property
    def is_blocking(self) -> bool:
        return self.rule in _BLOCKING


_PROMOTION_WORDS: Mapping[Rule, re.Pattern[str]] = {
    Rule.CURE_PROMISE: re.compile(
        r"根治|根除|治愈|治癒|痊愈|痊癒|包治|包好|药到病除|藥到病除|断根|斷根|永不复发|永不復發|不复发|不復發|"
        r"零复发|零復發|彻底康复|徹底康復|保证(?:有?效|治)|保證(?:有?效|治)|无效退款|無效退款|立竿见影|立竿見影|"
        r"安全无副作用|安全無副作用|零风险|零風險|一次见效|一次見效|(?:100|百分之百)%?\s*有效|"
        r"\bcur(?:e|es|ed|ing)\b|\bguarantee\w*|\bno side effects?\b|\brisk[- ]free\b|\bnever (?:comes?|came) back\b",
        re.IGNORECASE,
    ),
    Rule.RATE: re.compile(
        r"治愈率|治癒率|有效率|成功率|显效率|顯效率|好转率|好轉率|存活率|复发率|復發率|"
        r"\d+(?:\.\d+)?\s*[%‰](?!\s*(?:off|折|优惠|優惠|discount))|百分之[一二三四五六七八九十百零〇点\d]+|"
        r"\b(?:success|cure|response|survival) rates?\b",
        re.IGNORECASE,
    ),
    Rule.TESTIMONY: re.compile(
        r"患者(?:见证|見證|推荐|推薦|反馈|反饋|好评|好評|感言|说|說|亲述|親述)|病友(?:推荐|推薦|说|說)|"
        r"康复(?:案例|故事)|康復(?:案例|故事)|真实案例|真實案例|亲身(?:经历|体验)|親身(?:經歷|體驗)|明星代言|名人推荐|"
        r"名人推薦|专家推荐|專家推薦|\btestimonials?\b|\bpatients? (?:say|says|recommend)\b|\bsuccess stor(?:y|ies)\b",
        re.IGNORECASE,
    ),
    Rule.SUPERLATIVE: re.compile(
        r"最(?:佳|好|先进|先進|高级|高級|权威|權威|有效|低价|低價)|第一(?!诊|診|次|时间|時間|季|天|步|医院|醫院)|国家级|"
        r"國家級|顶级|頂級|首选|首選|唯一|独家|獨家|\bthe best\b|\bnumber one\b|\bno\. ?1\b|\bworld[- ]class\b",
        re.IGNORECASE,
    ),
}  # fmt: skip
_DISEASES_IN_CHINESE = (
    "癌症、肝癌、肺癌、胃癌、乳腺癌、宫颈癌、子宮頸癌、肠癌、腸癌、白血病、肿瘤、腫瘤、糖尿病、高血压、高血壓、"
    "冠心病、心肌梗、脑梗、腦梗、脑卒中、腦中風、中风、乙肝、丙肝、肝炎、肝硬化、艾滋病、愛滋病、梅毒、淋病、"
    "尖锐湿疣、尖銳濕疣、性病、结核、結核、哮喘、气喘病、氣喘病、抑郁症、憂鬱症、焦虑症、焦慮症、精神分裂、"
    "癫痫、癲癇、不孕、不育、阳痿、陽痿、早泄、早洩、子宫肌瘤、子宮肌瘤、痛风、痛風、胃溃疡、胃潰瘍、胃炎、"
    "肺炎、白内障、白內障、青光眼、银屑病、乾癬、牛皮癣、牛皮癬、红斑狼疮、紅斑狼瘡、帕金森、阿尔茨海默、"
    "阿茲海默、人工流产、人工流產、人流、流感、流行性感冒、中暑"
)
_DISEASES_IN_ENGLISH = (
    "cancer, tumour, tumor, diabetes, hypertension, high blood pressure, stroke, hepatitis, HIV, AIDS, "
    "syphilis, gonorrhoea, tuberculosis, asthma, depression, epilepsy, infertility, abortion, influenza, "
    "pneumonia, gastritis, gout, leukaemia, leukemia, heat stroke"
)
_COMMON_DISEASES = (*_DISEASES_IN_CHINESE.split("、"), *_DISEASES_IN_ENGLISH.split(", "))
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[a-z0-9-]{2,}\.(?:com|cn|net|org|top|xyz|cc|me|ly|tw|hk|info|vip|shop)\b(?:/\S*)?",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![0-9])(?:1[3-9][0-9]{9}|0[0-9]{2,3}[- ]?[0-9]{7,8}|[48]00[- ]?[0-9]{3}[- ]?[0-9]{4})(?![0-9])"
)
_OPT_OUT = re.compile(
    r"(?:拒收|退订|退訂)\s*(?:请|請)?\s*回\s*[复覆]?\s*\w{1,4}|回\s*T\s*退[订訂]|"
    r"reply \w{1,4} to (?:opt out|unsubscribe)",
    re.IGNORECASE,
)


def check_text(
    text: str, *, is_promotion: bool, units: int, most_units: int, disease_names: Collection[str] = ()
) -> list[Finding]:
    """Everything that speaks against a text, the blocking ones first.

    `units` is its length as it will be sent, signature and opt-out words included; `disease_names` are the hospital's
    own, besides the common ones.
    """
    found = [*_form_faults(text, units, most_units)]
    if is_promotion:
        found += [Finding(rule=rule, word=word) for rule, word in _promotion_words(text)]
    found += [Finding(rule=Rule.DISEASE, word=word) for word in diseases_in(text, disease_names)]
    found += _operator_warnings(text, is_promotion=is_promotion)
    return sorted(found, key=lambda finding: not finding.is_blocking)


def diseases_in(text: str, names: Collection[str] = ()) -> list[str]:
    """The names of diseases in a text, each once; the fields in braces are no part of it."""
    plain = re.sub(r"\{[^{}]*\}", " ", text)
    folded = plain.casefold()
    found = (name for name in (*_COMMON_DISEASES, *names) if len(name) > 1 and _says(folded, name.casefold()))
    longest: list[str] = []
    for name in sorted(set(found), key=lambda each: (-len(each), each)):
        if not any(name.casefold() in other.casefold() for other in longest):
            longest.append(name)
    return longest


def _says(text: str, name: str) -> bool:
    if not name.isascii():
        return name in text
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _form_faults(text: str, units: int, most_units: int) -> Iterator[Finding]:
    if not text.strip():
        yield Finding(rule=Rule.EMPTY)
    if "【" in text or "】" in text:
        yield Finding(rule=Rule.BRACKETS)
    if has_stray_brace(text):
        yield Finding(rule=Rule.STRAY_BRACE)
    if any(char not in "\r\n\t" and unicodedata.category(char) in ("Cc", "Cs") for char in text):
        yield Finding(rule=Rule.CONTROL_CHARACTER)
    if units > most_units:
        yield Finding(rule=Rule.TOO_LONG)


def _promotion_words(text: str) -> Iterator[tuple[Rule, str]]:
    # A space or a full-width letter within a word must not hide it.
    plain = unicodedata.normalize("NFKC", text)
    for rule, pattern in _PROMOTION_WORDS.items():
        tight = re.sub(r"(?<=[\u3400-\u9fff])[\s·•.*_-]+(?=[\u3400-\u9fff])", "", plain)
        yield from ((rule, word) for word in dict.fromkeys(found[0] for found in pattern.finditer(tight)))


def _operator_warnings(text: str, *, is_promotion: bool) -> Iterator[Finding]:
    for found in _LINK.finditer(text):
        yield Finding(rule=Rule.LINK, word=found[0][:60])
    if is_promotion:
        for found in _PHONE.finditer(text):
            yield Finding(rule=Rule.PHONE_IN_PROMOTION, word=found[0])
        if "phone" in fields_in(text):
            yield Finding(rule=Rule.PHONE_IN_PROMOTION, word="{phone}")
        for found in _OPT_OUT.finditer(text):
            yield Finding(rule=Rule.OWN_OPT_OUT, word=found[0])
    for char in dict.fromkeys(char for char in text if ord(char) > 0xFFFF and unicodedata.category(char) == "So"):
        yield Finding(rule=Rule.EMOJI, word=char)
