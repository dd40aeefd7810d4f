internal import CMeceneSystem
internal import Foundation

#if os(Linux)
  /// A socket that takes connections.
  public final class Listener: Sendable {
    /// Where it listens; the port is the one that the system chose when 0 was asked for.
    public let address: Address
    let descriptor: Int32
    private let family: Int32
    private let socketPath: String?
    /// Which file its socket is, by device and number.
    private let socketFile: (dev_t, ino_t)?

    /// What an attempt to take a connection came to.
    public enum Acceptance: Sendable {
      case socket(StreamSocket)
      /// Nobody waits.
      case none
      /// The process, or the system, has no descriptor left.
      case exhausted
    }

    /// Listens on everything that the address means: a host name may stand for several.
    ///
    /// A Unix socket gets the mode 0600; one that nobody answers on any more is replaced.
    ///
    /// - Throws: `TransportError`, also for an address that other machines could reach.
    public static func all(at address: Address) throws(TransportError) -> [Listener] {
      var listeners: [Listener] = []
      var failure = TransportError("\(address)", "leads nowhere")
      for resolved in try localAddresses(address) {
        do throws(TransportError) {
          // The port that the system chose for the first is everybody's.
          let port = listeners.first?.address.port ?? 0
          listeners.append(try Listener(address, resolved.withPort(port)))
        } catch {
          // A machine without IPv6 still has names that stand for both.
          guard error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT else { throw error }
          failure = error
        }
      }
      if listeners.isEmpty { throw failure }
      return listeners
    }

    /// Refuses an address that other machines could reach.
    ///
    /// - Throws: `TransportError`.
    public static func checkIsLocal(_ address: Address) throws(TransportError) {
      _ = try localAddresses(address)
    }

    /// Refuses an address that other machines could reach, a port or a Unix socket that is taken, and a socket in a directory that
    /// is not there.
    ///
    /// - Parameter made: A directory that will be made, and locked against other daemons, before anybody listens.
    /// - Throws: `TransportError`.
    public static func checkCanListen(
      _ address: Address, inDirectoryToBeMade made: String
    ) throws(TransportError) {
      let resolved = try localAddresses(address)
      guard case .unix(let path) = address, let resolved = resolved.first else {
        _ = try all(at: address)
        return
      }
      // Paths, because a URL of a directory ends in a slash when the directory is there.
      let directory = URL(fileURLWithPath: path).deletingLastPathComponent().standardizedFileURL.path
      if directory == URL(fileURLWithPath: made).standardizedFileURL.path { return }
      guard unsafe access(directory, W_OK | X_OK) == 0 else {
        throw TransportError.system("\(address)", "can't be listened on")
      }
      _ = try isStale(path, resolved)
    }

    private static func localAddresses(_ address: Address) throws(TransportError) -> [SocketAddress] {
      let resolved = try SocketAddress.resolve(address, forListening: true)
      guard resolved.allSatisfy(\.isLocal) else {
        throw TransportError(
          "\(address)",
          "can be reached from other machines, and this version has neither tokens nor TLS to keep strangers out; "
            + "listen on tcp://127.0.0.1:PORT, tcp://[::1]:PORT or unix:PATH")
      }
      return resolved
    }

    private init(_ address: Address, _ resolved: SocketAddress) throws(TransportError) {
      family = resolved.family
      if case .unix(let path) = address {
        try Self.removeStale(path, resolved)
        socketPath = path
      } else {
        socketPath = nil
      }
      let descriptor = try StreamSocket.open(family: resolved.family)
      self.descriptor = descriptor
      StreamSocket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
      // An IPv6 socket that took IPv4 too would be in the way of the name's other address.
      if family == AF_INET6 { StreamSocket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
      let mask = umask(0o177)
      let bound = unsafe resolved.withPointer { unsafe bind(descriptor, $0, $1) } ?? -1
      umask(mask)
      socketFile = socketPath.flatMap(Self.file)
      guard bound == 0, listen(descriptor, 4_096) == 0 else {
        // Stored first, because `deinit` closes the descriptor.
        self.address = address
        throw TransportError.system("\(address)", "can't be listened on")
      }
      if case .tcp(let host, 0) = address {
        self.address = .tcp(host: host, port: Self.port(of: descriptor))
      } else {
        self.address = address
      }
    }

    deinit {
      close(descriptor)
      // Another file under its name is somebody else's.
      if let socketPath, isThere { unsafe unlink(socketPath) }
    }

    /// Whether a Unix socket's file is where it was made: without it nobody can connect. True for other addresses.
    public var isThere: Bool {
      guard let socketPath, let socketFile else { return true }
      return Self.file(socketPath).map { $0 == socketFile } ?? false
    }

    private static func file(_ path: String) -> (dev_t, ino_t)? {
      var status = stat()
      return unsafe lstat(path, &status) == 0 ? (status.st_dev, status.st_ino) : nil
    }

    /// The next connection that waits.
    public func accept() -> Acceptance {
      let accepted = mecene_accept(descriptor)
      guard accepted >= 0 else {
        return [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) ? .exhausted : .none
      }
      StreamSocket.tune(accepted, family: family)
      return .socket(StreamSocket(descriptor: accepted))
    }

    private static func removeStale(_ path: String, _ resolved: SocketAddress) throws(TransportError) {
      if try isStale(path, resolved) { unsafe unlink(path) }
    }

    /// Whether there is a socket on which nobody answers any more.
    ///
    /// - Throws: `TransportError` when somebody does, or it is no socket.
    private static func isStale(_ path: String, _ resolved: SocketAddress) throws(TransportError) -> Bool {
      var status = stat()
      guard unsafe lstat(path, &status) == 0 else { return false }
      // Connecting to an ordinary file is refused too, so only its kind tells it from a stale socket.
      guard status.st_mode & S_IFMT == S_IFSOCK else {
        throw TransportError("unix:\(path)", "is not a socket; it is left as it is")
      }
      let probe = try StreamSocket.open(family: AF_UNIX)
      defer { close(probe) }
      let answer = unsafe resolved.withPointer { unsafe connect(probe, $0, $1) } ?? -1
      guard answer != 0, errno == ECONNREFUSED else {
        throw TransportError("unix:\(path)", "is in use by another daemon")
      }
      return true
    }

    private static func port(of descriptor: Int32) -> UInt16 {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe getsockname(descriptor, $0, &length)
        }
      }
      guard code == 0 else { return 0 }
      // The port stands at the same place in IPv4's and IPv6's addresses.
      return unsafe withUnsafeBytes(of: &storage) { unsafe UInt16($0[2]) << 8 | UInt16($0[3]) }
    }
  }
#endif

/// The process's limit of open files, and the signals that a daemon must not die of.
public enum ProcessLimits {
  #if os(Linux)
    private static let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let descriptors = RLIMIT_NOFILE
  #endif

  /// Raises the soft limit of descriptors to the hard one, and returns it.
  public static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(descriptors, &limit) == 0 else { return 1_024 }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(descriptors, &limit)
    return Int(clamping: limit.rlim_cur)
  }

  /// How many descriptors may still be opened, when so many are left for others; at least 1.
  public static func descriptorsLeft(but others: Int) -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(descriptors, &limit) == 0 else { return .max }
    let open = (0..<min(Int(clamping: limit.rlim_cur), 1_024)).count { fcntl(Int32($0), F_GETFD) >= 0 }
    return descriptorsLeft(of: Int(clamping: limit.rlim_cur), open: open, but: others)
  }

  static func descriptorsLeft(of limit: Int, open: Int, but others: Int) -> Int {
    max(1, limit - open - others)
  }

  /// Lets a write to a closed socket fail instead of ending the process.
  public static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  /// Lets a write beyond the limit of files' sizes fail instead of ending the process.
  public static func ignoreFileSizeLimit() { _ = signal(SIGXFSZ, SIG_IGN) }
}
