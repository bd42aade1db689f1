import {
  type Clock,
  err,
  errorText,
  ok,
  type Random,
  type Result,
  type WallMs,
  wallMs,
} from '../base/index.ts';
import {
  type DiscrepancyDocument,
  type DiscrepancyEntry,
  type DiscrepancyKey,
  type DiscrepancyStore,
  ownReportTypes,
  resolutions,
} from './discrepancy.ts';
import type { Actor, Logger, Timer } from './ports.ts';

/** The status codes of the service, and `badDocument` for what it calls 454 (Unspecified Error). */
export type DiscrepancyFault =
  | 'badDocument'
  | 'notOurs'
  | 'reporterUnauthorized'
  | 'responderUnauthorized'
  | 'unknownReport'
  | 'alreadyResolved'
  | 'notYet';

/** What a request comes to that is refused. */
export interface DiscrepancyRefusal {
  readonly fault: DiscrepancyFault;
  readonly reason: string;
}

type Answer<T> = Promise<Result<T, DiscrepancyRefusal>>;

/** Who we are, and how long we take. */
export interface DiscrepancyOptions {
  readonly agencyName: string;
  /** A jCard (RFC 7095) as text: whom to ask. */
  readonly contactJcard: string;
  /** Where resolutions of our reports are to be sent. */
  readonly resolutionUri: string | undefined;
  /** How long an answer takes, about. */
  readonly estimatedMs: number;
  /** Attempts at sending, after which it is given up; waits double from `firstRetryMs` on. */
  readonly attemptsMax: number;
  readonly firstRetryMs: number;
  readonly retryMaxMs: number;
  /** How often what is due is looked for. */
  readonly pollMs: number;
}

/** Values for an ordinary server. */
export const defaultDiscrepancyTimes = {
  estimatedMs: 7 * 86_400_000,
  attemptsMax: 20,
  firstRetryMs: 30_000,
  retryMaxMs: 6 * 3_600_000,
  pollMs: 5_000,
} as const;

export interface DiscrepancyPorts {
  readonly store: DiscrepancyStore;
  /** Sends a document; resolves with the status and the JSON of the answer. Rejects where there was none. */
  readonly post: (
    uri: string,
    document: DiscrepancyDocument,
    /** The operator wrote the URI; else the other side did, and it is held to the rules of outbound HTTP. */
    isTrusted: boolean,
  ) => Promise<{ readonly statusCode: number; readonly document: DiscrepancyDocument | undefined }>;
  readonly clock: Clock;
  readonly random: Random;
  readonly timer: Timer;
  readonly logger: Logger;
}

/** What an operator says of a report of others. */
export interface DiscrepancyReply {
  readonly agentId: string | undefined;
  readonly comments: string | undefined;
}

