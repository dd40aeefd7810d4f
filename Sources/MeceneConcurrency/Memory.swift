internal import CMeceneSystem

/// The process's memory.
public enum Memory {
  /// Returns what the allocator keeps free to the system. It takes milliseconds, or tens after gigabytes.
  public static func giveBack() { mecene_give_memory_back() }
}
