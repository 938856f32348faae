"""All settings of a process, read once from the environment at start and passed on by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import SettingsError
from app.ice_servers import ICEServer, parse_ice_servers
from app.speech_models import SpeechModel, recognise_model

LOCALES = ("zh_Hans", "zh_Hant", "en")
_LOCALE_ALIASES = {
    "zh_hans": "zh_Hans", "zh-hans": "zh_Hans", "zh_cn": "zh_Hans", "zh-cn": "zh_Hans", "zh": "zh_Hans",
    "zh_hant": "zh_Hant", "zh-hant": "zh_Hant", "zh_tw": "zh_Hant", "zh-tw": "zh_Hant", "zh-hk": "zh_Hant",
    "en": "en", "en_us": "en", "en-us": "en", "en_gb": "en", "en-gb": "en",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AMIAddress:
    """Where Asterisk's manager interface listens, and who we are there."""

    host: str
    port: int
    username: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SMPPAddress:
    """Where the SMSC listens, and the account we bind with."""

    host: str
    port: int
    system_id: str
    password: str
    window: int = 10
    segments_per_second: float = 50.0
    source_addr: str = ""


class MailSecurity(StrEnum):
    """How a link to a mail server is kept private."""

    NONE = "none"  # within the hospital's own network only
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPAddress:
    """The mail server that takes our mail, and `sender`, the address we write from and are answered at."""

    host: str
    port: int
    security: MailSecurity
    username: str
    password: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IMAPAddress:
    """The mailbox that patients' mail lies in, and the folder that is read."""

    host: str
    port: int
    security: MailSecurity
    username: str
    password: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Account:
    """Who we are at the stores whose address begins with s3://. Without `endpoint` it is Amazon's own."""

    endpoint: str
    key: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One frozen value per process. `from_env` is the only place that reads the environment."""

    port: int
    data_dir: Path
    database_url: str
    redis_url: str
    ami: AMIAddress | None
    sip_port: int
    sip_ws_url: str
    ice_servers: tuple[ICEServer, ...] = ()
    hotline: str
    trunk: str
    smpp: SMPPAddress | None
    smtp: SMTPAddress | None
    imap: IMAPAddress | None
    mail_port: int | None
    secret_key: str
    locale: str
    timezone: ZoneInfo
    demo: bool
    area_code: str
    outside_prefix: str
    signature: str
    wrap_up: timedelta
    service_level: timedelta
    recordings_dir: Path
    recordings_url: str
    archive_url: str
    s3: S3Account | None
    recordings_keys: tuple[str, ...]
    transcription_model: SpeechModel | None
    transcriptions_at_once: int
    spool_dir: Path
    cel_file: Path
    asterisk_root: Path
    secure_cookies: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read and check every WARDLINE_ variable.

        Raises SettingsError, whose one-line detail names the variable, on the first wrong value. A secret NAME may
        be given as NAME_FILE, the path of a file that holds it.
        """
        read = _Reader(os.environ if env is None else env)
        data_dir = Path(read.text("WARDLINE_DATA_DIR", "./var")).absolute()
        asterisk_dir = data_dir / "asterisk"
        ami_url = read.secret("WARDLINE_AMI_URL")
        smpp_url = read.secret("WARDLINE_SMPP_URL")
        smtp_url = read.secret("WARDLINE_SMTP_URL")
        imap_url = read.secret("WARDLINE_IMAP_URL")
        s3_url = read.secret("WARDLINE_S3_URL")
        return cls(
            port=read.port("WARDLINE_PORT", 8000),
            data_dir=data_dir,
            database_url=_database_url(read.secret("WARDLINE_DATABASE_URL"), data_dir),
            redis_url=_redis_url(read.secret("WARDLINE_REDIS_URL")),
            ami=parse_ami_url(ami_url) if ami_url else None,
            sip_port=read.port("WARDLINE_SIP_PORT", 15060),
            sip_ws_url=_sip_ws_url(read.text("WARDLINE_SIP_WS_URL", "")),
            ice_servers=parse_ice_servers(read.secret("WARDLINE_ICE_SERVERS")),
            hotline=read.digits("WARDLINE_HOTLINE", "4000"),
            trunk=_trunk(read.text("WARDLINE_TRUNK", "")),
            smpp=parse_smpp_url(smpp_url) if smpp_url else None,
            smtp=parse_smtp_url(smtp_url) if smtp_url else None,
            imap=parse_imap_url(imap_url) if imap_url else None,
            mail_port=read.port("WARDLINE_MAIL_PORT", 25) if read.text("WARDLINE_MAIL_PORT", "off") != "off" else None,
            secret_key=read.secret("WARDLINE_SECRET_KEY"),
            locale=_locale(read.text("WARDLINE_LOCALE", "zh_Hans")),
            timezone=_timezone(read.text("WARDLINE_TIMEZONE", "Asia/Shanghai")),
            demo=read.boolean("WARDLINE_DEMO", default=False),
            area_code=read.digits("WARDLINE_AREA_CODE", "0571"),
            outside_prefix=read.digits("WARDLINE_OUTSIDE_PREFIX", "9"),
            signature=_signature(read.text("WARDLINE_SIGNATURE", "示范医院")),
            wrap_up=timedelta(seconds=read.number("WARDLINE_WRAP_UP_SECONDS", 60, 5, 3600)),
            service_level=timedelta(seconds=read.number("WARDLINE_SERVICE_LEVEL_SECONDS", 20, 1, 600)),
            recordings_dir=Path(read.text("WARDLINE_RECORDINGS_DIR", str(data_dir / "recordings"))).absolute(),
            recordings_url=_store_url("WARDLINE_RECORDINGS_URL", read.text("WARDLINE_RECORDINGS_URL", "")),
            archive_url=_store_url("WARDLINE_ARCHIVE_URL", read.text("WARDLINE_ARCHIVE_URL", "")),
            s3=parse_s3_url(s3_url) if s3_url else None,
            recordings_keys=_recordings_keys(read.secret("WARDLINE_RECORDINGS_KEYS")),
            transcription_model=_speech_model(read.text("WARDLINE_TRANSCRIPTION_MODEL", "")),
            transcriptions_at_once=read.number("WARDLINE_TRANSCRIPTIONS_AT_ONCE", 1, 1, 16),
            spool_dir=Path(read.text("WARDLINE_SPOOL_DIR", str(asterisk_dir / "spool"))).absolute(),
            cel_file=Path(read.text("WARDLINE_CEL_FILE", str(asterisk_dir / "log/cel-custom/wardline.csv"))).absolute(),
            asterisk_root=Path(read.text("WARDLINE_ASTERISK_ROOT", str(asterisk_dir / "root"))).absolute(),
            secure_cookies=read.boolean("WARDLINE_SECURE_COOKIES", default=False),
        )

    def with_changes(self, **changes: object) -> Settings:
        """The same settings with some fields replaced: what the launcher hands to its children."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def is_embedded(self) -> bool:
        """True when bus and job broker live inside the one application process."""
        return not self.redis_url


def parse_ami_url(url: str) -> AMIAddress:
    """`ami://user:secret@host:port` as an address. Raises SettingsError when it is anything else."""
    parts = _split("WARDLINE_AMI_URL", url, "ami", "ami://user:secret@host:port")
    assert parts.hostname is not None
    return AMIAddress(
        host=parts.hostname,
        port=parts.port or 5038,
        username=unquote(parts.username or ""),
        secret=unquote(parts.password or ""),
    )


def parse_smpp_url(url: str) -> SMPPAddress:
    """`smpp://system_id:password@host:port?window=10&rate=50&source_addr=1069…` as an address.

    `rate` is in segments per second. Raises SettingsError when it is anything else.
    """
    form = "smpp://system_id:password@host:port?window=10&rate=50&source_addr=1069"
    parts = _split("WARDLINE_SMPP_URL", url, "smpp", form)
    assert parts.hostname is not None
    query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    unknown = set(query) - {"window", "rate", "source_addr"}
    if unknown:
        raise SettingsError(f"WARDLINE_SMPP_URL: unknown option {sorted(unknown)[0]!r}; expected {form}")
    password = unquote(parts.password or "")
    # smpplib cuts a longer password to 8 characters in silence; the SMSC would answer with a bind error.
    if len(password) > 8:
        raise SettingsError("WARDLINE_SMPP_URL: an SMPP 3.4 password has at most 8 characters")
    try:
        window, rate = int(query.get("window", 10)), float(query.get("rate", 50))
    except ValueError:
        raise SettingsError(f"WARDLINE_SMPP_URL: window and rate are numbers; expected {form}") from None
    if not 1 <= window <= 1000 or not 0 < rate <= 10_000:
        raise SettingsError("WARDLINE_SMPP_URL: window is 1 to 1000, rate above 0 and at most 10000")
    return SMPPAddress(
        host=parts.hostname,
        port=parts.port or 2775,
        system_id=unquote(parts.username or ""),
        password=password,
        window=window,
        segments_per_second=rate,
        source_addr=query.get("source_addr", ""),
    )


def parse_smtp_url(url: str) -> SMTPAddress:
    """`smtps://user:password@host:port?from=care@hospital.example` as an address; `smtp+starttls://` begins in the
    clear and goes on under TLS, `smtp://` stays in the clear. Raises SettingsError when it is anything else.
    """
    form = "smtps://user:password@host:port?from=care@hospital.example, or smtp+starttls:// or smtp://"
    wrong = SettingsError(f"WARDLINE_SMTP_URL: not of the form {form}")
    securities = _mail_securities("smtp", plain=25, starttls=587, tls=465)
    try:
        parts = urlsplit(url)
        port, options = parts.port, parse_qs(parts.query, strict_parsing=True)
    except ValueError:
        raise wrong from None
    sender = options.get("from", [""])[-1]
    is_sender = re.fullmatch(r"[A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9.\-]{1,120}", sender)
    if parts.scheme not in securities or not parts.hostname or port == 0 or set(options) != {"from"} or not is_sender:
        raise wrong
    security, usual_port = securities[parts.scheme]
    return SMTPAddress(
        host=parts.hostname,
        port=port or usual_port,
        security=security,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=sender.lower(),
    )


def parse_imap_url(url: str) -> IMAPAddress:
    """`imaps://user:password@host:port/FOLDER` as an address; `imap+starttls://` begins in the clear and goes on under
    TLS, `imap://` stays in the clear. Without a folder INBOX is read. Raises SettingsError when it is anything else.
    """
    form = "imaps://user:password@host:port/INBOX, or imap+starttls:// or imap://"
    wrong = SettingsError(f"WARDLINE_IMAP_URL: not of the form {form}")
    securities = _mail_securities("imap", plain=143, starttls=143, tls=993)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    folder = unquote(parts.path.strip("/")) or "INBOX"
    # A folder is named in an IMAP command, where a quote or a line break would begin another word.
    is_folder = re.fullmatch(r'[^"\\\x00-\x1f\x7f-\U0010ffff]{1,200}', folder)
    if parts.scheme not in securities or not parts.hostname or not parts.username or port == 0 or not is_folder:
        raise wrong
    security, usual_port = securities[parts.scheme]
    return IMAPAddress(
        host=parts.hostname,
        port=port or usual_port,
        security=security,
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=folder,
    )


def parse_s3_url(url: str) -> S3Account:
    """`https://key:secret@host:port` as an account. Raises SettingsError when it is anything else."""
    form = "https://key:secret@host:port, or http:// within the house"
    wrong = SettingsError(f"WARDLINE_S3_URL: not of the form {form}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.username or not parts.password:
        raise wrong
    host = parts.hostname if port is None else f"{parts.hostname}:{port}"
    return S3Account(endpoint=f"{parts.scheme}://{host}", key=unquote(parts.username), secret=unquote(parts.password))


def _store_url(name: str, url: str) -> str:
    if url and not re.fullmatch(
        r"file:///[^\x00-\x1f\x7f]{1,300}|s3://[a-z0-9][a-z0-9.\-]{1,62}(/[\w.\-/]{0,200})?", url
    ):
        raise SettingsError(f"{name}: expected file:///FOLDER or s3://bucket/folder")
    return url


def _recordings_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if any(len(key) < 16 for key in keys):
        raise SettingsError("WARDLINE_RECORDINGS_KEYS: each key has at least 16 characters, with commas between them")
    return keys


def _speech_model(folder: str) -> SpeechModel | None:
    if not folder:
        return None
    model = recognise_model(Path(folder).absolute())
    if model is None:
        raise SettingsError(
            f"WARDLINE_TRANSCRIPTION_MODEL: {folder} holds no SenseVoice, Paraformer, Whisper or Moonshine model"
        )
    return model


def _mail_securities(scheme: str, *, plain: int, starttls: int, tls: int) -> dict[str, tuple[MailSecurity, int]]:
    return {
        scheme: (MailSecurity.NONE, plain),
        f"{scheme}+starttls": (MailSecurity.STARTTLS, starttls),
        f"{scheme}s": (MailSecurity.TLS, tls),
    }


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str) -> str:
        value = self._env.get(name, "").strip()
        return value or default

    def secret(self, name: str) -> str:
        path = self._env.get(f"{name}_FILE", "").strip()
        if not path:
            return self.text(name, "")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE: cannot be read ({type(error).__name__})") from None

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        raise SettingsError(f"{name}: {value!r} is neither 1 nor 0")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise SettingsError(f"{name}: {value!r} is not a whole number from {low} to {high}")
        return int(value)

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, 1, 65535)

    def digits(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not re.fullmatch(r"[0-9]{1,15}", value):
            raise SettingsError(f"{name}: {value!r} is not made of 1 to 15 digits")
        return value


def _split(name: str, url: str, scheme: str, form: str):  # type: ignore[no-untyped-def]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{name}: not of the form {form}") from None
    if parts.scheme != scheme or not parts.hostname or not parts.username or port == 0:
        raise SettingsError(f"{name}: not of the form {form}")
    return parts


def _database_url(url: str, data_dir: Path) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'wardline.db'}"
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    raise SettingsError("WARDLINE_DATABASE_URL: expected sqlite:///PATH or postgresql+psycopg://user@host/name")


def _redis_url(url: str) -> str:
    try:
        is_known = not url or (urlsplit(url).scheme in ("redis", "rediss", "unix") and urlsplit(url).port != 0)
    except ValueError:
        is_known = False
    if not is_known:
        raise SettingsError("WARDLINE_REDIS_URL: expected redis://host:port/number, or nothing for the embedded shape")
    return url


def _sip_ws_url(url: str) -> str:
    if url and not url.startswith(("ws://", "wss://")):
        raise SettingsError("WARDLINE_SIP_WS_URL: expected ws://host:port/ws or wss://host/ws")
    return url


def _trunk(value: str) -> str:
    if value and not (re.fullmatch(r"[A-Za-z0-9.\-]+:[0-9]{1,5}", value) and 0 < int(value.partition(":")[2]) < 65536):
        raise SettingsError(f"WARDLINE_TRUNK: {value!r} is not of the form host:port")
    return value


def _locale(value: str) -> str:
    locale = _LOCALE_ALIASES.get(value.lower())
    if locale is None:
        raise SettingsError(f"WARDLINE_LOCALE: {value!r} is none of {', '.join(LOCALES)}")
    return locale


def _timezone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"WARDLINE_TIMEZONE: {value!r} is no known time zone") from None


def _signature(value: str) -> str:
    name = value.strip("【】")
    if not 2 <= len(name) <= 20 or "【" in name or "】" in name:
        raise SettingsError("WARDLINE_SIGNATURE: 2 to 20 characters, without 【】")
    return name
