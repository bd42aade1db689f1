import {
  MessageDraft,
  type MessageLimits,
  parseMessage,
  type SipRequest,
  type SipResponse,
} from '../message/index.ts';
import type { AttemptTarget } from './attempt.ts';
import type { TargetAddition } from './types.ts';

/** The target without its addition, where it is the addition that this status refuses; undefined: it is not. */
export function withoutRefusedAddition(target: AttemptTarget, statusCode: number): AttemptTarget | undefined {
  if (target.addition?.refusedBy.includes(statusCode) !== true) return undefined;
  const { addition: _refused, ...plain } = target;
  return plain;
}

/** A response without the headers that speak of the addition; itself where it has none. */
export function withoutConcealed(
  response: SipResponse,
  addition: TargetAddition | undefined,
  limits: MessageLimits,
): SipResponse {
  if (addition === undefined) return response;
  const draft = new MessageDraft(response);
  const found = addition.concealed.filter((name) => draft.has(name));
  if (found.length === 0) return response;
  for (const name of found) draft.removeAll(name);
  const outcome = parseMessage(draft.toBytes(), { framing: 'datagram', limits });
  return outcome.kind === 'message' && outcome.message.kind === 'response' ? outcome.message : response;
}

/** About what a request gains on its way through: Via, Record-Route, Route and the decision's headers. */
const growthBytes = 500;

/** About how large a request will be when it leaves for a target. */
export function sentBytes(request: SipRequest, { addition }: AttemptTarget): number {
  let bytes = request.bytes.length + growthBytes;
  if (addition === undefined) return bytes;
  if (addition.body !== undefined) bytes += addition.body.bytes.length - request.body.length;
  for (const { name, value } of addition.edits) bytes += name.length + value.length + 4;
  return bytes;
}
