export type { BodyPart, BodyTree, MediaType } from './types.ts';
