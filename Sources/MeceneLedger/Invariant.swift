/// Stops the process with a sentence when what must hold does not: before the commit, so that nothing wrong is ever written.
///
/// `precondition` loses its words when it is optimised. Nothing that comes from a request or a file reaches this: such input
/// is refused.
@inline(__always)
func invariant(
  _ holds: Bool, _ sentence: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
  if !holds { broken(sentence(), file, line) }
}

/// Stops the process with a sentence.
@inline(never)
func broken(_ sentence: String, _ file: StaticString = #fileID, _ line: UInt = #line) -> Never {
  fatalError("the ledger stops before it is wrong: \(sentence)", file: file, line: line)
}
