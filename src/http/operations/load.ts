import type { Actor, LoadOptions, SourceFeature } from '../../esrp/index.ts';
import type { OperationPorts, RequestBody } from '../operation.ts';
import { jsonReply, type Outcome, ProblemError, problem } from '../problem.ts';
import { datasetToWire, featureNoteToWire } from '../wire/dataset.ts';

interface LoadRequest extends Pick<LoadOptions, 'name' | 'source' | 'invalidGeometry'> {
  readonly isActivated: boolean;
}

/** Streams an uploaded boundary file through the reader into a new dataset, and tells what became of it. */
export async function loadFromUpload(
  request: LoadRequest,
  body: RequestBody,
  actor: Actor,
  ports: OperationPorts,
): Promise<Outcome> {
  const { name, source, invalidGeometry, isActivated } = request;
  const chunks = watched(body.kind === 'upload' ? body.chunks : empty());
  const features = watched(ports.readGeoJson(chunks.items));
  try {
    const outcome = await ports.boundaries.load(features.items, { name, source, actor, invalidGeometry });
    const listed = ports.limits.listedFeaturesMax;
    if (outcome.kind === 'refused') {
      const refusedCount = outcome.refused.length;
      return problem(
        'http.loadRefused',
        `${refusedCount} of ${outcome.readCount} features cannot be used; nothing was changed`,
        {
          extensions: {
            readCount: outcome.readCount,
            refusedCount,
            refused: outcome.refused.slice(0, listed).map(featureNoteToWire),
          },
        },
      );
    }
    const loaded = outcome.dataset;
    const dataset = isActivated ? ((await ports.boundaries.activate(loaded.id, actor)) ?? loaded) : loaded;
    const answer = {
      dataset: datasetToWire(dataset),
      repairedCount: outcome.repaired.length,
      repaired: outcome.repaired.slice(0, listed).map(featureNoteToWire),
    };
    return jsonReply(201, answer, { headers: { Location: `/api/v1/datasets/${dataset.id}` } });
  } catch (thrown) {
    // The store may wrap what its source threw; the source itself says what it was.
    const failure = chunks.failure() ?? features.failure() ?? thrown;
    if (failure instanceof ProblemError) return failure.problem;
    if (failure === features.failure() && isCoded(failure)) {
      const detail = `${failure.message}; nothing was changed`;
      return problem('http.sourceUnreadable', detail, { extensions: { cause: failure.code } });
    }
    throw failure;
  }
}

interface Watched<T> {
  readonly items: AsyncIterable<T>;
  /** What the source threw, if it did. */
  failure(): unknown;
}

function watched<T extends Uint8Array | SourceFeature>(source: AsyncIterable<T>): Watched<T> {
  let failure: unknown;
  async function* pass(): AsyncGenerator<T> {
    try {
      yield* source;
    } catch (thrown) {
      failure = thrown;
      throw thrown;
    }
  }
  return { items: pass(), failure: () => failure };
}

function isCoded(thrown: unknown): thrown is Error & { readonly code: string } {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
}

async function* empty(): AsyncGenerator<Uint8Array> {}
