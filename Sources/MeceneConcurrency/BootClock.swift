internal import CMeceneSystem

/// A counter that never jumps.
package enum BootClock {
  /// Milliseconds since the machine started, those of its suspension among them.
  package static var milliseconds: Int64 { mecene_boot_milliseconds() }
}
