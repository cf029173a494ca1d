internal import CTorch

/// Where tensors lie and operations run.
public enum Device: String, Sendable, CaseIterable {
  case cpu
  /// The first NVIDIA card.
  case cuda
}

extension Machine {
  /// The device in use: the processor, until ``use(_:)`` says otherwise.
  public static var device: Device { ctorch_uses_cuda() ? .cuda : .cpu }

  /// Whether LibTorch finds an NVIDIA card that it can use.
  public static var hasCard: Bool { ctorch_has_card() }

  /// From now on tensors lie on `device`, and what the calling thread does with them runs there. To be
  /// said once, before the first tensor: there is no way back from a card.
  ///
  /// - Throws: ``TorchError`` that says what is missing, and what to do.
  public static func use(_ device: Device) throws {
    guard device != Machine.device else { return }
    guard device == .cuda else {
      throw TorchError("a card is in use, and tensors lie on it; start anew for the processor")
    }
    guard ctorch_is_built_with_cuda() else {
      throw TorchError(
        "the device cuda is asked for, but this LibTorch (\(version)) is built without CUDA. 'make "
          + "dist-cuda' makes a norma-train for LibTorch with CUDA; --device cpu trains without a card"
      )
    }
    guard hasCard else {
      throw TorchError(
        "the device cuda is asked for, but LibTorch (\(version)) finds no NVIDIA card on this machine. "
          + "See whether 'nvidia-smi' lists one, and whether its driver is new enough for that LibTorch; "
          + "--device cpu trains without a card")
    }
    try check(ctorch_use_cuda())
  }
}
