import { defineErrors } from '../base/index.ts';

export const esrpErrors = defineErrors({
  'esrp.decidedLate': {
    kind: 'dependency',
    meaning: 'the stages took longer than the decision may; the call went by the default route',
  },
});
