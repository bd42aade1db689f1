export { addPart, type BodyReplacement, type NoPartReason } from './add-part.ts';
export { decodePart } from './decode.ts';
export { type BodyErrorCode, bodyErrors } from './errors.ts';
export { type BodyLimits, defaultBodyLimits } from './limits.ts';
export { contentType, parseMediaType } from './media-type.ts';
export { leaves, readBody, readMultipart } from './parse.ts';
export { type PartHead, readPartHead } from './part-head.ts';
export { type PartToWrite, writeMultipart } from './serialize.ts';
export type { BodyPart, BodyTree, MediaType } from './types.ts';
