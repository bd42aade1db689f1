import type { IncomingMessage } from 'node:http';
import type { WallMs } from '../base/index.ts';
import type { ApiKeyStore, Logger } from '../esrp/index.ts';
import {
  defaultLostAnswerLimits,
  defaultLostRequestLimits,
  faultAnswer,
  isLostMediaType,
  type LostAnswer,
  type LostErrors,
  type LostLimits,
  type LostRequest,
  lostMediaType,
  lostSyncMediaType,
  readLostRequest,
  writeLostAnswer,
} from '../lost/index.ts';
import { type LostCaller, type LostClientRights, type LostClientRule, LostClients } from './lost-clients.ts';
import { jsonReply, type Problem, problem, type Reply } from './problem.ts';

/** What answers LoST questions. */
export interface LostService {
  /** Application unique string of this server. */
  readonly name: string;
  /** Never rejects. */
  answer(request: LostRequest, role: 'ecrf' | 'lvf', client: LostClientRights): Promise<LostAnswer>;
  plannedChangeIds(): readonly string[];
  plannedChange(id: string):
    | {
        readonly changeSetId: string;
        readonly effectiveAt: WallMs;
        readonly partialLocations: readonly {
          readonly namespace: string;
          readonly caType: string;
          readonly value: string;
        }[];
      }
    | undefined;
}

export interface LostEndpointOptions {
  readonly service: LostService;
  /** Whether everybody is answered. */
  readonly isOpen: boolean;
  readonly clients: readonly LostClientRule[];
  readonly apiKeys: ApiKeyStore;
  /** The values of a certificate's subjectAltName. */
  readonly altNames: (subjectAltName: string) => readonly string[];
  readonly limits: {
    /** Questions under way; more get 503. */
    readonly concurrentMax: number;
    /** Of a question, and of one that pushes mappings; beyond it 413. */
    readonly bytesMax: number;
    readonly syncBytesMax: number;
  };
  readonly logger: Logger;
}

/** How often what happened to requests, since the start. */
export interface LostEndpointCounts {
  readonly taken: number;
  readonly busy: number;
  readonly unreadable: number;
  readonly notListed: number;
  readonly underWay: number;
}

/** A request with what it takes to read its body. */
export interface LostHttpRequest {
  readonly request: IncomingMessage;
  readonly requestId: string;
  /** Rejects with ProblemError. */
  readBody(bytesMax: number): Promise<Uint8Array>;
}

type Role = 'ecrf' | 'lvf';
const roles: Readonly<Record<string, Role>> = { '/lost': 'ecrf', '/lvf': 'lvf' };
/** Planned changes: which there are, and what one of them concerns (extension `lostPlannedChange1`). */
const pollPaths: ReadonlySet<string> = new Set(['/PlannedChangePoll', '/lvf/PlannedChangePoll']);
const changeSetPaths: ReadonlySet<string> = new Set(['/GetChangeSet', '/lvf/GetChangeSet']);

/**
 * LoST over HTTP (RFC 5222 §14): POST to `/lost` maps, to `/lvf` validates (RFC 8917); errors of LoST come with 200, those of
 * HTTP as problem documents. Each question begins in a turn of its own of the event loop, so that many of them hold up no
 * call. The log has who asked for what and what came of it, never where.
 */
