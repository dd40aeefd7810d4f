from mecene.v1 import account_pb2 as _account_pb2
from mecene.v1 import reason_pb2 as _reason_pb2
from mecene.v1 import thing_pb2 as _thing_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClickManyRequest(_message.Message):
    __slots__ = ["patron_ids", "period", "thing_ids"]
    PATRON_IDS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    THING_IDS_FIELD_NUMBER: _ClassVar[int]
    patron_ids: _containers.RepeatedScalarFieldContainer[int]
    period: str
    thing_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, patron_ids: _Optional[_Iterable[int]] = ..., thing_ids: _Optional[_Iterable[int]] = ..., period: _Optional[str] = ...) -> None: ...

class ClickManyResponse(_message.Message):
    __slots__ = ["already_clicked", "clicked", "period", "refused", "refused_indexes", "refused_reasons"]
    ALREADY_CLICKED_FIELD_NUMBER: _ClassVar[int]
    CLICKED_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_INDEXES_FIELD_NUMBER: _ClassVar[int]
    REFUSED_REASONS_FIELD_NUMBER: _ClassVar[int]
    already_clicked: int
    clicked: int
    period: str
    refused: int
    refused_indexes: _containers.RepeatedScalarFieldContainer[int]
    refused_reasons: _containers.RepeatedScalarFieldContainer[_reason_pb2.Reason]
    def __init__(self, period: _Optional[str] = ..., clicked: _Optional[int] = ..., already_clicked: _Optional[int] = ..., refused: _Optional[int] = ..., refused_indexes: _Optional[_Iterable[int]] = ..., refused_reasons: _Optional[_Iterable[_Union[_reason_pb2.Reason, str]]] = ...) -> None: ...

class ClickRequest(_message.Message):
    __slots__ = ["patron", "period", "thing"]
    PATRON_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    THING_FIELD_NUMBER: _ClassVar[int]
    patron: _account_pb2.AccountReference
    period: str
    thing: _thing_pb2.ThingReference
    def __init__(self, patron: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., thing: _Optional[_Union[_thing_pb2.ThingReference, _Mapping]] = ..., period: _Optional[str] = ...) -> None: ...

class ClickResponse(_message.Message):
    __slots__ = ["already_clicked", "clicks", "period", "pot_micros", "share_micros"]
    ALREADY_CLICKED_FIELD_NUMBER: _ClassVar[int]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    POT_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHARE_MICROS_FIELD_NUMBER: _ClassVar[int]
    already_clicked: bool
    clicks: int
    period: str
    pot_micros: int
    share_micros: int
    def __init__(self, period: _Optional[str] = ..., already_clicked: bool = ..., clicks: _Optional[int] = ..., share_micros: _Optional[int] = ..., pot_micros: _Optional[int] = ...) -> None: ...

class ListClicksRequest(_message.Message):
    __slots__ = ["page_size", "page_token", "patron", "period"]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PATRON_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    patron: _account_pb2.AccountReference
    period: str
    def __init__(self, patron: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., period: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListClicksResponse(_message.Message):
    __slots__ = ["clicks", "clicks_total", "fee_micros", "next_page_token", "period", "pot_micros", "settled"]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    CLICKS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    POT_MICROS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    clicks: _containers.RepeatedCompositeFieldContainer[PatronClick]
    clicks_total: int
    fee_micros: int
    next_page_token: str
    period: str
    pot_micros: int
    settled: bool
    def __init__(self, clicks: _Optional[_Iterable[_Union[PatronClick, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., period: _Optional[str] = ..., clicks_total: _Optional[int] = ..., pot_micros: _Optional[int] = ..., fee_micros: _Optional[int] = ..., settled: bool = ...) -> None: ...

class PatronClick(_message.Message):
    __slots__ = ["owner_name", "share_micros", "thing_id", "title", "url"]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    SHARE_MICROS_FIELD_NUMBER: _ClassVar[int]
    THING_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    owner_name: str
    share_micros: int
    thing_id: int
    title: str
    url: str
    def __init__(self, thing_id: _Optional[int] = ..., url: _Optional[str] = ..., title: _Optional[str] = ..., owner_name: _Optional[str] = ..., share_micros: _Optional[int] = ...) -> None: ...

class UndoClickRequest(_message.Message):
    __slots__ = ["patron", "period", "thing"]
    PATRON_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    THING_FIELD_NUMBER: _ClassVar[int]
    patron: _account_pb2.AccountReference
    period: str
    thing: _thing_pb2.ThingReference
    def __init__(self, patron: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., thing: _Optional[_Union[_thing_pb2.ThingReference, _Mapping]] = ..., period: _Optional[str] = ...) -> None: ...

class UndoClickResponse(_message.Message):
    __slots__ = ["clicks", "period", "pot_micros", "share_micros", "was_clicked"]
    CLICKS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    POT_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHARE_MICROS_FIELD_NUMBER: _ClassVar[int]
    WAS_CLICKED_FIELD_NUMBER: _ClassVar[int]
    clicks: int
    period: str
    pot_micros: int
    share_micros: int
    was_clicked: bool
    def __init__(self, period: _Optional[str] = ..., was_clicked: bool = ..., clicks: _Optional[int] = ..., share_micros: _Optional[int] = ..., pot_micros: _Optional[int] = ...) -> None: ...
