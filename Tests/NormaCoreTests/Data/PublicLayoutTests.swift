import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("Layouts of public data sets")
struct PublicLayoutTests {
  private func labels(_ samples: [Sample]) -> [String] {
    samples.map { "\($0.category) \(FilePath.name($0.path)) \($0.label.defect ?? "normal")" }
  }

  @Test func visaIsReadByItsTable() throws {
    let tree = try TemporaryFolder()
    let pictures = "visa/candle/Data/Images"
    try tree.pictures("\(pictures)/Normal", "0000.JPG", "0001.JPG")
    try tree.pictures("\(pictures)/Anomaly", "000.JPG")
    try tree.pictures("visa/candle/Data/Masks/Anomaly", "000.png")
    try tree.file(
      "visa/split_csv/1cls.csv",
      text: """
        object,split,label,image,mask
        candle,train,normal,candle/Data/Images/Normal/0000.JPG,
        candle,test,normal,candle/Data/Images/Normal/0001.JPG,
        candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png

        """)
    let dataset = try DatasetReader.read(tree["visa"])
    #expect(dataset.layout == "VisA" && dataset.source == tree["visa"])
    #expect(labels(dataset.train) == ["candle 0000.JPG normal"])
    #expect(labels(dataset.test) == ["candle 000.JPG anomaly", "candle 0001.JPG normal"])
    #expect(dataset.test[0].mask == tree["visa/candle/Data/Masks/Anomaly/000.png"])
    #expect(dataset.unusable.isEmpty && dataset.notes.isEmpty, "\(dataset.notes)")
    #expect(KnownDataset.recognized(dataset)?.key == "visa")
  }

