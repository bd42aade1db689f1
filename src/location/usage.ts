import type { XmlElement } from '../xml/index.ts';
import { collapsedTextOf } from '../xml/index.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';

/** What a document allows its readers (RFC 4119 §2.2.2); undefined is what it does not say. */
export interface UsageRules {
  readonly isRetransmissionAllowed: boolean | undefined;
  readonly retentionExpires: string | undefined;
  readonly rulesetReference: string | undefined;
  readonly noteWell: string | undefined;
}

const none: UsageRules = {
  isRetransmissionAllowed: undefined,
  retentionExpires: undefined,
  rulesetReference: undefined,
  noteWell: undefined,
};
/** Longer than a text that anybody reads. */
const noteMax = 4096;

/**
 * Reads the usage rules of a location. The names are those of the schema (`retention-expiry`, `external-ruleset`) or, with
 * a warning, of the text of RFC 4119 (`retention-expires`, `ruleset-reference`); the examples there have them in the
 * namespace of `geopriv`, so that is no fault. `rules` is undefined where the location has none.
 */
export function readUsageRules(rules: XmlElement | undefined, warn: Warn): UsageRules {
  if (rules === undefined || rules.children.length === 0) return none;
  const found = new Map<string, string>();
  for (const child of rules.children) {
    if (typeof child === 'string' || namespaceFit(child, namespaces.gbp) === 'foreign') continue;
    const name = schemaName(child.localName, warn);
    if (name === undefined || found.has(name)) continue;
    const text = collapsedTextOf(child);
    if (text !== '') found.set(name, text);
  }
  if (found.size === 0) return none;
  return {
    isRetransmissionAllowed: readFlag(found.get('retransmission-allowed'), warn),
    retentionExpires: found.get('retention-expiry'),
    rulesetReference: found.get('external-ruleset'),
    noteWell: found.get('note-well')?.slice(0, noteMax),
  };
}

function schemaName(name: string, warn: Warn): string | undefined {
  switch (name) {
    case 'retransmission-allowed':
    case 'retention-expiry':
    case 'external-ruleset':
    case 'note-well':
      return name;
    case 'retention-expires':
      warn('location.usageRuleRepaired', 'retention-expires is written retention-expiry');
      return 'retention-expiry';
    case 'ruleset-reference':
      warn('location.usageRuleRepaired', 'ruleset-reference is written external-ruleset');
      return 'external-ruleset';
    default:
      return undefined;
  }
}

/** `yes` and `no` are RFC 4119's own words, the others xs:boolean's. */
function readFlag(text: string | undefined, warn: Warn): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(?:true|1|yes)$/i.test(text)) return true;
  if (/^(?:false|0|no)$/i.test(text)) return false;
  warn('location.usageRuleRepaired', 'retransmission-allowed is true or false: left out');
  return undefined;
}
