import type { Refusal } from './types.ts';

/** What a source's bytes turn out to be while they are streamed: thrown through the stream, and a refusal at its end. */
export class SourceFault extends Error {
  override readonly name = 'SourceFault';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}
