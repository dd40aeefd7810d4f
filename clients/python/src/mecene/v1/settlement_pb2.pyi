from mecene.v1 import account_pb2 as _account_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
RECEIPT_ROLE_OWNER: ReceiptRole
RECEIPT_ROLE_PATRON: ReceiptRole
RECEIPT_ROLE_UNSPECIFIED: ReceiptRole
SETTLEMENT_STATE_CLOSED: SettlementState
SETTLEMENT_STATE_OPEN: SettlementState
SETTLEMENT_STATE_PLANNED: SettlementState
SETTLEMENT_STATE_SETTLED: SettlementState
SETTLEMENT_STATE_UNSPECIFIED: SettlementState

class GetReceiptRequest(_message.Message):
    __slots__ = ["account", "period", "role"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    account: _account_pb2.AccountReference
    period: str
    role: ReceiptRole
    def __init__(self, account: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., period: _Optional[str] = ..., role: _Optional[_Union[ReceiptRole, str]] = ...) -> None: ...

class GetReceiptResponse(_message.Message):
    __slots__ = ["receipt"]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: Receipt
    def __init__(self, receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class GetRevenueRequest(_message.Message):
    __slots__ = ["owner", "page_size", "page_token", "period"]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    owner: _account_pb2.AccountReference
    page_size: int
    page_token: str
    period: str
    def __init__(self, owner: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., period: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetRevenueResponse(_message.Message):
    __slots__ = ["clicks_total", "micros_total", "next_page_token", "period", "settled", "things"]
    CLICKS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    MICROS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    THINGS_FIELD_NUMBER: _ClassVar[int]
    clicks_total: int
    micros_total: int
    next_page_token: str
    period: str
    settled: bool
    things: _containers.RepeatedCompositeFieldContainer[ThingRevenue]
    def __init__(self, things: _Optional[_Iterable[_Union[ThingRevenue, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., period: _Optional[str] = ..., clicks_total: _Optional[int] = ..., micros_total: _Optional[int] = ..., settled: bool = ...) -> None: ...

class GetSettlementRequest(_message.Message):
    __slots__ = ["period"]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    period: str
    def __init__(self, period: _Optional[str] = ...) -> None: ...

class GetSettlementResponse(_message.Message):
    __slots__ = ["settlement"]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    settlement: Settlement
    def __init__(self, settlement: _Optional[_Union[Settlement, _Mapping]] = ...) -> None: ...

class ListSettlementsRequest(_message.Message):
    __slots__ = ["page_size", "page_token"]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSettlementsResponse(_message.Message):
    __slots__ = ["next_page_token", "settlements"]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    next_page_token: str
    settlements: _containers.RepeatedCompositeFieldContainer[Settlement]
    def __init__(self, settlements: _Optional[_Iterable[_Union[Settlement, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class OwnerPart(_message.Message):
    __slots__ = ["clicks", "micros"]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    MICROS_FIELD_NUMBER: _ClassVar[int]
    clicks: int
    micros: int
    def __init__(self, clicks: _Optional[int] = ..., micros: _Optional[int] = ...) -> None: ...

class PatronPart(_message.Message):
    __slots__ = ["clicks", "fee_micros", "pot_micros"]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    POT_MICROS_FIELD_NUMBER: _ClassVar[int]
    clicks: _containers.RepeatedCompositeFieldContainer[ReceiptClick]
    fee_micros: int
    pot_micros: int
    def __init__(self, pot_micros: _Optional[int] = ..., fee_micros: _Optional[int] = ..., clicks: _Optional[_Iterable[_Union[ReceiptClick, _Mapping]]] = ...) -> None: ...

class PreviewSettlementRequest(_message.Message):
    __slots__ = ["period"]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    period: str
    def __init__(self, period: _Optional[str] = ...) -> None: ...

class PreviewSettlementResponse(_message.Message):
    __slots__ = ["final", "settlement"]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    final: bool
    settlement: Settlement
    def __init__(self, settlement: _Optional[_Union[Settlement, _Mapping]] = ..., final: bool = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ["account_id", "blind", "clicks", "digest", "fee_bps", "fees_micros", "leaf_index", "other_root", "owner", "owners", "path", "patron", "period", "pots", "pots_micros", "revenue_micros", "rule_version"]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BLIND_FIELD_NUMBER: _ClassVar[int]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_BPS_FIELD_NUMBER: _ClassVar[int]
    LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    OTHER_ROOT_FIELD_NUMBER: _ClassVar[int]
    OWNERS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PATRON_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    POTS_FIELD_NUMBER: _ClassVar[int]
    POTS_MICROS_FIELD_NUMBER: _ClassVar[int]
    REVENUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    RULE_VERSION_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    blind: str
    clicks: int
    digest: str
    fee_bps: int
    fees_micros: int
    leaf_index: int
    other_root: str
    owner: OwnerPart
    owners: int
    path: _containers.RepeatedScalarFieldContainer[str]
    patron: PatronPart
    period: str
    pots: int
    pots_micros: int
    revenue_micros: int
    rule_version: int
    def __init__(self, rule_version: _Optional[int] = ..., period: _Optional[str] = ..., fee_bps: _Optional[int] = ..., pots: _Optional[int] = ..., clicks: _Optional[int] = ..., owners: _Optional[int] = ..., pots_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., revenue_micros: _Optional[int] = ..., account_id: _Optional[int] = ..., blind: _Optional[str] = ..., patron: _Optional[_Union[PatronPart, _Mapping]] = ..., owner: _Optional[_Union[OwnerPart, _Mapping]] = ..., leaf_index: _Optional[int] = ..., path: _Optional[_Iterable[str]] = ..., other_root: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class ReceiptClick(_message.Message):
    __slots__ = ["owner_id", "share_micros", "thing_id"]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_MICROS_FIELD_NUMBER: _ClassVar[int]
    THING_ID_FIELD_NUMBER: _ClassVar[int]
    owner_id: int
    share_micros: int
    thing_id: int
    def __init__(self, thing_id: _Optional[int] = ..., owner_id: _Optional[int] = ..., share_micros: _Optional[int] = ...) -> None: ...

class SettleRequest(_message.Message):
    __slots__ = ["period"]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    period: str
    def __init__(self, period: _Optional[str] = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ["progress", "settlement"]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_FIELD_NUMBER: _ClassVar[int]
    progress: StageProgress
    settlement: Settlement
    def __init__(self, progress: _Optional[_Union[StageProgress, _Mapping]] = ..., settlement: _Optional[_Union[Settlement, _Mapping]] = ...) -> None: ...

class Settlement(_message.Message):
    __slots__ = ["clicks", "commit", "digest", "fee_bps", "fees_micros", "owners", "period", "pots", "pots_micros", "returned_micros", "revenue_micros", "settled_at_ms", "state"]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_BPS_FIELD_NUMBER: _ClassVar[int]
    OWNERS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    POTS_FIELD_NUMBER: _ClassVar[int]
    POTS_MICROS_FIELD_NUMBER: _ClassVar[int]
    RETURNED_MICROS_FIELD_NUMBER: _ClassVar[int]
    REVENUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    clicks: int
    commit: str
    digest: str
    fee_bps: int
    fees_micros: int
    owners: int
    period: str
    pots: int
    pots_micros: int
    returned_micros: int
    revenue_micros: int
    settled_at_ms: int
    state: SettlementState
    def __init__(self, period: _Optional[str] = ..., state: _Optional[_Union[SettlementState, str]] = ..., fee_bps: _Optional[int] = ..., pots: _Optional[int] = ..., clicks: _Optional[int] = ..., owners: _Optional[int] = ..., pots_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., revenue_micros: _Optional[int] = ..., returned_micros: _Optional[int] = ..., digest: _Optional[str] = ..., settled_at_ms: _Optional[int] = ..., commit: _Optional[str] = ...) -> None: ...

class StageProgress(_message.Message):
    __slots__ = ["done", "stage", "total"]
    DONE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    done: int
    stage: str
    total: int
    def __init__(self, stage: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class ThingRevenue(_message.Message):
    __slots__ = ["clicks", "micros", "thing_id", "title", "url"]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    MICROS_FIELD_NUMBER: _ClassVar[int]
    THING_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    clicks: int
    micros: int
    thing_id: int
    title: str
    url: str
    def __init__(self, thing_id: _Optional[int] = ..., url: _Optional[str] = ..., title: _Optional[str] = ..., clicks: _Optional[int] = ..., micros: _Optional[int] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ["clean", "clicks", "commits", "first_wrong_row", "last_commit", "settlements", "transfers"]
    CLEAN_FIELD_NUMBER: _ClassVar[int]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    FIRST_WRONG_ROW_FIELD_NUMBER: _ClassVar[int]
    LAST_COMMIT_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENTS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    clean: bool
    clicks: int
    commits: int
    first_wrong_row: WrongRow
    last_commit: str
    settlements: int
    transfers: int
    def __init__(self, clean: bool = ..., transfers: _Optional[int] = ..., clicks: _Optional[int] = ..., settlements: _Optional[int] = ..., commits: _Optional[int] = ..., first_wrong_row: _Optional[_Union[WrongRow, _Mapping]] = ..., last_commit: _Optional[str] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ["commit"]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    commit: str
    def __init__(self, commit: _Optional[str] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ["progress", "verdict"]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    progress: StageProgress
    verdict: Verdict
    def __init__(self, progress: _Optional[_Union[StageProgress, _Mapping]] = ..., verdict: _Optional[_Union[Verdict, _Mapping]] = ...) -> None: ...

class WrongRow(_message.Message):
    __slots__ = ["expected", "found", "key", "table"]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    expected: str
    found: str
    key: str
    table: str
    def __init__(self, table: _Optional[str] = ..., key: _Optional[str] = ..., expected: _Optional[str] = ..., found: _Optional[str] = ...) -> None: ...

class SettlementState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class ReceiptRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
