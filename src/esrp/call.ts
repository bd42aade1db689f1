import type { CallRecordId, Clock, CodedError, Random, ServiceUrn } from '../base/index.ts';
import { callRecordId } from '../base/index.ts';
import type { LocationValue } from '../location/index.ts';
import {
  callId,
  type Flow,
  headerValue,
  headerValues,
  type RequestDecision,
  type SipRequest,
  type SipUri,
} from '../sip/index.ts';
import { decide, describePlan, serviceRouteOf } from './decide.ts';
import { describeDecision, forward } from './forward.ts';
import type { EmergencyIdentifiers } from './identifiers.ts';
import { emergencyIdentifiers } from './identifiers.ts';
import { recordTextMax } from './limits.ts';
import type { LocateOptions, LocationPorts } from './locate.ts';
import { locate } from './locate.ts';
import { mapLocated } from './map.ts';
import { ordinaryDecision } from './ordinary.ts';
import type { BoundaryLookup, Logger } from './ports.ts';
import type { RecognitionRules } from './recognise.ts';
import { recognise } from './recognise.ts';
import { keptUntil, type RetentionRules } from './retention.ts';
import { StageLog } from './stage-log.ts';
import type { SupplyOptions } from './supply.ts';
import type { CallRecord, Located, Mapping, Plan, Recognition } from './types.ts';

/** The rules of one ingress: what it takes for an emergency, and where its calls end up at last. */
export interface IngressRules extends RecognitionRules {
  readonly name: string;
  readonly defaultRouteUri: string;
  /** What becomes of a request that is no emergency. */
  readonly nonEmergency: 'refuse' | 'proxy';
  /** Carry emergency calls, or answer them with the PSAP as Contact. */
  readonly mode: 'proxy' | 'redirect';
  /** What becomes of a 3xx of a PSAP. */
  readonly redirects: 'recurse' | 'pass';
  /** Where its callers are taken to be when nothing else is known. */
  readonly defaultPlace: LocationValue | undefined;
}

/** Values that the call flow goes by. */
export interface CallOptions {
  readonly ingressOf: (flow: Flow) => IngressRules;
  /** Whether a URI names this server by its host, port and transport, for OPTIONS sent to it. */
  readonly isOwnAddress: (uri: SipUri) => boolean;
  readonly identityDomain: string;
  readonly resourcePriority: string;
  readonly ringTimeoutMs: number;
  readonly lastRingTimeoutMs: number;
  readonly silenceTimeoutMs: number;
  readonly lookupDeadlineMs: number;
  /** How far off a boundary may be that answers for a place which none covers, metres; 0 or undefined: none may. */
  readonly nearestWithinM?: number | undefined;
  /** Default routes by service, before those of the ingresses. */
  readonly serviceRoutes?: ReadonlyMap<ServiceUrn, string> | undefined;
  readonly locate: LocateOptions;
  /** How long locations stay on records. */
  readonly retention: RetentionRules;
  /** How calls are handed a location that we supply. */
  readonly supply: SupplyOptions;
}

