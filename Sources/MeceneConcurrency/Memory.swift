internal import CMeceneSystem

/// The process's memory.
public enum Memory {
  /// Lets what is large go back to the system as soon as it is free: glibc would keep it once it has seen some. Called once, at
  /// the start.
  public static func keepLean() { mecene_keep_memory_lean() }

  /// Returns what the allocator keeps free to the system. It takes milliseconds, or tens after gigabytes.
  public static func giveBack() { mecene_give_memory_back() }
}
