import NormaCore
import NormaReport

extension ReportContent.LossHistory { init(_ l: LossHistory) { fatalError() } }