/** Takes, answers and sends discrepancy reports. */
export interface DiscrepancyService {
  /** A report of others; answers the response to it. Sending one twice is answered as once. */
  receive(document: DiscrepancyDocument, actor: Actor): Answer<DiscrepancyDocument>;
  statusOf(agency: string, reportId: string): Answer<DiscrepancyDocument>;
  resolutionOf(agency: string, reportId: string): Answer<DiscrepancyDocument>;
  /** What others say of a report of ours. */
  receiveResolution(document: DiscrepancyDocument, actor: Actor): Answer<DiscrepancyEntry>;
  /** Says when a report of others will be answered. */
  setStatus(
    key: DiscrepancyKey,
    status: DiscrepancyReply & { readonly estimatedAt: WallMs },
    actor: Actor,
  ): Answer<DiscrepancyEntry>;
  /** Answers a report of others; the answer is sent to its resolution URI too. */
  resolve(
    key: DiscrepancyKey,
    resolution: DiscrepancyReply & { readonly resolution: string },
    actor: Actor,
  ): Answer<DiscrepancyEntry>;
  /** Queues a report of ours; what is said of us is filled in. */
  submit(
    of: { readonly targetUri: string; readonly document: DiscrepancyDocument },
    actor: Actor,
  ): Answer<DiscrepancyEntry>;
  /** Sends what is due, once. */
  sendDue(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

const required = [
  'resolutionUri',
  'reportType',
  'discrepancyReportSubmitTimeStamp',
  'discrepancyReportId',
  'reportingAgencyName',
  'reportingContactJcard',
  'problemSeverity',
] as const;
const sentAtOnce = 10;
/** What is taken for an attempt is not taken again for so long. */
const attemptMs = 60_000;
const textMax = 254;

/** Makes the service. */
export function createDiscrepancyService(
  options: DiscrepancyOptions,
  ports: DiscrepancyPorts,
): DiscrepancyService {
  return new Service(options, ports);
}

class Service implements DiscrepancyService {
  readonly #options: DiscrepancyOptions;
  readonly #ports: DiscrepancyPorts;
  #cancelTimer: (() => void) | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: DiscrepancyOptions, ports: DiscrepancyPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  async receive(document: DiscrepancyDocument, actor: Actor): Answer<DiscrepancyDocument> {
    const read = readReport(document);
    if (!read.ok) return read;
    if (!ownReportTypes.includes(read.value.reportType)) {
      return refuse('notOurs', `${read.value.reportType} concerns no service of ours`);
    }
    const now = this.#ports.clock.wall();
    const response = {
      ...this.#weAre(),
      responseEstimatedReturnTime: moment(now + this.#options.estimatedMs),
    };
    const entry: DiscrepancyEntry = {
      ...read.value,
      ...untouched,
      direction: 'in',
      receivedAt: now,
      state: 'open',
      report: document,
      response,
      status: response,
    };
    if ((await this.#ports.store.addDiscrepancy(entry, actor)) === 'added') return ok(response);
    const known = await this.#ports.store.getDiscrepancy(entry);
    if (known !== undefined && JSON.stringify(sorted(known.report)) === JSON.stringify(sorted(document))) {
      return ok(known.response ?? response);
    }
    return refuse('badDocument', 'a report of that agency and id is here already, and says something else');
  }

  async statusOf(agency: string, reportId: string): Answer<DiscrepancyDocument> {
    const entry = await this.#received(agency, reportId);
    if (entry === undefined) return unknownReport();
    if (entry.resolution !== undefined)
      return refuse('alreadyResolved', 'the report was answered; ask for its resolution');
    const { status } = entry;
    return status === undefined ? refuse('badDocument', 'there is no status') : ok(status);
  }

  async resolutionOf(agency: string, reportId: string): Answer<DiscrepancyDocument> {
    const entry = await this.#received(agency, reportId);
    if (entry === undefined) return unknownReport();
    return entry.resolution === undefined
      ? refuse('notYet', 'the report has not been answered yet')
      : ok(entry.resolution);
  }

  async receiveResolution(document: DiscrepancyDocument, actor: Actor): Answer<DiscrepancyEntry> {
    const reportId = textOf(document, 'discrepancyReportId');
    const agency = textOf(document, 'reportingAgencyName');
    const resolution = textOf(document, 'resolution');
    if (reportId === undefined || agency === undefined || resolution === undefined) {
      return refuse(
        'badDocument',
        'discrepancyReportId, reportingAgencyName and resolution have to be there',
      );
    }
    if (!resolutions.includes(resolution)) return refuse('badDocument', `${resolution} is no resolution`);
    const key = { direction: 'out', reportingAgency: agency, reportId } as const;
    const change = {
      state: 'resolved',
      resolution: document,
      resolvedAt: this.#ports.clock.wall(),
      nextAttemptAt: undefined,
    } as const;
    const entry = await this.#ports.store.changeDiscrepancy(key, change, actor);
    return entry === undefined ? unknownReport() : ok(entry);
  }

  async setStatus(
    key: DiscrepancyKey,
    { agentId, comments, estimatedAt }: DiscrepancyReply & { readonly estimatedAt: WallMs },
    actor: Actor,
  ): Answer<DiscrepancyEntry> {
    const entry = await this.#ports.store.getDiscrepancy(key);
    if (entry === undefined || entry.direction !== 'in') return unknownReport();
    if (entry.resolution !== undefined) return refuse('alreadyResolved', 'the report was answered already');
    const status = {
      ...this.#weAre(agentId),
      responseEstimatedReturnTime: moment(estimatedAt),
      ...(comments === undefined ? {} : { statusComments: comments }),
    };
    return changed(await this.#ports.store.changeDiscrepancy(key, { status }, actor));
  }

  async resolve(
    key: DiscrepancyKey,
    { agentId, comments, resolution }: DiscrepancyReply & { readonly resolution: string },
    actor: Actor,
  ): Answer<DiscrepancyEntry> {
    if (!resolutions.includes(resolution)) return refuse('badDocument', `${resolution} is no resolution`);
    const entry = await this.#ports.store.getDiscrepancy(key);
    if (entry === undefined || entry.direction !== 'in') return unknownReport();
    const now = this.#ports.clock.wall();
    const document = {
      ...this.#weAre(agentId),
      discrepancyReportId: entry.reportId,
      reportingAgencyName: entry.reportingAgency,
      problemService: textOf(entry.report, 'problemService') ?? entry.reportType,
      responseTime: moment(now),
      ...(comments === undefined ? {} : { responseComments: comments }),
      resolution,
    };
    const uri = textOf(entry.report, 'resolutionUri');
    const change = {
      state: 'resolved',
      resolution: document,
      resolvedAt: now,
      targetUri: uri,
      attempts: 0,
      nextAttemptAt: uri === undefined ? undefined : now,
      lastFailure: undefined,
    } as const;
    return changed(await this.#ports.store.changeDiscrepancy(key, change, actor));
  }

  async submit(
    { targetUri, document }: { readonly targetUri: string; readonly document: DiscrepancyDocument },
    actor: Actor,
  ): Answer<DiscrepancyEntry> {
    const now = this.#ports.clock.wall();
    const report = {
      resolutionUri: this.#options.resolutionUri,
      problemSeverity: 'Moderate',
      ...document,
      discrepancyReportSubmitTimeStamp: moment(now),
      discrepancyReportId: textOf(document, 'discrepancyReportId') ?? this.#ports.random.token(20),
      reportingAgencyName: this.#options.agencyName,
      reportingContactJcard: this.#options.contactJcard,
    };
    const read = readReport(report);
    if (!read.ok) return read;
    const entry: DiscrepancyEntry = {
      ...read.value,
      ...untouched,
      direction: 'out',
      receivedAt: now,
      state: 'queued',
      report,
      targetUri,
      nextAttemptAt: now,
    };
    if ((await this.#ports.store.addDiscrepancy(entry, actor)) === 'added') return ok(entry);
    return refuse('badDocument', `a report ${entry.reportId} of ours is here already`);
  }

  async sendDue(): Promise<void> {
    const now = this.#ports.clock.wall();
    for (const entry of await this.#ports.store.takeDue(now, wallMs(now + attemptMs), sentAtOnce)) {
      if (this.#isStopped) return;
      await this.#send(entry);
    }
  }

  start(): void {
    const again = () => {
      if (this.#isStopped) return;
      this.#cancelTimer = this.#ports.timer(this.#options.pollMs, () => {
        this.#sending = this.sendDue().catch((thrown: unknown) =>
          this.#ports.logger.warn('discrepancy.sendFailed', { reason: errorText(thrown) }),
        );
        void this.#sending.then(again);
      });
    };
    again();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#sending;
  }

  async #send(entry: DiscrepancyEntry): Promise<void> {
    const isReport = entry.direction === 'out';
    const document = isReport ? entry.report : entry.resolution;
    if (entry.targetUri === undefined || document === undefined) return;
    const attempts = entry.attempts + 1;
    try {
      const { statusCode, document: answer } = await this.#ports.post(entry.targetUri, document, isReport);
      if (statusCode >= 200 && statusCode < 300) {
        const sent = { attempts, nextAttemptAt: undefined, lastFailure: undefined };
        const response = isReport ? ({ state: 'sent', response: answer } as const) : {};
        await this.#ports.store.changeDiscrepancy(entry, { ...sent, ...response }, undefined);
        return;
      }
      // Refusals of what was sent (454, 470 to 473) do not change by asking again; a server in trouble may.
      const isFinal = statusCode >= 400 && statusCode < 500 && ![408, 425, 429].includes(statusCode);
      await this.#failed(entry, { attempts, reason: `it was answered with ${statusCode}`, isFinal });
    } catch (thrown) {
      await this.#failed(entry, { attempts, reason: errorText(thrown), isFinal: false });
    }
  }

  async #failed(
    entry: DiscrepancyEntry,
    of: { readonly attempts: number; readonly reason: string; readonly isFinal: boolean },
  ): Promise<void> {
    const { attempts, reason: lastFailure } = of;
    const { attemptsMax, firstRetryMs, retryMaxMs } = this.#options;
    const isOver = of.isFinal || attempts >= attemptsMax;
    const waitMs = Math.min(retryMaxMs, firstRetryMs * 2 ** (attempts - 1));
    const nextAttemptAt = isOver ? undefined : wallMs(this.#ports.clock.wall() + waitMs);
    const state = isOver && entry.direction === 'out' ? { state: 'failed' as const } : {};
    this.#ports.logger.warn('discrepancy.notSent', {
      reportId: entry.reportId,
      attempts,
      isOver,
      reason: lastFailure,
    });
    await this.#ports.store.changeDiscrepancy(
      entry,
      { attempts, lastFailure, nextAttemptAt, ...state },
      undefined,
    );
  }

  async #received(reportingAgency: string, reportId: string): Promise<DiscrepancyEntry | undefined> {
    return await this.#ports.store.getDiscrepancy({ direction: 'in', reportingAgency, reportId });
  }

  #weAre(agentId?: string): DiscrepancyDocument {
    const { agencyName, contactJcard } = this.#options;
    return {
      respondingAgencyName: agencyName,
      respondingContactJcard: contactJcard,
      ...(agentId === undefined ? {} : { respondingAgentId: agentId }),
    };
  }
}

const untouched = {
  response: undefined,
  status: undefined,
  resolution: undefined,
  resolvedAt: undefined,
  targetUri: undefined,
  attempts: 0,
  nextAttemptAt: undefined,
  lastFailure: undefined,
} as const;

type ReadReport = Pick<
  DiscrepancyEntry,
  'reportingAgency' | 'reportId' | 'reportType' | 'problem' | 'severity' | 'submittedAt'
>;

function readReport(document: DiscrepancyDocument): Result<ReadReport, DiscrepancyRefusal> {
  const missing = required.filter((name) => textOf(document, name) === undefined);
  if (missing.length > 0) {
    const reason = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
    return { ok: false, error: { fault: 'badDocument', reason } };
  }
  const long = required.filter(
    (name) => name !== 'reportingContactJcard' && (textOf(document, name)?.length ?? 0) > textMax,
  );
  if (long.length > 0)
    return { ok: false, error: { fault: 'badDocument', reason: `${long.join(', ')} too long` } };
  const submittedAt = Date.parse(textOf(document, 'discrepancyReportSubmitTimeStamp') ?? '');
  if (Number.isNaN(submittedAt)) {
    return {
      ok: false,
      error: { fault: 'badDocument', reason: 'discrepancyReportSubmitTimeStamp is no moment' },
    };
  }
  if (!URL.canParse(textOf(document, 'resolutionUri') ?? '')) {
    return { ok: false, error: { fault: 'badDocument', reason: 'resolutionUri is no URI' } };
  }
  return ok({
    reportingAgency: textOf(document, 'reportingAgencyName') ?? '',
    reportId: textOf(document, 'discrepancyReportId') ?? '',
    reportType: textOf(document, 'reportType') ?? '',
    problem: textOf(document, 'problem'),
    severity: textOf(document, 'problemSeverity') ?? '',
    submittedAt: wallMs(submittedAt),
  });
}

function textOf(document: DiscrepancyDocument, name: string): string | undefined {
  const value = document[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function sorted(document: DiscrepancyDocument): readonly unknown[] {
  return Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1));
}

function moment(at: number): string {
  return new Date(at).toISOString();
}

function refuse(fault: DiscrepancyFault, reason: string): Result<never, DiscrepancyRefusal> {
  return err({ fault, reason });
}

function unknownReport(): Result<never, DiscrepancyRefusal> {
  return refuse('unknownReport', 'there is no such report');
}

function changed(entry: DiscrepancyEntry | undefined): Result<DiscrepancyEntry, DiscrepancyRefusal> {
  return entry === undefined ? unknownReport() : ok(entry);
}
