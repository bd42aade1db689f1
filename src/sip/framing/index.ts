export { datagramKind } from './datagram.ts';
export { type FramingErrorCode, framingErrors } from './errors.ts';
export { defaultFramingLimits, type FramingLimits } from './limits.ts';
export { StreamFramer } from './stream-framer.ts';
export { answerStun, type StunOutcome } from './stun.ts';
export type { DatagramKind, FramedItem } from './types.ts';
