/** What a message may cost. Sizes in bytes. */
export interface MessageLimits {
  /** Start line and headers together; more is no message (`message.headTooLarge`). */
  readonly headBytesMax: number;
  /** A longer start line is a defect (414). */
  readonly startLineBytesMax: number;
  /** A longer Request-URI is a defect (414). */
  readonly uriBytesMax: number;
  /** More header lines are a defect (513); they are still read, as the bytes bound them. */
  readonly headersMax: number;
  /** A longer body is a defect (513). */
  readonly bodyBytesMax: number;
}

/**
 * Room for what emergency calls really carry (Identity and Call-Info headers above 10 kB, location and additional data
 * in the body), and for the largest datagram.
 */
export const defaultMessageLimits: MessageLimits = {
  headBytesMax: 65_536,
  startLineBytesMax: 8_192,
  uriBytesMax: 2_048,
  headersMax: 300,
  bodyBytesMax: 1_048_576,
};