/** What the call flow needs of the world. */
export interface CallPorts {
  readonly lookup: BoundaryLookup;
  readonly locations: LocationPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A decision on a new request, and for an emergency request the record that it starts. */
export interface CallDecision {
  readonly decision: RequestDecision;
  readonly record: CallRecord | undefined;
}

type EmergencyRecognition = Extract<Recognition, { kind: 'emergency' }>;

/**
 * The way of a call through the five stages. Never rejects: a stage that throws is recorded and the call takes the
 * default route.
 */
export async function routeRequest(
  request: SipRequest,
  flow: Flow,
  options: CallOptions,
  ports: CallPorts,
): Promise<CallDecision> {
  const rules = options.ingressOf(flow);
  const log = new StageLog(ports);
  const recognition = log.runSync('recognise', () => recognise(request, rules), describeRecognition);
  if (recognition === undefined) return lastResort(request, flow, rules, options, ports, log);
  if (recognition.kind === 'other') {
    return { decision: ordinaryDecision(request, rules, options.isOwnAddress), record: undefined };
  }
  const { service } = recognition;
  const whose = { request, flow, service, ingressDefault: rules.defaultPlace };
  const found = await log.run('locate', () => locate(whose, options.locate, ports), describeLocated);
  const question = {
    service,
    located: found,
    asOf: ports.clock.wall(),
    deadlineMs: options.lookupDeadlineMs,
    nearestWithinM: options.nearestWithinM,
  };
  const mapped = await log.run(
    'map',
    () => mapLocated(question, ports),
    (value) => value.mapping.detail,
  );
  const { mapping, located } = mapped ?? { mapping: failedMapping(log), located: found };
  const plan =
    log.runSync('decide', () => decide(mapping, decideOptions(rules, options, service)), describePlan) ??
    defaultPlan(rules, options, service);
  const identifiers = identifiersOf(request, options, ports);
  const warnings: CodedError[] = [];
  const decision = log.runSync(
    'forward',
    () => {
      const { mode, redirects } = rules;
      const place = {
        located,
        now: ports.clock.wall(),
        warn: (each: CodedError) => void warnings.push(each),
      };
      return forward(request, { recognition, plan, identifiers, mode, redirects, ...place, ...options });
    },
    describeDecision,
  );
  if (decision === undefined) return lastResort(request, flow, rules, options, ports, log);
  const parts = { request, flow, recognition, located, mapping, plan, identifiers, log, warnings };
  const record = startRecord(parts, options, ports);
  return { decision, record };
}

/** The decision without any of the stages, for a question that went unanswered or a stage that failed: the default route. */
export function defaultDecision(
  request: SipRequest,
  rules: IngressRules,
  options: CallOptions,
): RequestDecision {
  const recognition = recogniseSafely(request, rules);
  if (recognition?.kind === 'other') return ordinaryDecision(request, rules, options.isOwnAddress);
  const service = recognition?.kind === 'emergency' ? recognition.service : undefined;
  const target = defaultPlan(rules, options, service).targets[0];
  return {
    kind: 'forward',
    targets: [
      {
        label: `0 ${target.uri}`,
        routeUri: target.uri,
        timeoutMs: target.ringTimeoutMs,
        silenceTimeoutMs: options.silenceTimeoutMs,
      },
    ],
    requestUri: recognition?.isRequestUriReplaced === true ? recognition.requestUri : undefined,
    edits: [{ kind: 'addIfAbsent', name: 'Resource-Priority', value: options.resourcePriority }],
    failover: 'all',
    redirects: { kind: 'recurse', keepsRequestUri: true },
    mayFallBackFromTls: true,
    isEmergency: true,
    recordRoute: true,
  };
}

/** Whether a request is an emergency request by the rules of its ingress; what cannot be told counts as one. */
export function isEmergency(request: SipRequest, rules: RecognitionRules): boolean {
  return recogniseSafely(request, rules)?.kind !== 'other';
}

function recogniseSafely(request: SipRequest, rules: RecognitionRules): Recognition | undefined {
  try {
    return recognise(request, rules);
  } catch {
    // Nothing is known of the request then; treating it as an emergency loses no call.
    return undefined;
  }
}

function lastResort(
  request: SipRequest,
  flow: Flow,
  rules: IngressRules,
  options: CallOptions,
  ports: CallPorts,
  log: StageLog,
): CallDecision {
  const decision = defaultDecision(request, rules, options);
  const recognition = recogniseSafely(request, rules);
  if (recognition?.kind !== 'emergency') return { decision, record: undefined };
  const plan = defaultPlan(rules, options, recognition.service);
  const mapping = failedMapping(log);
  const identifiers = { callId: '', incidentId: '', added: [] };
  const parts = { request, flow, recognition, located: undefined, mapping, plan, identifiers, log };
  return { decision, record: startRecord(parts, options, ports) };
}

function failedMapping(log: StageLog): Mapping {
  return { kind: 'unmapped', reason: 'stageFailed', detail: log.firstError ?? 'a stage failed', others: [] };
}

function decideOptions(rules: IngressRules, options: CallOptions, service: ServiceUrn | undefined) {
  return {
    defaultRoute: { uri: rules.defaultRouteUri },
    serviceRoute: service && serviceRouteOf(service, options.serviceRoutes),
    ringTimeoutMs: options.ringTimeoutMs,
    lastRingTimeoutMs: options.lastRingTimeoutMs,
  };
}

function defaultPlan(rules: IngressRules, options: CallOptions, service: ServiceUrn | undefined): Plan {
  return decide(
    { kind: 'unmapped', reason: 'stageFailed', detail: 'no plan', others: [] },
    decideOptions(rules, options, service),
  );
}

function identifiersOf(request: SipRequest, options: CallOptions, ports: CallPorts): EmergencyIdentifiers {
  const maker = { random: ports.random, domain: options.identityDomain };
  return emergencyIdentifiers(headerValues(request, 'call-info'), maker);
}

interface RecordParts {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly recognition: EmergencyRecognition;
  readonly located: Located | undefined;
  readonly mapping: Mapping;
  readonly plan: Plan;
  readonly identifiers: EmergencyIdentifiers;
  readonly log: StageLog;
  /** Of the last stage. */
  readonly warnings?: readonly CodedError[];
}

function startRecord(parts: RecordParts, options: CallOptions, ports: CallPorts): CallRecord {
  const { request, flow, located, identifiers } = parts;
  const warnings: CodedError[] = [...request.defects.map(({ code, message }) => ({ code, message }))];
  if (located !== undefined) warnings.push(...located.warnings);
  warnings.push(...(parts.warnings ?? []));
  const receivedAt = ports.clock.wall();
  return {
    id: newRecordId(ports.random),
    receivedAt,
    state: 'routing',
    method: request.method,
    sipCallId: clip(callId(request) ?? ''),
    from: clip(headerValue(request, 'from') ?? ''),
    to: clip(headerValue(request, 'to') ?? ''),
    requestUri: clip(request.requestUri),
    ingress: `${flow.transport} ${flow.remote.address}:${flow.remote.port}`,
    emergencyCallId: identifiers.callId === '' ? undefined : clip(identifiers.callId),
    incidentId: identifiers.incidentId === '' ? undefined : clip(identifiers.incidentId),
    recognition: parts.recognition,
    located,
    locationUpdates: [],
    locationKeptUntil: keptUntil(located, receivedAt, options.retention),
    mapping: parts.mapping,
    plan: parts.plan,
    stages: parts.log.traces(),
    attempts: [],
    warnings,
    statusCode: undefined,
    answeredAt: undefined,
    endedAt: undefined,
  };
}

function newRecordId(random: Random): CallRecordId {
  return callRecordId(random.token(20));
}

function clip(latin1: string): string {
  const text = Buffer.from(latin1, 'latin1').toString('utf8');
  return text.length <= recordTextMax ? text : `${text.slice(0, recordTextMax)}...`;
}

function describeRecognition(value: Recognition): string {
  return value.kind === 'other'
    ? 'not an emergency'
    : `${value.service} by ${value.rule} (${clip(value.matched)})`;
}

function describeLocated(value: Located): string {
  const chosen = value.candidates.find((candidate) => candidate.outcome === 'chosen');
  return chosen === undefined
    ? `no usable location among ${value.candidates.length}`
    : `${chosen.origin}: ${chosen.reason}`;
}
