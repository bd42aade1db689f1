import { defineErrors } from '../base/index.ts';

export const esrpErrors = defineErrors({
  'esrp.decidedLate': {
    kind: 'dependency',
    meaning: 'the stages took longer than the decision may; the call went by the default route',
  },
  'esrp.locationSourceFailed': {
    kind: 'dependency',
    meaning:
      'a source of the location that was asked failed or did not answer in time; the call went by what else there was',
  },
  'esrp.locationNotSupplied': {
    kind: 'reject',
    meaning: 'a location that the call did not bring could not go on with it',
  },
  'esrp.locationSuppliedOtherwise': {
    kind: 'reject',
    meaning: 'a location that the call did not bring went on with it in another way than its target goes by',
  },
  'esrp.tableKey': { kind: 'parse', meaning: 'A text is no key of the location table that it is meant for.' },
});

/** A code of the esrp room. */
export type EsrpErrorCode = keyof typeof esrpErrors;
