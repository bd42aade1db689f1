import type { ServiceUrn } from '../../base/index.ts';
import type { Actor, LoadOptions, LoadOutcome } from '../../esrp/index.ts';
import type { OperationPorts, RequestBody } from '../operation.ts';
import { jsonReply, type Outcome, ProblemError, problem } from '../problem.ts';
import { datasetToWire, featureNoteToWire } from '../wire/dataset.ts';

interface LoadRequest extends Pick<LoadOptions, 'name' | 'source' | 'invalidGeometry'> {
  readonly defaultServiceUrn: ServiceUrn | undefined;
  readonly isActivated: boolean;
}

/** Streams an uploaded boundary file through the reader into a new dataset, and tells what became of it. */
export async function loadFromUpload(
  request: LoadRequest,
  body: RequestBody,
  actor: Actor,
  ports: OperationPorts,
): Promise<Outcome> {
  const { defaultServiceUrn, isActivated, ...options } = request;
  const upload = watchedUpload(body);
  try {
    const features = ports.readGeoJson(upload.chunks, { defaultServiceUrn });
    const outcome = await ports.boundaries.load(features, { ...options, actor });
    if (outcome.kind === 'refused') return refusal(outcome, ports.limits.listedFeaturesMax);
    const { dataset: loaded, repaired } = outcome;
    const dataset = isActivated ? ((await ports.boundaries.activate(loaded.id, actor)) ?? loaded) : loaded;
    const answer = {
      dataset: datasetToWire(dataset),
      repairedCount: repaired.length,
      repaired: repaired.slice(0, ports.limits.listedFeaturesMax).map(featureNoteToWire),
    };
    return jsonReply(201, answer, { headers: { Location: `/api/v1/datasets/${dataset.id}` } });
  } catch (thrown) {
    // The store may wrap what its source threw; the upload itself says what it was.
    const failure = upload.failure();
    if (failure instanceof ProblemError) return failure.problem;
    throw thrown;
  }
}

function refusal(outcome: Extract<LoadOutcome, { kind: 'refused' }>, listedMax: number): Outcome {
  const refusedCount = outcome.refused.length;
  const count = `${refusedCount} of ${outcome.readCount} features cannot be used`;
  return problem('http.loadRefused', `${count}; nothing was changed`, {
    extensions: {
      readCount: outcome.readCount,
      refusedCount,
      refused: outcome.refused.slice(0, listedMax).map(featureNoteToWire),
    },
  });
}

/** An upload whose own failure is remembered. */
export interface WatchedUpload {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What the source threw, if it did. */
  failure(): unknown;
}

/** Takes a body that is read by others, which may wrap what it threw. */
export function watchedUpload(body: RequestBody): WatchedUpload {
  const source = body.kind === 'upload' ? body.chunks : empty();
  let failure: unknown;
  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    }
  }
  return { chunks: pass(), failure: () => failure };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
