import type { ServerProcess } from '../support/server-process.ts';
import { type Call, invite, multipartBody, pointInfo } from './emergency.ts';
import { listed, type Peer, type Received, response, udpPeer, value } from './peer.ts';

const manhattan = { lat: 40.7484, lon: -73.9857 };

/** The two ends of calls through one server. */
export interface Ends {
  readonly caller: Peer;
  readonly psap: Peer;
}

/** A caller and an answering point at the port that the demo boundaries name. */
export async function openEnds(server: ServerProcess): Promise<Ends> {
  const address = { address: '127.0.0.1', port: server.sipPort };
  return { caller: await udpPeer(address), psap: await udpPeer(address, { port: server.psapPort }) };
}

/** Ends both. */
export async function closeEnds(ends: Ends): Promise<void> {
  await Promise.all([ends.caller.close(), ends.psap.close()]);
}

/** Places a call from Manhattan. */
export function place(ends: Ends): Call {
  const call = invite(ends.caller, { body: multipartBody(pointInfo(manhattan)) });
  ends.caller.send(call.bytes);
  return call;
}

/** The call as it comes to the PSAP's port, answered; others' messages are passed over. */
export async function answerCall(ends: Ends, call: Call): Promise<Received> {
  for (;;) {
    const request = await ends.psap.next(/^INVITE /);
    if (value(request, 'Call-ID') !== call.callId) continue;
    const contact = `Contact: <sip:p@127.0.0.1:${ends.psap.port}>`;
    ends.psap.send(response(request, '200 OK', { toTag: 'x', headers: [contact] }));
    await ends.caller.next(/^SIP\/2\.0 200 /);
    return request;
  }
}

/** Places a call and resolves to the top Route that it came to the PSAP with. */
export async function routeThrough(ends: Ends): Promise<string> {
  return listed(await answerCall(ends, place(ends)), 'Route')[0] ?? '';
}

/** The same with ends of its own. */
export async function routeOf(server: ServerProcess): Promise<string> {
  const ends = await openEnds(server);
  try {
    return await routeThrough(ends);
  } finally {
    await closeEnds(ends);
  }
}
