from mecene.v1 import account_pb2 as _account_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AddThingRequest(_message.Message):
    __slots__ = ["description", "hidden", "owner", "title", "url"]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    description: str
    hidden: bool
    owner: _account_pb2.AccountReference
    title: str
    url: str
    def __init__(self, owner: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., url: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., hidden: bool = ...) -> None: ...

class AddThingResponse(_message.Message):
    __slots__ = ["already_added", "thing"]
    ALREADY_ADDED_FIELD_NUMBER: _ClassVar[int]
    THING_FIELD_NUMBER: _ClassVar[int]
    already_added: bool
    thing: Thing
    def __init__(self, thing: _Optional[_Union[Thing, _Mapping]] = ..., already_added: bool = ...) -> None: ...

class GetThingRequest(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: ThingReference
    def __init__(self, thing: _Optional[_Union[ThingReference, _Mapping]] = ...) -> None: ...

class GetThingResponse(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: Thing
    def __init__(self, thing: _Optional[_Union[Thing, _Mapping]] = ...) -> None: ...

class ListThingsRequest(_message.Message):
    __slots__ = ["owner", "page_size", "page_token"]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    owner: _account_pb2.AccountReference
    page_size: int
    page_token: str
    def __init__(self, owner: _Optional[_Union[_account_pb2.AccountReference, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListThingsResponse(_message.Message):
    __slots__ = ["next_page_token", "things"]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    THINGS_FIELD_NUMBER: _ClassVar[int]
    next_page_token: str
    things: _containers.RepeatedCompositeFieldContainer[Thing]
    def __init__(self, things: _Optional[_Iterable[_Union[Thing, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RetireThingRequest(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: ThingReference
    def __init__(self, thing: _Optional[_Union[ThingReference, _Mapping]] = ...) -> None: ...

class RetireThingResponse(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: Thing
    def __init__(self, thing: _Optional[_Union[Thing, _Mapping]] = ...) -> None: ...

class ReviveThingRequest(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: ThingReference
    def __init__(self, thing: _Optional[_Union[ThingReference, _Mapping]] = ...) -> None: ...

class ReviveThingResponse(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: Thing
    def __init__(self, thing: _Optional[_Union[Thing, _Mapping]] = ...) -> None: ...

class Thing(_message.Message):
    __slots__ = ["added_at_ms", "description", "hidden", "id", "owner_id", "owner_name", "retired", "title", "url"]
    ADDED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_NAME_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    added_at_ms: int
    description: str
    hidden: bool
    id: int
    owner_id: int
    owner_name: str
    retired: bool
    title: str
    url: str
    def __init__(self, id: _Optional[int] = ..., owner_id: _Optional[int] = ..., owner_name: _Optional[str] = ..., url: _Optional[str] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., hidden: bool = ..., retired: bool = ..., added_at_ms: _Optional[int] = ...) -> None: ...

class ThingReference(_message.Message):
    __slots__ = ["id", "url"]
    ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    id: int
    url: str
    def __init__(self, id: _Optional[int] = ..., url: _Optional[str] = ...) -> None: ...

class UpdateThingRequest(_message.Message):
    __slots__ = ["description", "hidden", "thing", "title"]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    THING_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    description: str
    hidden: bool
    thing: ThingReference
    title: str
    def __init__(self, thing: _Optional[_Union[ThingReference, _Mapping]] = ..., title: _Optional[str] = ..., description: _Optional[str] = ..., hidden: bool = ...) -> None: ...

class UpdateThingResponse(_message.Message):
    __slots__ = ["thing"]
    THING_FIELD_NUMBER: _ClassVar[int]
    thing: Thing
    def __init__(self, thing: _Optional[_Union[Thing, _Mapping]] = ...) -> None: ...
