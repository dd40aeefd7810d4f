internal import Foundation

/// The curves as one picture: throughput to the right, latency upwards, both logarithmic.
struct Picture {
  private static let (width, height) = (760.0, 460.0)
  private static let (left, right, top, bottom) = (70.0, 740.0, 50.0, 400.0)
  private static let colours = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e5ea2", "#b8860b"]

  let curves: [Curve]
  let machine: String

  var svg: String {
    let points = curves.flatMap(\.points)
    let x = Scale(points.map(\.callsPerSecond), from: Self.left, to: Self.right)
    let y = Scale(points.flatMap { [$0.medianMs, $0.p99Ms] }, from: Self.bottom, to: Self.top)
    var out = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
      font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Self.left)" y="24" font-size="15">Latency by throughput: median (line) and 99th percentile (dots)</text>
      <text x="\(Self.left)" y="40" fill="#666">\(Self.escaped(machine)), the load on the same cores; made by make bench</text>

      """
    for tick in x.ticks {
      let at = x.place(tick)
      out += """
        <line x1="\(at)" y1="\(Self.top)" x2="\(at)" y2="\(Self.bottom)" stroke="#ddd"/>
        <text x="\(at)" y="\(Self.bottom + 16)" text-anchor="middle">\(text(tick))</text>

        """
    }
    for tick in y.ticks {
      let at = y.place(tick)
      out += """
        <line x1="\(Self.left)" y1="\(at)" x2="\(Self.right)" y2="\(at)" stroke="#ddd"/>
        <text x="\(Self.left - 6)" y="\(at + 4)" text-anchor="end">\(text(tick)) ms</text>

        """
    }
    out += "<text x=\"\(Self.right)\" y=\"\(Self.bottom + 32)\" text-anchor=\"end\">calls a second</text>\n"
    for (index, curve) in curves.enumerated() { out += drawn(curve, index, x, y) }
    return out + "</svg>\n"
  }

  private func drawn(_ curve: Curve, _ index: Int, _ x: Scale, _ y: Scale) -> String {
    let colour = Self.colours[index % Self.colours.count]
    let points = curve.points.sorted { $0.callsPerSecond < $1.callsPerSecond }
    let line = points.map { "\(x.place($0.callsPerSecond)),\(y.place($0.medianMs))" }.joined(separator: " ")
    var out = "<polyline points=\"\(line)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
    for point in points {
      out += """
        <circle cx="\(x.place(point.callsPerSecond))" cy="\(y.place(point.p99Ms))" r="3.5" fill="\(colour)"/>
        <text x="\(x.place(point.callsPerSecond))" y="\(y.place(point.p99Ms) - 7)" text-anchor="middle" \
        fill="\(colour)" font-size="10">\(point.load)</text>

        """
    }
    let legend = Self.left + 10 + Double(index % 3) * 220
    let row = Self.height - 14 - Double(1 - index / 3) * 16
    return out + "<text x=\"\(legend)\" y=\"\(row)\" fill=\"\(colour)\">\(Self.escaped(curve.name))</text>\n"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
  }

  /// A logarithmic scale over powers of ten.
  private struct Scale {
    private let low: Double
    private let high: Double
    private let from: Double
    private let to: Double

    init(_ values: [Double], from: Double, to: Double) {
      low = floor(log10(values.filter { $0 > 0 }.min() ?? 1))
      high = max(low + 1, ceil(log10(values.max() ?? 10)))
      self.from = from
      self.to = to
    }

    var ticks: [Double] { stride(from: low, through: high, by: 1).map { pow(10, $0) } }

    func place(_ value: Double) -> Double {
      ((from + (to - from) * (log10(max(value, 1e-9)) - low) / (high - low)) * 10).rounded() / 10
    }
  }
}
