import { expect } from 'vitest';
import {
  bracketed,
  type Call,
  hostPort,
  type InviteOptions,
  inDialog,
  invite,
  uriTransport,
} from './emergency.ts';
import { listed, type Peer, type Received, response, value } from './peer.ts';

// A call from its INVITE to its BYE, whatever lies between the two sides and the server.

/** An answered call, with the routes that each side has of it. */
export interface Dialog {
  readonly call: Call;
  readonly caller: Peer;
  readonly psap: Peer;
  /** The INVITE as the PSAP received it, and the 200 as the caller did. */
  readonly request: Received;
  readonly ok: Received;
  readonly callerRoutes: readonly string[];
  readonly psapRoutes: readonly string[];
}

export interface EstablishOptions extends InviteOptions {
  /** URI of the PSAP's Contact; at its address by its transport unless given. */
  readonly psapContact?: string;
  readonly timeoutMs?: number;
}

/** Places a call that the PSAP answers, and acknowledges it. */
export async function establish(caller: Peer, psap: Peer, options: EstablishOptions = {}): Promise<Dialog> {
  const call = invite(caller, options);
  caller.send(call.bytes);
  return established({ call, caller, psap }, options);
}

/** The same for a call that was sent already. */
export async function established(
  ends: { readonly call: Call; readonly caller: Peer; readonly psap: Peer },
  options: EstablishOptions = {},
): Promise<Dialog> {
  const { call, caller, psap } = ends;
  const request = await inviteOf(call, psap, options.timeoutMs);
  const contact = options.psapContact ?? `sip:calltaker@${hostPort(psap)};transport=${uriTransport(psap)}`;
  const headers = [`Contact: <${contact}>`];
  psap.send(response(request, '200 OK', { toTag: 'psap', headers }), request.source);
  const ok = await responseTo(call, caller, /^SIP\/2\.0 200 /, options.timeoutMs);
  const dialog = {
    call,
    caller,
    psap,
    request,
    ok,
    callerRoutes: [...listed(ok, 'Record-Route')].reverse(),
    psapRoutes: listed(request, 'Record-Route'),
  };
  caller.send(fromCaller(dialog, 'ACK', 1));
  await psap.next(/^ACK /);
  return dialog;
}

/** Places a call that some PSAP answers by itself, and hangs up; resolves to the milliseconds until its answer. */
export async function callThrough(
  caller: Peer,
  options: InviteOptions & { readonly timeoutMs?: number } = {},
): Promise<number> {
  const call = invite(caller, options);
  const startedAt = performance.now();
  caller.send(call.bytes);
  const ok = await responseTo(call, caller, /^SIP\/2\.0 [2-6]/, options.timeoutMs);
  expect(ok.startLine).toBe('SIP/2.0 200 OK');
  const tookMs = performance.now() - startedAt;
  const later = (method: string, cseq: number) =>
    inDialog(caller, {
      method,
      target: bracketed(value(ok, 'Contact')),
      routes: [...listed(ok, 'Record-Route')].reverse(),
      from: value(ok, 'From'),
      to: value(ok, 'To'),
      callId: call.callId,
      cseq,
    });
  caller.send(later('ACK', 1));
  caller.send(later('BYE', 2));
  await caller.next(/^SIP\/2\.0 200 /, options.timeoutMs);
  return tookMs;
}

/** Ends a call from one side; the other must be asked along its way, and its answer must come back. */
export async function hangUp(dialog: Dialog, side: 'caller' | 'psap'): Promise<void> {
  const { caller, psap } = dialog;
  if (side === 'caller') caller.send(fromCaller(dialog, 'BYE', 2));
  else psap.send(fromPsap(dialog, 'BYE', 1), dialog.request.source);
  const [from, to] = side === 'caller' ? [caller, psap] : [psap, caller];
  const bye = await to.next(/^BYE /);
  expect(value(bye, 'Call-ID')).toBe(dialog.call.callId);
  to.send(response(bye, '200 OK'), bye.source);
  for (;;) {
    const answer = await from.next(/^SIP\/2\.0 200 /);
    if (value(answer, 'CSeq').endsWith('BYE')) return;
  }
}

/** The INVITE of a call at a PSAP; those of others are passed over. */
export async function inviteOf(call: Call, psap: Peer, timeoutMs?: number): Promise<Received> {
  for (;;) {
    const request = await psap.next(/^INVITE /, timeoutMs);
    if (value(request, 'Call-ID') === call.callId) return request;
  }
}

/** The response to a call's INVITE at its caller. */
export async function responseTo(
  call: Call,
  caller: Peer,
  startLine = /^SIP\/2\.0 [2-6]/,
  timeoutMs?: number,
): Promise<Received> {
  for (;;) {
    const answer = await caller.next(startLine, timeoutMs);
    if (value(answer, 'Call-ID') === call.callId && value(answer, 'CSeq').endsWith('INVITE')) return answer;
  }
}

function fromCaller(dialog: Dialog, method: string, cseq: number): string {
  return inDialog(dialog.caller, {
    method,
    target: bracketed(value(dialog.ok, 'Contact')),
    routes: dialog.callerRoutes,
    from: value(dialog.request, 'From'),
    to: value(dialog.ok, 'To'),
    callId: dialog.call.callId,
    cseq,
  });
}

function fromPsap(dialog: Dialog, method: string, cseq: number): string {
  return inDialog(dialog.psap, {
    method,
    target: bracketed(value(dialog.request, 'Contact')),
    routes: dialog.psapRoutes,
    from: value(dialog.ok, 'To'),
    to: value(dialog.request, 'From'),
    callId: dialog.call.callId,
    cseq,
  });
}
