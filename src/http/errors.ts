import { defineErrors } from '../base/index.ts';

/** Error codes of the HTTP room. Each is also a problem type (RFC 9457 §3.1.1), see problem.ts. */
export const httpErrors = defineErrors({
  'http.badMessage': { kind: 'parse', meaning: 'The bytes are not an HTTP request that can be read.' },
  'http.invalidRequest': {
    kind: 'parse',
    meaning: 'A path, query or body value is missing, unknown or out of range; `errors` names each.',
  },
  'http.badJson': { kind: 'parse', meaning: 'The body is not JSON.' },
  'http.badEncoding': { kind: 'parse', meaning: 'The body does not decompress by its Content-Encoding.' },
  'http.keyRequired': {
    kind: 'reject',
    meaning: 'The operation needs an API key and none that is in force came.',
  },
  'http.noSuchPath': { kind: 'reject', meaning: 'Nothing is served at this path.' },
  'http.notFound': { kind: 'reject', meaning: 'The thing that the path names does not exist.' },
  'http.methodNotAllowed': {
    kind: 'reject',
    meaning: 'The path does not take this method; Allow lists those it takes.',
  },
  'http.bodyTimeout': { kind: 'reject', meaning: 'The body stopped coming or took too long.' },
  'http.nothingToRollBack': { kind: 'reject', meaning: 'No earlier dataset was active.' },
  'http.notChecked': {
    kind: 'reject',
    meaning: 'The dataset has not been checked as it is now; nothing was activated.',
  },
  'http.checkFailed': {
    kind: 'reject',
    meaning: 'The check of the dataset found errors; nothing was activated.',
  },
  'http.changeKeyTaken': {
    kind: 'reject',
    meaning: 'The key of a set of changes stands for another set; nothing was changed.',
  },
  'http.laterChanges': {
    kind: 'reject',
    meaning: 'Later sets changed the same features; `later` lists them, and nothing was undone.',
  },
  'http.datasetActive': { kind: 'reject', meaning: 'The active dataset cannot be removed.' },
  'http.discrepancyRefused': {
    kind: 'reject',
    meaning: 'A document of the discrepancy report service cannot be used (i3 status 454).',
  },
  'http.discrepancyNotOurs': {
    kind: 'reject',
    meaning: 'A discrepancy report concerns no service or data of ours (i3 status 470).',
  },
  'http.reporterUnauthorized': {
    kind: 'reject',
    meaning: 'Whoever signed a discrepancy report may not report here (i3 status 471).',
  },
  'http.responderUnauthorized': {
    kind: 'reject',
    meaning: 'Whoever signed the resolution of a discrepancy report may not answer it (i3 status 472).',
  },
  'http.reportUnknown': {
    kind: 'reject',
    meaning: 'There is no discrepancy report of that agency and id (i3 status 473).',
  },
  'http.reportResolved': {
    kind: 'reject',
    meaning: 'The discrepancy report was answered already (i3 status 474).',
  },
  'http.reportOpen': {
    kind: 'reject',
    meaning: 'The discrepancy report has not been answered yet (i3 status 475).',
  },
  'http.bodyTooLarge': { kind: 'reject', meaning: 'The body, as sent or decompressed, is over its limit.' },
  'http.unsupportedMediaType': { kind: 'reject', meaning: 'The operation does not take this Content-Type.' },
  'http.unsupportedEncoding': {
    kind: 'reject',
    meaning: 'The operation does not take this Content-Encoding.',
  },
  'http.loadRefused': {
    kind: 'reject',
    meaning: 'Features or rows of a file cannot be used; `refused` lists them and nothing changed.',
  },
  'http.tableBusy': {
    kind: 'reject',
    meaning: 'A load of the location table is under way; nothing was changed.',
  },
  'http.headersTooLarge': { kind: 'reject', meaning: 'The header fields are over their limit.' },
  'http.tooManyStreams': {
    kind: 'reject',
    meaning: 'As many event streams are open as there may be; one of them has to end first.',
  },
  'http.tooManyQueries': {
    kind: 'reject',
    meaning: 'As many LoST questions are under way as there may be; ask again.',
  },
  'http.credentialRequired': {
    kind: 'reject',
    meaning: 'LoST is for listed clients here, and none of their certificates, tokens or keys came.',
  },
  'http.unavailable': {
    kind: 'dependency',
    meaning: 'Something that the answer needs, such as the database, did not answer.',
  },
  'http.deadlineMissed': { kind: 'dependency', meaning: 'The answer was not ready in time.' },
  'http.listenFailed': { kind: 'dependency', meaning: 'An HTTP address and port could not be opened.' },
  'http.internal': {
    kind: 'bug',
    meaning: 'A fault of the server; its log has the details under the request id.',
  },
});

/** A code of {@link httpErrors}. */
export type HttpErrorCode = keyof typeof httpErrors;
