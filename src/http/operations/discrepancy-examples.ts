// Examples of discrepancy reports, for the API document. A test holds each to its schema.

/** A report as it comes (NENA-STA-010.3 §3.7). */
export const reportDocumentExample = {
  resolutionUri: 'https://psap.example/DiscrepancyReports/v1/Resolutions',
  reportType: 'LostDiscrepancyReport',
  discrepancyReportSubmitTimeStamp: '2026-03-01T10:00:00-05:00',
  discrepancyReportId: '4711',
  reportingAgencyName: 'psap.example',
  reportingContactJcard: '["vcard",[["version",{},"text","4.0"],["fn",{},"text","PSAP"]]]',
  problemSeverity: 'Severe',
  query: 'findService',
  request: '<findService xmlns="urn:ietf:params:xml:ns:lost1"/>',
  response: '<findServiceResponse xmlns="urn:ietf:params:xml:ns:lost1"/>',
  problem: 'RouteIncorrect',
};

/** What a report is answered with at once. */
export const reportResponseExample = {
  respondingAgencyName: 'esrp.example',
  respondingContactJcard: '["vcard",[["version",{},"text","4.0"],["fn",{},"text","esrp.example"]]]',
  responseEstimatedReturnTime: '2026-03-08T15:00:00.000Z',
};

/** What became of a report. */
export const resolutionDocumentExample = {
  respondingAgencyName: 'esrp.example',
  respondingContactJcard: '["vcard",[["version",{},"text","4.0"],["fn",{},"text","esrp.example"]]]',
  discrepancyReportId: '4711',
  reportingAgencyName: 'psap.example',
  problemService: 'LostDiscrepancyReport',
  responseTime: '2026-03-02T09:00:00.000Z',
  resolution: 'DataCorrected',
};

/** A report as operators see it. */
export const discrepancyEntryExample = {
  direction: 'in',
  reportingAgency: 'psap.example',
  reportId: '4711',
  reportType: 'LostDiscrepancyReport',
  problem: 'RouteIncorrect',
  severity: 'Severe',
  submittedAt: '2026-03-01T15:00:00.000Z',
  receivedAt: '2026-03-01T15:00:01.120Z',
  state: 'open',
  report: reportDocumentExample,
  response: reportResponseExample,
  status: reportResponseExample,
  attempts: 0,
};
