import Foundation

/// How folders of pictures that lie side by side are read, where their names allow two readings.
public enum FolderReading: String, Sendable, Hashable, CaseIterable {
  /// Each folder is a category of normal pictures, whatever it is called.
  case categories
  /// The folders are one category: the one that is named as good holds normal pictures, those named as masks
  /// mark defects, and all others hold pictures of defects, which are tested with.
  case defects
}

/// What a folder's name says of the pictures in it, in the words that people sort pictures by.
///
/// Without it `OK` beside `NG` would be two categories of normal pictures, and a network that was shown
/// defects as normal finds none of them.
enum FolderMeaning: Sendable, Hashable {
  case normal, defect, mask

  /// Nil for a name that says nothing of it, as a product's.
  ///
  /// The name is taken apart at whatever is no letter and where capitals begin, `NG_02` and `badParts` alike;
  /// accents and capitals count for nothing. A denial beside a word turns it round: `defect-free`, `not_ok`.
  init?(_ name: String) {
    let words = Self.words(name)
    let joined = words.filter { $0.first?.isNumber == false }.joined()
    if Self.masks.contains(joined) || words.contains(where: Self.masks.contains) {
      self = .mask
      return
    }
    if let whole = Self.plain(joined) {
      self = whole
      return
    }
    let found = words.indices.compactMap { Self.meaning(of: $0, in: words) }
    // Of a name that says both, somebody has to say what it means.
    guard let first = found.contains(.defect) ? .defect : found.first else { return nil }
    self = first
  }

  private static func plain(_ word: String) -> FolderMeaning? {
    if defects.contains(word) { return .defect }
    return goods.contains(word) ? .normal : nil
  }

  private static func meaning(of place: Int, in words: [String]) -> FolderMeaning? {
    guard let plain = plain(words[place]) else { return nil }
    let isDenied =
      place > 0 && denials.contains(words[place - 1])
      || place + 1 < words.count && ["free", "frei"].contains(words[place + 1])
    return isDenied ? (plain == .defect ? .normal : .defect) : plain
  }

  /// The words and numbers of a name, in small letters without accents.
  private static func words(_ name: String) -> [String] {
    var words: [String] = []
    var last: Character?
    for letter in name {
      let continues =
        last.map {
          $0.isLetter && letter.isLetter && !($0.isLowercase && letter.isUppercase)
            || $0.isNumber && letter.isNumber
        } ?? false
      if continues {
        words[words.count - 1].append(letter)
      } else if letter.isLetter || letter.isNumber {
        words.append(String(letter))
      }
      last = letter
    }
    return words.map(folded)
  }

  private static func folded(_ word: String) -> String {
    word.folding(
      options: [.diacriticInsensitive, .caseInsensitive, .widthInsensitive], locale: nil)
  }

  private static func set(_ lists: String...) -> Set<String> {
    Set(lists.flatMap { $0.split(separator: " ") }.map { folded(String($0)) })
  }

  private static let denials = set(
    "no non not without ohne nicht kein keine keinen sans pas sin senza sem nao bez geen zonder без не"
  )

  private static let goods = set(
    "good goods goodparts ok okay okparts normal normals nominal pass passed healthy flawless faultless "
      + "defectfree conforming",
    "gut gute guten gutteil gutteile io inordnung fehlerfrei fehlerfreie einwandfrei normale",
    "bon bons bonne bonnes conforme conformes normaux bueno buenos buena buenas correcto correctos normales",
    "buono buoni buona buone normali bom bons boa boas normais goed goede dobry dobre dobra saglam",
    "норма хорошие годные 良品 正常 正常品 合格 合格品 正品 양품 정상")

  private static let defects = set(
    "ng nok ko nio bad bads badparts defect defects defective defectives defected faulty fault faults flaw "
      + "flaws flawed anomaly anomalies anomalous abnormal abnormals abnormality abnormalities damage "
      + "damages damaged broken reject rejects rejected fail fails failed failure failures scrap outlier "
      + "outliers nonconforming unhealthy scratch scratches scratched crack cracks cracked dent dents "
      + "dented stain stains contamination contaminated",
    "defekt defekte defekter defektes fehler fehlerhaft fehlerhafte fehlteil fehlteile schlecht schlechte "
      + "schlechtteil schlechtteile schaden schäden schaeden beschädigt beschädigte beschaedigt kaputt "
      + "ausschuss ausschuß anomalie anomalien mangel mängel maengel mangelhaft mangelhafte kratzer riss "
      + "risse verschmutzung abnormal anormal",
    "défaut défauts défectueux défectueuse défectueuses mauvais mauvaise mauvaises rebut rebuts anormaux "
      + "anormale anormales rayure rayures fissure fissures abîmé cassé",
    "defecto defectos defectuoso defectuosos defectuosa defectuosas malo malos mala malas anomalía "
      + "anomalías rechazado rechazados roto rotos daño daños rayado",
    "difetto difetti difettoso difettosi difettosa difettose scarto scarti anomalo anomali anomala "
      + "cattivo cattivi rotto rotti graffio graffi",
    "defeito defeitos defeituoso defeituosos ruim ruins anormal anormais rejeitado fout fouten slecht "
      + "slechte afkeur defecte",
    "wada wady wadliwe wadliwy uszkodzone uszkodzony złe zły vada vady vadné vadný zmetek zmetky hatalı "
      + "hata kusur kusurlu bozuk",
    "брак дефект дефекты дефектные аномалия аномалии плохие 不良 不良品 缺陷 缺陷品 异常 異常 瑕疵 次品 不合格 "
      + "不合格品 欠陥 欠陥品 キズ 傷 불량 불량품 결함 이상")

  private static let masks = set(
    "mask masks gt gts groundtruth groundtruths label labels annotation annotations annotated "
      + "segmentation segmentations",
    "maske masken masque masques máscara máscaras maschera maschere masker maskers maska maski",
    "маска маски разметка 掩码 掩膜 标注 标签 マスク ラベル 마스크 라벨")
}
