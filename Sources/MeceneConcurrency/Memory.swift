internal import CMeceneSystem

/// The process's memory.
public enum Memory {
  /// Lets what is large go back to the system as soon as it is free: glibc would keep it once it has seen some. Called once, at
  /// the start.
  public static func keepLean() { mecene_keep_memory_lean() }

  /// Ends the process with a sentence and status 1 when a file that it maps was cut, or its disk fails: what was to be read is not there.
  public static func endOnBusError(_ sentence: String) { unsafe mecene_end_on_bus_error(sentence) }

  /// Returns what the allocator keeps free to the system. It takes milliseconds, or tens after gigabytes.
  public static func giveBack() { mecene_give_memory_back() }
}
