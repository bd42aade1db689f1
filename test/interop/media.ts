import { expect } from 'vitest';
import { select, sessionDescription, type TracedMessage } from './trace.ts';

/** Expects that offer and answer of the caller's last call came through as they were sent. */
export function expectSameMedia(caller: readonly TracedMessage[], psap: readonly TracedMessage[]): void {
  const { invited, arrived } = invitesOf(caller, psap);
  const offer = sessionDescription(invited);
  expect(offer).toContain('m=audio');
  expect(sessionDescription(arrived)).toBe(offer);
  const accepted = { startLine: /^SIP\/2\.0 200/, method: 'INVITE' };
  const [given] = select(psap, { ...accepted, callId: arrived.callId });
  const [taken] = select(caller, { ...accepted, callId: invited.callId });
  expect(given?.body).toContain('m=audio');
  expect(taken?.body).toBe(given?.body);
}

/** Expects that the whole body of the caller's last INVITE came through byte for byte. */
export function expectSameBody(caller: readonly TracedMessage[], psap: readonly TracedMessage[]): void {
  const { invited, arrived } = invitesOf(caller, psap);
  expect(arrived.body).toBe(invited.body);
}

function invitesOf(caller: readonly TracedMessage[], psap: readonly TracedMessage[]) {
  const invited = select(caller, { startLine: /^INVITE / }).at(-1);
  if (invited === undefined) throw new Error('the caller logged no INVITE');
  const arrived = select(psap, { callId: invited.callId, startLine: /^INVITE / }).at(-1);
  if (arrived === undefined) throw new Error('the PSAP logged no INVITE of that call');
  return { invited, arrived };
}