  /// As VisA's own script leaves it.
  @Test func masksMayBeCalledAsTheirPictures() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("1cls/candle/train/good", "0000.JPG")
    try tree.pictures("1cls/candle/test/good", "0001.JPG")
    try tree.pictures("1cls/candle/test/bad", "000.JPG", "001.JPG")
    try tree.pictures("1cls/candle/ground_truth/bad", "000.png", "001.png")
    let dataset = try DatasetReader.read(tree["1cls"])
    #expect(dataset.layout == "MVTec AD, plain masks")
    #expect(
      dataset.test.compactMap(\.mask) == [
        tree["1cls/candle/ground_truth/bad/000.png"], tree["1cls/candle/ground_truth/bad/001.png"],
      ])
    #expect(dataset.notes.isEmpty && dataset.unusable.isEmpty)
    #expect(KnownDataset.recognized(dataset)?.key == "visa")
  }

  @Test func ofMVTec3DTheColoursAreRead() throws {
    let tree = try TemporaryFolder()
    for part in ["train/good", "validation/good", "test/good", "test/crack"] {
      try tree.pictures("3d/bagel/\(part)/rgb", "000.png", "001.png")
      try tree.pictures("3d/bagel/\(part)/xyz", "000.tiff", "001.tiff")
      if part.hasPrefix("test") { try tree.pictures("3d/bagel/\(part)/gt", "000.png", "001.png") }
    }
    for path in ["3d", "3d/bagel"] {
      let dataset = try DatasetReader.read(tree[path])
      #expect(dataset.layout == "MVTec 3D-AD (RGB)" && dataset.categories == ["bagel"])
      #expect(
        dataset.train.map(\.path)
          == ["000", "001"].map { tree["3d/bagel/train/good/rgb/\($0).png"] })
      #expect(
        labels(dataset.test) == [
          "bagel 000.png crack", "bagel 001.png crack", "bagel 000.png normal",
          "bagel 001.png normal",
        ])
      #expect(dataset.test.map { $0.mask != nil } == [true, true, false, false])
      #expect(dataset.test[0].mask == tree["3d/bagel/test/crack/gt/000.png"])
      #expect(dataset.notes == ["bagel/validation is not used; train and test are"])
    }
  }

  @Test func ofMVTecLOCOAPictureMayHaveSeveralMasks() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("loco/pushpins/train/good", "000.png")
    try tree.pictures("loco/pushpins/validation/good", "000.png")
    try tree.pictures("loco/pushpins/test/good", "000.png")
    try tree.pictures("loco/pushpins/test/logical_anomalies", "000.png", "001.png")
    try tree.pictures("loco/pushpins/test/structural_anomalies", "000.png")
    let truth = "loco/pushpins/ground_truth"
    try tree.pictures("\(truth)/logical_anomalies/000", "000.png", "001.png", "002.png")
    try tree.pictures("\(truth)/logical_anomalies/001", "000.png")
    try tree.pictures("\(truth)/structural_anomalies/000", "000.png")
    let dataset = try DatasetReader.read(tree["loco"])
    #expect(dataset.layout == "MVTec LOCO AD")
    let logical = dataset.test.filter { $0.label == .anomalous("logical_anomalies") }
    #expect(logical.count == 2)
    #expect(logical[0].mask == tree["\(truth)/logical_anomalies/000/000.png"])
    #expect(
      logical[0].moreMasks == [
        tree["\(truth)/logical_anomalies/000/001.png"],
        tree["\(truth)/logical_anomalies/000/002.png"],
      ])
    #expect(logical[1].mask != nil && logical[1].moreMasks == nil)
    #expect(dataset.unusable.isEmpty)
    #expect(KnownDataset.recognized(dataset)?.key == "mvtec-loco-ad")
  }

  @Test func ofDAGMPicturesWithALabelAreDefective() throws {
    let tree = try TemporaryFolder()
    for number in [1, 2] {
      let folder = "dagm/Class\(number)"
      try tree.pictures("\(folder)/Train", "0001.PNG", "0002.PNG")
      try tree.pictures("\(folder)/Train/Label", "0002_label.PNG")
      try tree.file("\(folder)/Train/Label/Labels.txt", text: "1")
      try tree.pictures("\(folder)/Test", "0003.PNG", "0004.PNG")
      try tree.pictures("\(folder)/Test/Label", "0004_label.PNG")
    }
    let dataset = try DatasetReader.read(tree["dagm"])
    #expect(dataset.layout == "DAGM" && dataset.categories == ["Class1", "Class2"])
    #expect(labels(dataset.train) == ["Class1 0001.PNG normal", "Class2 0001.PNG normal"])
    #expect(
      labels(dataset.test) == [
        "Class1 0003.PNG normal", "Class1 0004.PNG defect", "Class2 0003.PNG normal",
        "Class2 0004.PNG defect",
      ])
    #expect(dataset.test[1].mask == tree["dagm/Class1/Test/Label/0004_label.PNG"])
    #expect(
      dataset.notes.first
        == "Class1/Train: 1 defective picture left out; only normal pictures are trained on")
    #expect(KnownDataset.recognized(dataset)?.key == "dagm-2007")

    let one = try DatasetReader.read(tree["dagm/Class2"])
    #expect(one.layout == "DAGM" && one.categories == ["Class2"])
    #expect(labels(one.train) == ["Class2 0001.PNG normal"] && one.test.count == 2)
  }

  @Test func realIADIsReadByItsLists() throws {
    let tree = try TemporaryFolder()
    let pictures = "iad/realiad_512/zipper"
    try tree.pictures("\(pictures)/OK/S0001", "a.jpg", "b.jpg")
    try tree.pictures("\(pictures)/NG/PS/S0002", "c.jpg", "c_mask.png")
    try tree.picture("iad/realiad_256/zipper/OK/S0001/a.jpg")
    let lists = """
      {"meta": {"normal_class": "OK"},
       "train": [{"category": "zipper", "anomaly_class": "OK", "image_path": "OK/S0001/a.jpg",
                  "mask_path": null}],
       "test": [{"category": "zipper", "anomaly_class": "OK", "image_path": "OK/S0001/b.jpg",
                 "mask_path": null},
                {"category": "zipper", "anomaly_class": "PS", "image_path": "NG/PS/S0002/c.jpg",
                 "mask_path": "NG/PS/S0002/c_mask.png"},
                {"category": "zipper", "anomaly_class": "PS", "image_path": "NG/PS/S0003/d.jpg",
                 "mask_path": null}]}
      """
    try tree.file("iad/realiad_jsons/realiad_jsons/zipper.json", text: lists)
    try tree.file("iad/realiad_jsons/realiad_jsons/usb.json", text: #"{"train": [], "test": []}"#)
    let dataset = try DatasetReader.read(tree["iad"])
    #expect(dataset.layout == "Real-IAD" && dataset.categories == ["usb", "zipper"])
    #expect(labels(dataset.train) == ["zipper a.jpg normal"])
    #expect(dataset.train[0].path == tree["\(pictures)/OK/S0001/a.jpg"])
    #expect(labels(dataset.test) == ["zipper c.jpg PS", "zipper b.jpg normal"])
    #expect(dataset.test[0].mask == tree["\(pictures)/NG/PS/S0002/c_mask.png"])
    #expect(dataset.unusable.map(\.path) == [tree["\(pictures)/NG/PS/S0003/d.jpg"]])
    #expect(dataset.notes == ["usb: the folder realiad_512/usb is missing"])

    try tree.file("iad/realiad_jsons/realiad_jsons/usb.json", text: "[]")
    let problem = #expect(throws: DatasetProblem.self) { try DatasetReader.read(tree["iad"]) }
    #expect(problem?.description.contains("usb.json: not a list of Real-IAD's pictures") == true)
  }

  /// Lists are someone else's: they lead nowhere outside their category.
  @Test func listsLeadNowhereElse() throws {
    let tree = try TemporaryFolder()
    try tree.picture("iad/realiad_1024/usb/OK/a.jpg")
    try tree.picture("secret.png")
    try tree.file(
      "iad/realiad_jsons/usb.json",
      text: """
        {"train": [{"anomaly_class": "OK", "image_path": "OK/a.jpg"},
                   {"anomaly_class": "OK", "image_path": "../../../secret.png"}]}
        """)
    let dataset = try DatasetReader.read(tree["iad"])
    #expect(dataset.train.map(\.path) == [tree["iad/realiad_1024/usb/OK/a.jpg"]])
    #expect(dataset.unusable.map(\.path) == [tree["iad/realiad_1024/usb/secret.png"]])
  }
}

