internal import CTorch

/// Operations that were recorded once on a card and run again as one (a CUDA graph): starting hundreds
/// of small kernels one by one would take longer than they do.
///
/// What is recorded reads and writes the same tensors at every replay, and draws anew from its
/// generator, by the seed that this has then. Nothing in it may wait for the card, or depend on values
/// that lie there.
public final class Recording {
  private let handle: CTorchGraph

  /// Whether this build and the device in use can record.
  public static var isPossible: Bool { ctorch_can_record() }

  /// From now on constants that are made twice are made once, so that a recording can read them; to be
  /// said before the operations are run for the last time before they are recorded.
  public static func prepare() {
    if isPossible { ctorch_keep_constants(true) }
  }

  /// Records `body`, of which nothing is computed yet. Throws what it throws, and what the card refuses.
  ///
  /// - Parameter noise: the generator on the card that `body` draws from.
  public init(noise: Generator, _ body: () throws -> Void) throws {
    var handle: CTorchGraph?
    try check(ctorch_record_begin(noise.handle, &handle))
    guard let handle else { throw TorchError("LibTorch gave no recording") }
    self.handle = handle
    do {
      try body()
    } catch {
      // The recording has to end before anything else can run; what was thrown first says more.
      _ = ctorch_record_end(handle)
      throw error
    }
    try check(ctorch_record_end(handle))
  }

  deinit { ctorch_graph_free(handle) }

  /// Runs what was recorded. Returns before the card has done it.
  public func replay() throws { try check(ctorch_replay(handle)) }

  /// Forgets what ``prepare()`` began.
  public static func cancel() { ctorch_keep_constants(false) }
}
