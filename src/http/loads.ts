import type { LoadProgress } from '../esrp/index.ts';

/** A load that is under way. */
export interface LoadUnderWay {
  /** As its client named it, so that it knows its own among others. */
  readonly key: string | undefined;
  readonly name: string;
  readonly source: string;
  /** Monotonic, ms. */
  readonly startedAt: number;
  readonly receivedBytes: number;
  /** Undefined until the first feature is stored. */
  readonly progress: LoadProgress | undefined;
}

/** What a load tells of itself. */
export interface LoadTicket {
  /** Counts the bytes that go by. */
  count(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  note(progress: LoadProgress): void;
  end(): void;
}

/** The loads that this process works on, for those who wait for them. */
export class LoadsUnderWay {
  readonly #loads = new Set<{ -readonly [Key in keyof LoadUnderWay]: LoadUnderWay[Key] }>();

  begin(load: Pick<LoadUnderWay, 'key' | 'name' | 'source'>): LoadTicket {
    const kept = { ...load, startedAt: performance.now(), receivedBytes: 0, progress: undefined };
    const entry: { -readonly [Key in keyof LoadUnderWay]: LoadUnderWay[Key] } = kept;
    this.#loads.add(entry);
    return {
      async *count(chunks) {
        for await (const chunk of chunks) {
          entry.receivedBytes += chunk.length;
          yield chunk;
        }
      },
      note: (progress) => {
        entry.progress = progress;
      },
      end: () => {
        this.#loads.delete(entry);
      },
    };
  }

  list(): readonly LoadUnderWay[] {
    return [...this.#loads];
  }
}
