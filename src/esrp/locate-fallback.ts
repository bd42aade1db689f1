import { assertNever, type ServiceUrn } from '../base/index.ts';
import type { LocationLimits, LocationValue } from '../location/index.ts';
import type { Flow, SipRequest } from '../sip/index.ts';
import { askServer, askTable } from './locate-ask.ts';
import { callerIdentity, callerNumbers } from './locate-identity.ts';
import type { Source } from './locate-source.ts';
import type { LocationFetch, LocationTables } from './ports.ts';
import { serviceFamily } from './service-urn.ts';

/** Where the place of a call is sought that brings none. */
export type Fallback = 'server' | 'cell' | 'number' | 'ingress' | 'service';

interface FallbackQuestion {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly service: ServiceUrn;
  readonly ingressDefault: LocationValue | undefined;
  /** The moment of the call, milliseconds since 1970. */
  readonly nowMs: number;
}

interface FallbackOptions {
  readonly fallbacks: readonly Fallback[];
  readonly serviceDefaults: ReadonlyMap<ServiceUrn, LocationValue>;
  readonly limits: { readonly location: LocationLimits };
}

interface FallbackPorts {
  readonly fetch: LocationFetch | undefined;
  readonly tables: LocationTables | undefined;
}

/**
 * The sources for a request that brings no usable value, in the configured order and as far as the first default place:
 * what comes after one is never needed.
 */
export function fallbackSources(
  cellKeys: readonly string[],
  question: FallbackQuestion,
  options: FallbackOptions,
  ports: FallbackPorts,
): readonly Source[] {
  const sources: Source[] = [];
  for (const fallback of options.fallbacks) {
    const source = fallbackSource(fallback, { cellKeys, question, options, ports });
    if (source === undefined) continue;
    sources.push(source);
    if (source.kind === 'value') break;
  }
  return sources;
}

interface FallbackParts {
  readonly cellKeys: readonly string[];
  readonly question: FallbackQuestion;
  readonly options: FallbackOptions;
  readonly ports: FallbackPorts;
}

function fallbackSource(fallback: Fallback, parts: FallbackParts): Source | undefined {
  const { cellKeys, question, options, ports } = parts;
  switch (fallback) {
    case 'server': {
      const ask = ports.fetch?.askByIdentity;
      if (ask === undefined) return undefined;
      const identity = callerIdentity(question.request, question.flow);
      return {
        kind: 'asked',
        origin: 'location server',
        ask: askServer(identity, ask.bind(ports.fetch), {
          limits: options.limits.location,
          nowMs: question.nowMs,
        }),
      };
    }
    case 'cell':
      return tableSource('cell', cellKeys, ports.tables);
    case 'number':
      return tableSource('number', ports.tables && callerNumbers(question.request), ports.tables);
    case 'ingress':
      return defaultSource('ingress', question.ingressDefault);
    case 'service':
      return defaultSource('service', serviceDefault(question.service, options.serviceDefaults));
    default:
      return assertNever(fallback);
  }
}

function tableSource(
  table: 'cell' | 'number',
  keys: readonly string[] | undefined,
  tables: LocationTables | undefined,
): Source | undefined {
  if (tables === undefined || keys === undefined || keys.length === 0) return undefined;
  return { kind: 'asked', origin: `${table} table`, ask: askTable(table, keys, tables) };
}

function defaultSource(of: 'ingress' | 'service', location: LocationValue | undefined): Source | undefined {
  if (location === undefined) return undefined;
  const reason = `the default place of the ${of}, since nothing else is known`;
  return { kind: 'value', origin: `default place of the ${of}`, location, reason };
}

// A place for `sos` is one for `sos.fire` too, where that has none of its own; a test call goes where a real one would.
function serviceDefault(
  service: ServiceUrn,
  defaults: ReadonlyMap<ServiceUrn, LocationValue>,
): LocationValue | undefined {
  if (defaults.size === 0) return undefined;
  for (const each of serviceFamily(service)) {
    const place = defaults.get(each);
    if (place !== undefined) return place;
  }
  return undefined;
}
