/// The version of Norma, as it stands in every model that it writes.
public enum NormaVersion {
  public static let current = "0.1.0"
}
