"""A client for the Mecene daemon: blocking (`Client`) and for asyncio (`AsyncClient`)."""

from mecene._asyncio import AsyncClient
from mecene._blocking import Client
from mecene._errors import MeceneError, StatusCode
from mecene._reason import Reason
from mecene._rules import DEFAULT_ADDRESS, Options, make_key

__all__ = [
    "AsyncClient", "Client", "DEFAULT_ADDRESS", "MeceneError", "Options", "Reason", "StatusCode", "make_key",
]
__version__ = "0.1.0"
