import { defaultMessageLimits } from '../message/index.ts';

/** What one message may take of a stream. {@link MessageLimits} of the parser fits. Sizes in bytes. */
export interface FramingLimits {
  /** Start line and headers; also how much is kept while the head's end has not come. */
  readonly headBytesMax: number;
  readonly startLineBytesMax: number;
  readonly bodyBytesMax: number;
}

export const defaultFramingLimits: FramingLimits = defaultMessageLimits;
