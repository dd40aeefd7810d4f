// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
]

let optimised: [CSetting] = [.unsafeFlags(["-O2"])]

let package = Package(
  name: "mecene-benchmarks",
  dependencies: [
    .package(name: "mecene", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/ordo-one/TextTable", from: "0.0.2"),
  ],
  targets: [
    .systemLibrary(name: "CBareSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CLoad"),
    .executableTarget(name: "bare-echo", cSettings: optimised),
    .executableTarget(name: "bare-log", dependencies: ["CBareSQLite"], cSettings: optimised),
    .executableTarget(name: "bare-settlement", dependencies: ["CBareSQLite"], cSettings: optimised),
    .executableTarget(
      name: "bench",
      dependencies: [
        "CLoad",
        .product(name: "MeceneClient", package: "mecene"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "TextTable", package: "TextTable"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      // An eighth of the load generator's time goes into checks of exclusive access otherwise, on a core that the daemon needs.
      swiftSettings: strict + [
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
      ]),
  ],
  cLanguageStandard: .gnu11
)
