internal import Crypto
package import MeceneLedger

/// Makes the fingerprints by which names and URLs are found, with the ledger's secret: whoever does not hold it can't try out
/// which text a fingerprint is of.
package struct FingerprintKey: Sendable {
  private let secret: [UInt8]

  /// - Parameter secret: The ledger's, 32 bytes.
  package init(secret: [UInt8]) { self.secret = secret }

  /// The first 128 bits of `SHA-256(secret | text)`. The other half of the hash stays hidden, so nobody can go on from it to
  /// the fingerprint of a longer text, against which HMAC would be needed.
  package func fingerprint(of text: String) -> Fingerprint {
    var text = text
    return text.withUTF8 { text in
      unsafe withUnsafeTemporaryAllocation(byteCount: secret.count + text.count, alignment: 8) { bytes in
        unsafe bytes.copyBytes(from: secret)
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[secret.count...]).copyBytes(from: text)
        let digest = unsafe SHA256.hash(data: UnsafeRawBufferPointer(bytes))
        return unsafe digest.withUnsafeBytes { digest in
          unsafe Fingerprint(
            high: UInt64(bigEndian: digest.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
      }
    }
  }
}
