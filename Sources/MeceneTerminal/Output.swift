internal import Foundation

/// What a program writes: results on standard output, everything else on standard error.
package enum Output {
  /// Writes a part of the result.
  ///
  /// - Throws: What Foundation says of the failure: nobody may take a result for whole that is not.
  package static func write(_ text: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }

  /// Writes a remark. One that can't be written is lost: it changes nothing of what the program does.
  package static func note(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// What is wrong with a file that can't be read or written, without Foundation's words around it.
  package static func reason(of error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileNoSuchFile?, .fileReadNoSuchFile?: return "there is no such file or directory"
    case .fileReadNoPermission?, .fileWriteNoPermission?: return "permission denied"
    case .fileWriteOutOfSpace?: return "no space left on the device"
    case .fileWriteFileExists?: return "there is such a file already"
    default: break
    }
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
    guard cause.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return unsafe String(cString: strerror(Int32(cause.code)))
  }
}
