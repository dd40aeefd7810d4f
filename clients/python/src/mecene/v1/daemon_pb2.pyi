from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConfirmClockRequest(_message.Message):
    __slots__ = ["now_ms"]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    now_ms: int
    def __init__(self, now_ms: _Optional[int] = ...) -> None: ...

class ConfirmClockResponse(_message.Message):
    __slots__ = ["now_ms", "open_period"]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    OPEN_PERIOD_FIELD_NUMBER: _ClassVar[int]
    now_ms: int
    open_period: str
    def __init__(self, now_ms: _Optional[int] = ..., open_period: _Optional[str] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ["accounts", "commits", "connections", "currency", "database_bytes", "expected_clock_ms", "fees_micros", "free_bytes", "last_commit", "limits", "log_bytes", "money_micros", "next_terms", "now_ms", "oldest_unsettled_period", "open_clicks", "open_period", "protocol_version", "settings", "settlements", "simulated_clock", "terms", "things", "transfers", "transfers_behind", "unconfirmed_clock_ms", "uptime_ms", "version", "writes_refused"]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DATABASE_BYTES_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_CLOCK_MS_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    LAST_COMMIT_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LOG_BYTES_FIELD_NUMBER: _ClassVar[int]
    MONEY_MICROS_FIELD_NUMBER: _ClassVar[int]
    NEXT_TERMS_FIELD_NUMBER: _ClassVar[int]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_UNSETTLED_PERIOD_FIELD_NUMBER: _ClassVar[int]
    OPEN_CLICKS_FIELD_NUMBER: _ClassVar[int]
    OPEN_PERIOD_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_CLOCK_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    THINGS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_BEHIND_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    UNCONFIRMED_CLOCK_MS_FIELD_NUMBER: _ClassVar[int]
    UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WRITES_REFUSED_FIELD_NUMBER: _ClassVar[int]
    accounts: int
    commits: int
    connections: int
    currency: str
    database_bytes: int
    expected_clock_ms: int
    fees_micros: int
    free_bytes: int
    last_commit: str
    limits: _containers.RepeatedCompositeFieldContainer[Setting]
    log_bytes: int
    money_micros: int
    next_terms: PeriodTerms
    now_ms: int
    oldest_unsettled_period: str
    open_clicks: int
    open_period: str
    protocol_version: int
    settings: _containers.RepeatedCompositeFieldContainer[Setting]
    settlements: int
    simulated_clock: bool
    terms: PeriodTerms
    things: int
    transfers: int
    transfers_behind: int
    unconfirmed_clock_ms: int
    uptime_ms: int
    version: str
    writes_refused: str
    def __init__(self, version: _Optional[str] = ..., protocol_version: _Optional[int] = ..., uptime_ms: _Optional[int] = ..., now_ms: _Optional[int] = ..., open_period: _Optional[str] = ..., oldest_unsettled_period: _Optional[str] = ..., accounts: _Optional[int] = ..., things: _Optional[int] = ..., open_clicks: _Optional[int] = ..., transfers: _Optional[int] = ..., commits: _Optional[int] = ..., settlements: _Optional[int] = ..., database_bytes: _Optional[int] = ..., log_bytes: _Optional[int] = ..., connections: _Optional[int] = ..., fees_micros: _Optional[int] = ..., money_micros: _Optional[int] = ..., settings: _Optional[_Iterable[_Union[Setting, _Mapping]]] = ..., limits: _Optional[_Iterable[_Union[Setting, _Mapping]]] = ..., transfers_behind: _Optional[int] = ..., last_commit: _Optional[str] = ..., unconfirmed_clock_ms: _Optional[int] = ..., expected_clock_ms: _Optional[int] = ..., terms: _Optional[_Union[PeriodTerms, _Mapping]] = ..., next_terms: _Optional[_Union[PeriodTerms, _Mapping]] = ..., writes_refused: _Optional[str] = ..., free_bytes: _Optional[int] = ..., currency: _Optional[str] = ..., simulated_clock: bool = ...) -> None: ...

class PeriodTerms(_message.Message):
    __slots__ = ["fee_bps", "minimum_budget_micros", "receive_requires_giving"]
    FEE_BPS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_BUDGET_MICROS_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_REQUIRES_GIVING_FIELD_NUMBER: _ClassVar[int]
    fee_bps: int
    minimum_budget_micros: int
    receive_requires_giving: bool
    def __init__(self, fee_bps: _Optional[int] = ..., minimum_budget_micros: _Optional[int] = ..., receive_requires_giving: bool = ...) -> None: ...

class SetClockRequest(_message.Message):
    __slots__ = ["now_ms"]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    now_ms: int
    def __init__(self, now_ms: _Optional[int] = ...) -> None: ...

class SetClockResponse(_message.Message):
    __slots__ = ["now_ms", "open_period"]
    NOW_MS_FIELD_NUMBER: _ClassVar[int]
    OPEN_PERIOD_FIELD_NUMBER: _ClassVar[int]
    now_ms: int
    open_period: str
    def __init__(self, now_ms: _Optional[int] = ..., open_period: _Optional[str] = ...) -> None: ...

class Setting(_message.Message):
    __slots__ = ["name", "value"]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
