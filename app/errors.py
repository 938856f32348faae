"""Every error that crosses a room's border. The code is part of the public API and never changes.

HTTP status is chosen in app/web/errors.py and nowhere else.
"""


class WardlineError(Exception):
    """Base of all errors a caller may show to a person: `detail` says what happened and what to do."""

    code = "error"

    def __init__(self, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class InvalidInput(WardlineError):
    """The caller sent something that cannot be accepted; `fields["field"]` names the place when there is one."""

    code = "invalid_input"


class NotFound(WardlineError):
    """No such record, or none that the caller may see: the two are never told apart."""

    code = "not_found"


class Unauthenticated(WardlineError):
    """Nobody is signed in, or the name and password do not match. The detail never says which of the two was wrong."""

    code = "unauthenticated"


class NotAllowed(WardlineError):
    """The caller is known and the role does not permit this."""

    code = "not_allowed"


class Conflict(WardlineError):
    """The record is not in a state that permits this, or somebody else was first."""

    code = "conflict"


class Refused(WardlineError):
    """The contact policy forbids it; `fields["reason"]` is the policy's stable reason word."""

    code = "refused"


class Unavailable(WardlineError):
    """A part that is needed (telephone link, SMSC, database) is not there now. Trying later may work."""

    code = "unavailable"


class SettingsError(WardlineError):
    """An environment variable has a wrong value; the detail names the variable in one line."""

    code = "settings"
