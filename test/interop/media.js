import { expect } from 'vitest';
import { select, sessionDescription } from './trace.js';
/** Expects that offer and answer of the caller's last call came through as they were sent, and the INVITE's whole body. */
export function expectSameMedia(caller, psap) {
    const invited = select(caller, { startLine: /^INVITE / }).at(-1);
    if (invited === undefined)
        throw new Error('the caller logged no INVITE');
    const { callId } = invited;
    const arrived = select(psap, { callId, startLine: /^INVITE / }).at(-1);
    expect(arrived?.body).toBe(invited.body);
    expect(sessionDescription(invited)).toContain('m=audio');
    const accepted = { callId, startLine: /^SIP\/2\.0 200/, method: 'INVITE' };
    const [given] = select(psap, accepted);
    const [taken] = select(caller, accepted);
    expect(taken?.body).toBe(given?.body);
    expect(given?.body).toContain('m=audio');
}
