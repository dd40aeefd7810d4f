internal import Foundation

/// An address as the system's calls take it.
@safe struct SocketAddress: Sendable {
  let family: Int32
  let text: String
  private let bytes: [UInt8]

  /// Resolves an address, which for a host name may ask the network.
  static func resolve(_ address: Address, forListening: Bool) throws(TransportError) -> [SocketAddress] {
    switch address {
    case .unix(let path): [try unix(path)]
    case .tcp(let host, let port): try tcp(host, port, forListening: forListening)
    }
  }

  /// The same as a value.
  static func resolved(_ address: Address) -> Result<[SocketAddress], TransportError> {
    do throws(TransportError) {
      return .success(try resolve(address, forListening: false))
    } catch { return .failure(error) }
  }

  /// Calls `body` with the system's form.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
    unsafe bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return unsafe body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(buffer.count))
    }
  }

  /// The same with a port in place of port 0, which stands for the system's choice.
  func withPort(_ port: UInt16) -> SocketAddress {
    guard port != 0, family != AF_UNIX, bytes.count > 3 else { return self }
    var bytes = bytes
    // IPv4's and IPv6's addresses have the port at the same place.
    bytes[2] = UInt8(port >> 8)
    bytes[3] = UInt8(port & 0xff)
    return SocketAddress(family: family, text: text, bytes: bytes)
  }

  /// Whether only this machine can reach it.
  var isLocal: Bool {
    switch family {
    case AF_UNIX: true
    case AF_INET: bytes.count > 4 && bytes[4] == 127
    case AF_INET6: bytes.count >= 24 && bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
    default: false
    }
  }

  private static func unix(_ path: String) throws(TransportError) -> SocketAddress {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let utf8 = Array(path.utf8)
    guard utf8.count <= Address.unixPathBytesMax else {
      throw TransportError("the socket path \(path)", "is longer than \(Address.unixPathBytesMax) bytes")
    }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { buffer in unsafe buffer.copyBytes(from: utf8) }
    let bytes = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
    return SocketAddress(family: AF_UNIX, text: "unix:\(path)", bytes: bytes)
  }

  private static func tcp(
    _ host: String, _ port: UInt16, forListening: Bool
  ) throws(TransportError) -> [SocketAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    #if os(Linux)
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      unsafe hints.ai_socktype = SOCK_STREAM
    #endif
    unsafe hints.ai_flags = AI_NUMERICSERV | (forListening ? AI_PASSIVE : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      let reason = unsafe String(cString: gai_strerror(code))
      throw TransportError("the host \(host)", "can't be found: \(reason)")
    }
    defer { unsafe freeaddrinfo(list) }
    var result: [SocketAddress] = []
    var seen: Set<[UInt8]> = []
    var next = unsafe list
    while let info = unsafe next {
      defer { unsafe next = info.pointee.ai_next }
      if let address = unsafe info.pointee.ai_addr {
        let bytes = unsafe Array(UnsafeRawBufferPointer(start: address, count: Int(info.pointee.ai_addrlen)))
        guard seen.insert(bytes).inserted else { continue }
        unsafe result.append(
          SocketAddress(family: info.pointee.ai_family, text: "tcp://\(host):\(port)", bytes: bytes))
      }
    }
    return result
  }
}

/// Why a socket can't be had or used. The system's numbers stop here.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence.
  public let description: String
  /// The system's number; 0 = none.
  let code: Int32

  init(_ subject: String, _ problem: String, code: Int32 = 0) {
    description = subject + " " + problem
    self.code = code
  }

  /// What `errno` says of the last call.
  static func system(_ subject: String, _ verb: String) -> TransportError {
    let code = errno
    let reason = unsafe String(cString: strerror(code))
    return TransportError(subject, "\(verb): \(reason)", code: code)
  }
}
