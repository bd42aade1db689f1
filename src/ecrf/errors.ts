import { defineErrors } from '../base/index.ts';

/** Error codes of asking other LoST servers. */
export const ecrfErrors = defineErrors({
  'ecrf.serverUnreachable': {
    kind: 'dependency',
    meaning: 'Another LoST server could not be found or asked.',
  },
  'ecrf.serverTimeout': { kind: 'dependency', meaning: 'Another LoST server did not answer in time.' },
  'ecrf.serverUnreadable': {
    kind: 'dependency',
    meaning: 'The answer of another LoST server cannot be read, or answers something else.',
  },
});

/** A code of {@link ecrfErrors}. */
export type EcrfErrorCode = keyof typeof ecrfErrors;
