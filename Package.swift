// swift-tools-version: 6.2
import PackageDescription

let common: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let strict = common + [.strictMemorySafety()]

let package = Package(
  name: "mecene",
  products: [
    .library(name: "MeceneClient", targets: ["MeceneClient", "MeceneWire"]),
    .executable(name: "mecened", targets: ["mecened"]),
    .executable(name: "mecene", targets: ["mecene"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(
      name: "CProtobufC", path: "Sources/CProtobufC", pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CMeceneSystem"),
    .target(name: "CMeceneVFS", dependencies: ["CSQLite"]),
    .target(name: "CMeceneProto", dependencies: ["CProtobufC"]),

    .target(name: "MeceneLedger", swiftSettings: strict),
    .target(name: "MeceneWire", dependencies: ["CMeceneProto", "CProtobufC"], swiftSettings: strict),
    .target(name: "MeceneConcurrency", dependencies: ["CMeceneSystem"], swiftSettings: strict),
    .target(
      name: "MeceneTerminal", dependencies: ["MeceneConcurrency", "CMeceneSystem"], swiftSettings: strict),
    .target(name: "MeceneGzip", dependencies: ["CZlib"], swiftSettings: strict),
    .target(name: "MeceneTransport", dependencies: ["CMeceneSystem"], swiftSettings: strict),
    .target(
      name: "MeceneStore",
      dependencies: [
        "MeceneLedger", "MeceneProof", "MeceneConcurrency", "CSQLite", "CMeceneSystem", "CMeceneVFS",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .target(
      name: "MeceneProof",
      dependencies: [
        "MeceneLedger", "MeceneConcurrency", .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "MeceneEngine",
      dependencies: [
        "MeceneLedger", "MeceneProof", "MeceneStore", "MeceneConcurrency",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "MeceneServer",
      dependencies: [
        "MeceneLedger", "MeceneProof", "MeceneWire", "MeceneTransport", "MeceneEngine", "MeceneConcurrency",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "mecened",
      dependencies: [
        "MeceneServer", "MeceneEngine", "MeceneLedger", "MeceneTransport", "MeceneTerminal", "MeceneWire",
        "MeceneConcurrency",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "MeceneClient", dependencies: ["MeceneWire", "MeceneTransport", "MeceneConcurrency"],
      path: "clients/MeceneClient", swiftSettings: strict),
    .executableTarget(
      name: "mecene",
      dependencies: [
        "MeceneClient", "MeceneWire", "MeceneLedger", "MeceneProof", "MeceneTerminal", "MeceneGzip",
        "MeceneConcurrency",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SwiftCSV", package: "SwiftCSV"),
      ],
      path: "clients/mecene", swiftSettings: strict),

    .target(name: "CMeceneFaults", dependencies: ["CSQLite"], path: "Tests/CMeceneFaults"),
    .target(
      name: "TestSupport",
      dependencies: [
        "CMeceneFaults",
        "MeceneServer", "MeceneEngine", "MeceneStore", "MeceneLedger", "MeceneProof", "MeceneTransport",
        "MeceneClient", "MeceneWire", "MeceneConcurrency",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TestSupport", swiftSettings: common),
    .executableTarget(
      name: "instruction-counts",
      dependencies: [
        "MeceneLedger", "MeceneWire", "MeceneEngine", "MeceneProof", "MeceneConcurrency", "MeceneServer",
        "MeceneTransport", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/InstructionCounts", exclude: ["baseline.txt"], swiftSettings: common),
    .testTarget(
      name: "MeceneConcurrencyTests", dependencies: ["MeceneConcurrency", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "MeceneLedgerTests", dependencies: ["MeceneLedger", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "MeceneWireTests", dependencies: ["MeceneWire", "MeceneLedger", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "MeceneProofTests",
      dependencies: ["MeceneProof", "MeceneLedger", "MeceneConcurrency", "TestSupport"],
      swiftSettings: common),
    .testTarget(name: "MeceneTerminalTests", dependencies: ["MeceneTerminal"], swiftSettings: common),
    .testTarget(
      name: "MeceneTransportTests", dependencies: ["MeceneTransport", "TestSupport"], swiftSettings: common),
    .testTarget(name: "MeceneGzipTests", dependencies: ["MeceneGzip", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "MeceneStoreTests",
      dependencies: [
        "MeceneStore", "MeceneLedger", "MeceneProof", "MeceneConcurrency", "TestSupport", "CMeceneFaults",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: common),
    .testTarget(
      name: "MeceneEngineTests",
      dependencies: [
        "MeceneEngine", "MeceneStore", "MeceneLedger", "MeceneProof", "MeceneConcurrency", "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common),
    .testTarget(
      name: "EngineContract",
      dependencies: [
        "MeceneEngine", "MeceneStore", "MeceneLedger", "MeceneProof", "MeceneConcurrency", "TestSupport",
      ],
      path: "Tests/EngineContract", swiftSettings: common),
    .testTarget(
      name: "MeceneServerTests",
      dependencies: [
        "MeceneServer", "MeceneClient", "MeceneWire", "MeceneEngine", "MeceneLedger", "MeceneProof",
        "MeceneTransport", "MeceneConcurrency", "TestSupport",
      ], swiftSettings: common),
    .testTarget(
      name: "MeceneClientTests",
      dependencies: ["MeceneServer", "MeceneClient", "MeceneWire", "MeceneTransport", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "MeceneClient", "MeceneWire", "MeceneTransport", "MeceneLedger", "MeceneProof", "MeceneConcurrency",
        "MeceneTerminal", "TestSupport", "mecened", "mecene",
      ],
      swiftSettings: common),
  ],
  cLanguageStandard: .gnu11
)
