// Whoever calls needs the messages of the calls.
@_exported public import MeceneWire
