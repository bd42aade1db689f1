/** What reading a body may cost. */
export interface BodyLimits {
  /** Multiparts inside multiparts; a deeper one stays a leaf (`body.tooDeep`). */
  readonly depthMax: number;
  /** Parts of one body, all levels together; the rest is left out (`body.tooManyParts`). */
  readonly partsMax: number;
  /** Header lines of one part that are looked at. */
  readonly partHeadersMax: number;
  /** Bytes of one part's headers that are looked at; the content follows them all the same. */
  readonly partHeadBytesMax: number;
}

/** Far above what devices send (three or four parts, two levels), low enough that a hostile body costs nothing. */
export const defaultBodyLimits: BodyLimits = {
  depthMax: 8,
  partsMax: 1_000,
  partHeadersMax: 100,
  partHeadBytesMax: 65_536,
};