@Suite("BTAD's layout")
struct BTADLayoutTests {
  private static func tree() throws -> TemporaryFolder {
    let tree = try TemporaryFolder()
    try tree.pictures("btad/01/train/ok", "0000.png", "0001.png")
    try tree.pictures("btad/01/test/ok", "0002.png")
    try tree.pictures("btad/01/test/ko", "0000.png", "0003.png")
    try tree.pictures("btad/01/ground_truth/ko", "0000.png")
    try tree.pictures("btad/02/train/ok", "0000.png")
    return tree
  }

  @Test func okIsNormalAndMasksAreCalledAsTheirPictures() throws {
    let tree = try Self.tree()
    let dataset = try DatasetReader.read(tree["btad"])
    #expect(dataset.layout == "BTAD" && dataset.categories == ["01", "02"])
    #expect(dataset.unusable.isEmpty)
    #expect(dataset.train.count == 3 && dataset.train.allSatisfy { $0.label == .normal })
    let test = dataset.test.sorted { $0.path < $1.path }
    #expect(test.map(\.label) == [.anomalous("ko"), .anomalous("ko"), .normal])
    #expect(test[0].mask == tree["btad/01/ground_truth/ko/0000.png"])
    #expect(test[1].mask == nil)
    #expect(
      dataset.notes == [
        "01/ground_truth/ko: 1 of 2 pictures have no mask (0003.png, …); "
          + "pixel metrics leave them out"
      ])
    #expect(try DatasetReader.read(tree["btad/01"]).layout == "BTAD")
  }

  /// A category with both is MVTec AD's, where `ok` is a folder that nobody knows.
  @Test func goodBesidesOkIsMVTec() throws {
    let tree = try Self.tree()
    try tree.pictures("btad/01/train/good", "0000.png")
    let dataset = try DatasetReader.read(tree["btad/01"])
    #expect(dataset.layout == "MVTec AD" && dataset.train.count == 1)
    #expect(dataset.notes.contains { $0.contains("01/train/ok is not used") })
  }
}

@Suite("OCT-2017's layout")
struct OCTLayoutTests {
  @Test func diseasesAreDefectsOfOneCategory() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("OCT2017/train/NORMAL", "NORMAL-1.png", "NORMAL-2.png")
    try tree.pictures("OCT2017/train/CNV", "CNV-1.png")
    try tree.pictures("OCT2017/test/NORMAL", "NORMAL-3.png")
    for disease in ["CNV", "DME", "DRUSEN"] {
      try tree.pictures("OCT2017/test/\(disease)", "\(disease)-2.png")
    }
    try tree.pictures("OCT2017/val/NORMAL", "NORMAL-4.png")
    let dataset = try DatasetReader.read(tree["OCT2017"])
    #expect(dataset.layout == "OCT-2017" && dataset.categories == ["OCT2017"])
    #expect(dataset.train.count == 2 && dataset.train.allSatisfy { $0.label == .normal })
    #expect(
      dataset.test.sorted { $0.path < $1.path }.map(\.label)
        == [.anomalous("CNV"), .anomalous("DME"), .anomalous("DRUSEN"), .normal])
    #expect(dataset.samples.allSatisfy { $0.mask == nil } && dataset.unusable.isEmpty)
    #expect(dataset.notes.contains { $0.contains("train/CNV is not used") })
    #expect(dataset.notes.contains { $0.contains("val is not used") })
    #expect(throws: Never.self) { try dataset.validateForTraining() }
  }
}