export class LostEndpoint {
  readonly #options: LostEndpointOptions;
  readonly #clients: LostClients;
  readonly #counts = { taken: 0, busy: 0, unreadable: 0, notListed: 0 };
  #underWay = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LostEndpointOptions) {
    this.#options = options;
    this.#clients = new LostClients({ ...options, rules: options.clients });
  }

  counts(): LostEndpointCounts {
    return { ...this.#counts, underWay: this.#underWay };
  }

  /** Whether a request's target is one of these. */
  takes(target: string): boolean {
    const path = pathOf(target);
    return Object.hasOwn(roles, path) || pollPaths.has(path) || changeSetPaths.has(path);
  }

  /** Answers a request that {@link takes} says is its own. Rejects with ProblemError. */
  async answer(given: LostHttpRequest): Promise<Reply | Problem> {
    const { request } = given;
    const path = pathOf(request.url ?? '');
    const role = Object.hasOwn(roles, path) ? roles[path] : undefined;
    const wanted = role === undefined ? 'GET' : 'POST';
    if (request.method !== wanted && !(wanted === 'GET' && request.method === 'HEAD')) {
      const detail = `${request.method} is not taken here; ${wanted} is`;
      return problem('http.methodNotAllowed', detail, { headers: { Allow: wanted } });
    }
    if (this.#underWay >= this.#options.limits.concurrentMax) {
      this.#counts.busy += 1;
      return problem('http.tooManyQueries', 'as many LoST questions are under way as there may be', {
        headers: { 'Retry-After': '1' },
      });
    }
    this.#underWay += 1;
    try {
      await this.#ownTurn();
      const caller = await this.#clients.callerOf(request);
      if (caller.kind === 'unknown') return this.#unknown();
      return role === undefined ? this.#planned(request, caller) : await this.#lost(given, role, caller);
    } finally {
      this.#underWay -= 1;
    }
  }

  #ownTurn(): Promise<unknown> {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turn;
  }

  #unknown(): Problem {
    this.#counts.notListed += 1;
    return problem(
      'http.credentialRequired',
      'LoST is for listed clients here: show a certificate or a token',
      {
        headers: { 'WWW-Authenticate': 'Bearer realm="lost"' },
      },
    );
  }

  async #lost(
    { request, requestId, readBody }: LostHttpRequest,
    role: Role,
    caller: Exclude<LostCaller, { kind: 'unknown' }>,
  ): Promise<Reply | Problem> {
    const contentType = request.headers['content-type'];
    if (!isLostMediaType(contentType)) {
      const detail = `Content-Type ${contentType} is not taken here; send ${lostMediaType}`;
      return problem('http.unsupportedMediaType', detail, { headers: { Accept: lostMediaType } });
    }
    const startedAt = performance.now();
    const maySync = caller.kind === 'client' && caller.rights.pushes !== undefined && caller.isSecure;
    const { bytesMax, syncBytesMax } = this.#options.limits;
    const bytes = await readBody(maySync ? Math.max(bytesMax, syncBytesMax) : bytesMax);
    const read = readLostRequest(bytes, limitsFor(bytes, maySync, bytesMax));
    const answer = read.ok ? await this.#answer(read.value, role, caller) : this.#unreadable(read.error);
    this.#counts.taken += 1;
    this.#options.logger.info('lost.query', {
      requestId,
      role,
      ...(caller.kind === 'client' && caller.rights.name !== undefined ? { client: caller.rights.name } : {}),
      ...describeRequest(read.ok ? read.value : undefined),
      ...describeAnswer(answer),
      durationMs: Math.round((performance.now() - startedAt) * 100) / 100,
    });
    const isSync = answer.kind === 'getMappingsResponse' || answer.kind === 'pushMappingsResponse';
    return {
      kind: 'reply',
      status: 200,
      contentType: isSync ? lostSyncMediaType : lostMediaType,
      body: writeLostAnswer(answer),
    };
  }

  #unreadable(fault: Parameters<typeof faultAnswer>[0]): LostErrors {
    this.#counts.unreadable += 1;
    return faultAnswer(fault, this.#options.service.name);
  }

  async #answer(
    request: LostRequest,
    role: Role,
    caller: Exclude<LostCaller, { kind: 'unknown' }>,
  ): Promise<LostAnswer> {
    if (caller.kind === 'notListed') {
      this.#counts.notListed += 1;
      return this.#forbidden('this client is not listed');
    }
    const isSync = request.kind === 'getMappings' || request.kind === 'pushMappings';
    // RFC 6739 §6: over TLS alone.
    if (isSync && !caller.isSecure) return this.#forbidden('mappings are shared over TLS alone');
    return await this.#options.service.answer(request, role, caller.rights);
  }

  #forbidden(message: string): LostErrors {
    return {
      kind: 'errors',
      source: this.#options.service.name,
      exceptions: [{ type: 'forbidden', message }],
    };
  }

  #planned(request: IncomingMessage, caller: Exclude<LostCaller, { kind: 'unknown' }>): Reply | Problem {
    if (caller.kind === 'notListed') return this.#unknown();
    const { service } = this.#options;
    const target = request.url ?? '';
    if (pollPaths.has(pathOf(target))) {
      return jsonReply(200, { PlannedChangeIdList: service.plannedChangeIds() });
    }
    const id = new URLSearchParams(target.split('?', 2)[1] ?? '').get('changeSetId');
    if (id === null || id === '') {
      return problem('http.invalidRequest', 'changeSetId is missing', {
        errors: [{ in: 'query', path: 'changeSetId', message: 'is missing' }],
      });
    }
    const found = service.plannedChange(id);
    if (found === undefined) return problem('http.notFound', 'there is no planned change of that id');
    return jsonReply(200, {
      changeSetID: found.changeSetId,
      changeSetEffective: new Date(found.effectiveAt).toISOString(),
      partialLocationList: found.partialLocations,
    });
  }
}

function pathOf(target: string): string {
  const path = target.split('?', 1)[0] ?? '';
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

/** Only who may push mappings has larger documents read, and only where they are larger. */
function limitsFor(bytes: Uint8Array, maySync: boolean, bytesMax: number): LostLimits {
  const limits = maySync && bytes.length > bytesMax ? defaultLostAnswerLimits : defaultLostRequestLimits;
  return { ...limits, xml: { ...limits.xml, bytesMax: Math.max(limits.xml.bytesMax, bytes.length) } };
}

function describeRequest(request: LostRequest | undefined): object {
  if (request === undefined) return { question: 'unreadable' };
  const ids = 'callIds' in request ? request.callIds : undefined;
  return {
    question: request.kind,
    ...('service' in request && request.service !== undefined
      ? { service: request.service.slice(0, 200) }
      : {}),
    ...('path' in request && request.path.length > 0
      ? { via: request.path.map(({ source }) => source) }
      : {}),
    ...(ids?.callId === undefined ? {} : { callId: ids.callId.slice(0, 200) }),
    ...(ids?.incidentTrackingId === undefined ? {} : { incidentId: ids.incidentTrackingId.slice(0, 200) }),
  };
}

function describeAnswer(answer: LostAnswer): object {
  return {
    answer: answer.kind,
    ...(answer.kind === 'errors' ? { errors: answer.exceptions.map(({ type }) => type) } : {}),
    ...(answer.kind === 'redirect' ? { target: answer.target } : {}),
    ...('mappings' in answer ? { mappings: answer.mappings.length } : {}),
  };
}
