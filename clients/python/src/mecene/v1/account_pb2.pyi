from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
TRANSFER_KIND_DEPOSIT: TransferKind
TRANSFER_KIND_FEE: TransferKind
TRANSFER_KIND_GIVE: TransferKind
TRANSFER_KIND_POT_OPEN: TransferKind
TRANSFER_KIND_POT_RETURN: TransferKind
TRANSFER_KIND_POT_TOPUP: TransferKind
TRANSFER_KIND_REVENUE: TransferKind
TRANSFER_KIND_UNSPECIFIED: TransferKind
TRANSFER_KIND_WITHDRAW: TransferKind

class Account(_message.Message):
    __slots__ = ["active", "available_micros", "budget_micros", "closed", "display_name", "id", "name", "opened_at_ms", "pot_micros", "pots_micros"]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_MICROS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    POTS_MICROS_FIELD_NUMBER: _ClassVar[int]
    POT_MICROS_FIELD_NUMBER: _ClassVar[int]
    active: bool
    available_micros: int
    budget_micros: int
    closed: bool
    display_name: str
    id: int
    name: str
    opened_at_ms: int
    pot_micros: int
    pots_micros: int
    def __init__(self, id: _Optional[int] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., budget_micros: _Optional[int] = ..., available_micros: _Optional[int] = ..., pot_micros: _Optional[int] = ..., pots_micros: _Optional[int] = ..., active: bool = ..., closed: bool = ..., opened_at_ms: _Optional[int] = ...) -> None: ...

class AccountReference(_message.Message):
    __slots__ = ["id", "name"]
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    id: int
    name: str
    def __init__(self, id: _Optional[int] = ..., name: _Optional[str] = ...) -> None: ...

class CloseAccountRequest(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ...) -> None: ...

class CloseAccountResponse(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class DepositRequest(_message.Message):
    __slots__ = ["account", "amount_micros", "key"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    amount_micros: int
    key: str
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ..., amount_micros: _Optional[int] = ..., key: _Optional[str] = ...) -> None: ...

class DepositResponse(_message.Message):
    __slots__ = ["replayed", "transfer"]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    replayed: bool
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class GetAccountRequest(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ...) -> None: ...

class GetAccountResponse(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class GetStatementRequest(_message.Message):
    __slots__ = ["account", "page_size", "page_token", "period"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    page_size: int
    page_token: str
    period: str
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ..., period: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetStatementResponse(_message.Message):
    __slots__ = ["account", "closing_available_micros", "closing_pots_micros", "next_page_token", "opening_available_micros", "opening_pots_micros", "transfers"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CLOSING_POTS_MICROS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OPENING_AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPENING_POTS_MICROS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    account: Account
    closing_available_micros: int
    closing_pots_micros: int
    next_page_token: str
    opening_available_micros: int
    opening_pots_micros: int
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ..., opening_available_micros: _Optional[int] = ..., opening_pots_micros: _Optional[int] = ..., transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., closing_available_micros: _Optional[int] = ..., closing_pots_micros: _Optional[int] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class JournalEntry(_message.Message):
    __slots__ = ["account_id", "account_name", "from_account", "to_account", "transfer"]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_NAME_FIELD_NUMBER: _ClassVar[int]
    FROM_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TO_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    account_id: int
    account_name: str
    from_account: str
    to_account: str
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ..., account_id: _Optional[int] = ..., account_name: _Optional[str] = ..., from_account: _Optional[str] = ..., to_account: _Optional[str] = ...) -> None: ...

class ListAccountsRequest(_message.Message):
    __slots__ = ["page_size", "page_token"]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAccountsResponse(_message.Message):
    __slots__ = ["accounts", "next_page_token"]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    next_page_token: str
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ["page_size", "page_token", "period"]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    period: str
    def __init__(self, period: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ["entries", "next_page_token"]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[JournalEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[JournalEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class OpenAccountRequest(_message.Message):
    __slots__ = ["budget_micros", "display_name", "name"]
    BUDGET_MICROS_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    budget_micros: int
    display_name: str
    name: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., budget_micros: _Optional[int] = ...) -> None: ...

class OpenAccountResponse(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class SetBudgetRequest(_message.Message):
    __slots__ = ["account", "budget_micros"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_MICROS_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    budget_micros: int
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ..., budget_micros: _Optional[int] = ...) -> None: ...

class SetBudgetResponse(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ["amount_micros", "available_after_micros", "committed_at_ms", "description", "for_period", "id", "key", "kind", "period", "pots_after_micros"]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AFTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FOR_PERIOD_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    POTS_AFTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    amount_micros: int
    available_after_micros: int
    committed_at_ms: int
    description: str
    for_period: str
    id: int
    key: str
    kind: TransferKind
    period: str
    pots_after_micros: int
    def __init__(self, id: _Optional[int] = ..., kind: _Optional[_Union[TransferKind, str]] = ..., amount_micros: _Optional[int] = ..., committed_at_ms: _Optional[int] = ..., period: _Optional[str] = ..., for_period: _Optional[str] = ..., available_after_micros: _Optional[int] = ..., pots_after_micros: _Optional[int] = ..., description: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class UpdateAccountRequest(_message.Message):
    __slots__ = ["account", "display_name"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    display_name: str
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ..., display_name: _Optional[str] = ...) -> None: ...

class UpdateAccountResponse(_message.Message):
    __slots__ = ["account"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class WithdrawRequest(_message.Message):
    __slots__ = ["account", "amount_micros", "fees", "key"]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    account: AccountReference
    amount_micros: int
    fees: bool
    key: str
    def __init__(self, account: _Optional[_Union[AccountReference, _Mapping]] = ..., fees: bool = ..., amount_micros: _Optional[int] = ..., key: _Optional[str] = ...) -> None: ...

class WithdrawResponse(_message.Message):
    __slots__ = ["replayed", "transfer"]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    replayed: bool
    transfer: Transfer
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class TransferKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
