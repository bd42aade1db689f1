import type { LocationValue } from '../../src/location/index.ts';
import {
  defaultLocationLimits,
  locationInput,
  offeredLocations,
  parsePidfLo,
  readHeldAnswer,
  readLocationRequest,
} from '../../src/location/index.ts';
import { defaultBodyLimits, defaultMessageLimits, parseMessage } from '../../src/sip/index.ts';

/** What an input is given to: a reader of documents, of a location server's answers or questions, or of whole requests. */
export type Target = 'document' | 'held' | 'question' | 'message';

/** What is read, and by whom. */
export interface Input {
  readonly target: Target;
  readonly bytes: Buffer;
}

const limits = defaultLocationLimits;
const source = { kind: 'query' } as const;

/** Gives an input to its readers; returns how many locations came out. Throws where a reader throws or tells nonsense. */
export function read({ target, bytes }: Input): number {
  switch (target) {
    case 'document': {
      const document = parsePidfLo(bytes, source, limits);
      return document.ok ? checked(document.value.locations, document.value.warnings.length) : 0;
    }
    case 'held': {
      const answer = readHeldAnswer(bytes, limits);
      if (!answer.ok || answer.value.kind === 'error' || answer.value.document === undefined) return 0;
      const document = parsePidfLo(answer.value.document, source, limits);
      return document.ok ? checked(document.value.locations, document.value.warnings.length) : 0;
    }
    case 'question':
      readLocationRequest(bytes, limits);
      return 0;
    case 'message': {
      const parsed = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
      if (parsed.kind !== 'message') return 0;
      const { input } = locationInput(parsed.message, defaultBodyLimits);
      const offered = offeredLocations(input, limits);
      const locations = offered.offers.flatMap((offer) => (offer.kind === 'value' ? [offer.location] : []));
      return checked(locations, offered.warnings.length);
    }
    default:
      throw new Error(`no such target: ${target satisfies never}`);
  }
}

/** What goes on to the lookup must be numbers, and no flood of warnings. */
function checked(locations: readonly LocationValue[], warnings: number): number {
  for (const { shape, civic } of locations) {
    if (shape === undefined && civic === undefined) throw new Error('a location without shape and address');
    if (shape !== undefined) requireNumbers(shape);
  }
  if (warnings > limits.warningsMax) throw new Error(`${warnings} warnings`);
  return locations.length;
}

function requireNumbers(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('a number that is none');
  if (typeof value !== 'object' || value === null) return;
  for (const each of Object.values(value)) requireNumbers(each);
}
