import { defineErrors } from '../base/index.ts';

export const configErrors = defineErrors({
  'config.unreadable': { kind: 'config', meaning: 'the configuration file cannot be read' },
  'config.notYaml': {
    kind: 'config',
    meaning: 'the configuration file, or the value of a variable, is not YAML',
  },
  'config.invalid': {
    kind: 'config',
    meaning: 'a configuration key is unknown or its value is out of its range',
  },
  'config.contradiction': { kind: 'config', meaning: 'configuration keys contradict each other' },
});
