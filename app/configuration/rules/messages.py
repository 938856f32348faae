"""Settings: messages and the contact policy."""

from __future__ import annotations

from app.configuration.rules.keys import Group, SettingKey
from app.texts import N_

OPT_OUT_WORDS: SettingKey[str] = SettingKey(
    name="messages.opt_out_words",
    default="",
    group=Group.MESSAGES,
    title=N_("Words for opting out"),
    help=N_(
        "Stand behind every promotion and count in its length. Left empty: 拒收请回复R, in the message's language."
    ),
    high=30,
)
PRICE_PER_PART: SettingKey[int] = SettingKey(
    name="messages.price_per_part",
    default=50,
    group=Group.MESSAGES,
    title=N_("Price of one part of a message"),
    help=N_("In thousandths of a yuan: 50 is 0.05 yuan. The cost of a mass send is reckoned with it."),
    unit=N_("thousandths of a yuan"),
    low=0,
    high=10_000,
)
APPROVE_EVERY_MASS_SEND: SettingKey[bool] = SettingKey(
    name="messages.approve_every_mass_send",
    default=False,
    group=Group.MESSAGES,
    title=N_("Every mass send needs somebody else's approval"),
    help=N_("Promotions always do."),
)
MARKETING_FROM: SettingKey[int] = SettingKey(
    name="messages.marketing_from",
    default=8,
    group=Group.MESSAGES,
    title=N_("Promotions leave from"),
    help=N_("By the hospital's clock. What is late waits for the next morning."),
    unit=N_("o'clock"),
    low=0,
    high=23,
)
MARKETING_UNTIL: SettingKey[int] = SettingKey(
    name="messages.marketing_until",
    default=21,
    group=Group.MESSAGES,
    title=N_("Promotions leave until"),
    help=N_("By the hospital's clock. It must be later than the hour from which they leave."),
    unit=N_("o'clock"),
    low=1,
    high=24,
)
NOTICES_FROM: SettingKey[int] = SettingKey(
    name="messages.notices_from",
    default=7,
    group=Group.MESSAGES,
    title=N_("Automatic notices leave from"),
    help=N_("What somebody writes to one person, and what is urgent, leaves at any hour."),
    unit=N_("o'clock"),
    low=0,
    high=23,
)
NOTICES_UNTIL: SettingKey[int] = SettingKey(
    name="messages.notices_until",
    default=21,
    group=Group.MESSAGES,
    title=N_("Automatic notices leave until"),
    help=N_("By the hospital's clock. It must be later than the hour from which they leave."),
    unit=N_("o'clock"),
    low=1,
    high=24,
)
CARE_PER_DAY: SettingKey[int] = SettingKey(
    name="messages.care_per_day",
    default=2,
    group=Group.MESSAGES,
    title=N_("Automatic notices to one person on a day"),
    help=N_("What is more is refused and told. Urgent notices are not counted."),
    unit=N_("messages"),
    low=0,
    high=50,
)
CARE_PER_WEEK: SettingKey[int] = SettingKey(
    name="messages.care_per_week",
    default=5,
    group=Group.MESSAGES,
    title=N_("Automatic notices to one person in a week"),
    help=N_("From Monday to Sunday. Urgent notices are not counted."),
    unit=N_("messages"),
    low=0,
    high=200,
)
MARKETING_PER_DAY: SettingKey[int] = SettingKey(
    name="messages.marketing_per_day",
    default=1,
    group=Group.MESSAGES,
    title=N_("Promotions to one person on a day"),
    help=N_("Whoever writes them. What is more is refused and told."),
    unit=N_("messages"),
    low=0,
    high=50,
)
MARKETING_PER_WEEK: SettingKey[int] = SettingKey(
    name="messages.marketing_per_week",
    default=2,
    group=Group.MESSAGES,
    title=N_("Promotions to one person in a week"),
    help=N_("From Monday to Sunday, whoever writes them."),
    unit=N_("messages"),
    low=0,
    high=200,
)
OPT_OUT_ANSWER: SettingKey[str] = SettingKey(
    name="messages.opt_out_answer",
    default="已为您退订，今后不再向您发送此类短信。",
    group=Group.MESSAGES,
    title=N_("Answer to a text that unsubscribes"),
    help=N_("Sent once, without the signature, which is put in front. Empty: nothing is sent."),
    high=150,
)
EXTENSION_DIGITS: SettingKey[int] = SettingKey(
    name="messages.extension_digits",
    default=0,
    group=Group.MESSAGES,
    title=N_("Digits put after our number so that a reply finds its message"),
    help=N_("The port extension that the operator allows. 0: none."),
    unit=N_("digits"),
    low=0,
    high=6,
)
UNCERTAIN_CARE_HOURS: SettingKey[int] = SettingKey(
    name="messages.uncertain_care_hours",
    default=2,
    group=Group.MESSAGES,
    title=N_("When nobody knows whether a text left, wait for its receipt"),
    help=N_("Afterwards it waits in the work list for somebody to decide."),
    unit=N_("hours"),
    low=1,
    high=168,
)
RESEND_UNCERTAIN_CARE: SettingKey[bool] = SettingKey(
    name="messages.resend_uncertain_care",
    default=False,
    group=Group.MESSAGES,
    title=N_("Then send it again without asking"),
    help=N_("It may arrive twice. Promotions have a setting of their own."),
)
UNCERTAIN_MARKETING_HOURS: SettingKey[int] = SettingKey(
    name="messages.uncertain_marketing_hours",
    default=24,
    group=Group.MESSAGES,
    title=N_("When nobody knows whether a promotion left, wait for its receipt"),
    help=N_("Afterwards it is given up."),
    unit=N_("hours"),
    low=1,
    high=168,
)
RESEND_UNCERTAIN_MARKETING: SettingKey[bool] = SettingKey(
    name="messages.resend_uncertain_marketing",
    default=False,
    group=Group.MESSAGES,
    title=N_("Then send the promotion again instead"),
    help=N_("It may arrive twice."),
)
