import { contacts, type SipResponse } from '../../src/sip/message/index.ts';
import type { RequestDecision } from '../../src/sip/proxy/index.ts';
import { forwardTo, ProxyHarness } from './proxy-harness.ts';

type Forward = Extract<RequestDecision, { kind: 'forward' }>;

/** Where the four called peers of a fork are. */
export const forkUris = [
  'sip:198.51.100.2',
  'sip:198.51.100.3',
  'sip:198.51.100.4',
  'sip:198.51.100.5',
] as const;

/** A proxy that decides so, a caller, and the four peers. */
export function forkSetting(
  decision: RequestDecision,
  options: ConstructorParameters<typeof ProxyHarness>[0] = {},
) {
  const harness = new ProxyHarness(options);
  harness.decide = () => decision;
  // RFC 3261 §16.7 item 4 takes contacts off a 3xx, RFC 5393 §5.3.3 leaves a single Max-Breadth.
  harness.mayDo = (violation) => /^(?:Contact|Max-Breadth): /.test(violation);
  return {
    harness,
    caller: harness.peer('203.0.113.1', 5080),
    one: harness.peer('198.51.100.2'),
    two: harness.peer('198.51.100.3'),
    three: harness.peer('198.51.100.4'),
    four: harness.peer('198.51.100.5'),
  };
}

/** A decision to forward to the first so many of them at once. */
export function together(count: number, more: Partial<Forward> = {}): RequestDecision {
  return forwardTo(
    forkUris.slice(0, count).map((routeUri, index) => ({ routeUri, withPrevious: index > 0 })),
    more,
  );
}

/** The URIs of a response's contacts, in order. */
export function contactUris(response: SipResponse): readonly string[] {
  const values = contacts(response);
  return values.ok ? values.value.map((value) => value.uriText) : [];
}

/** What a response that redirects to these contacts has. */
export function redirectTo(...values: readonly string[]) {
  return { headers: values.map((value) => ['Contact', value] as const) };
}
