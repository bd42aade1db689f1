import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildResponse, contacts, defaultMessageLimits, headerValue, headerValues, parseMessage, recordRoutes, } from '../../../src/sip/index.js';
import { startLiveProxy } from '../../support/live-proxy.js';
import { eventually, rawUdp } from '../../support/net-loopback.js';
import { makeAuthority } from '../../support/net-tls.js';
import { forwardTo } from '../../support/proxy-harness.js';
import { sdp } from '../../system/emergency.js';
import { startBrowserPhone } from './phone.js';
// The two SIP stacks of browsers against the proxy core on real sockets: what they send is taken, and they take what it
// sends. Calls through the whole server are in the tests beside this folder.
let authority;
let certificate;
const open = [];
beforeAll(async () => {
    authority = await makeAuthority();
    certificate = await authority.issue({ altNames: ['IP:127.0.0.1'] });
});
afterAll(() => authority.remove());
afterEach(async () => {
    for (const close of open.splice(0).reverse())
        await close();
});
async function psapBehind(proxy) {
    const udp = await rawUdp();
    open.push(async () => udp.socket.close());
    const inbox = [];
    udp.socket.on('message', (bytes) => {
        const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
        if (outcome.kind === 'message')
            inbox.push(outcome.message);
    });
    const place = `127.0.0.1:${udp.endpoint.port}`;
    const { address, port } = proxy.listener('udp').local;
    const send = (text) => udp.socket.send(text, port, address);
    const take = async (what) => {
        const fits = (message) => (message.kind === 'request' ? message.method : message.statusCode) === what;
        await eventually(() => expect(inbox.some(fits)).toBe(true));
        const at = inbox.findIndex(fits);
        const [message] = inbox.splice(0, at + 1).slice(at);
        if (message === undefined)
            throw new Error(`no ${what}`);
        return message;
    };
    return {
        place,
        take,
        takeRequest: async (method) => {
            const message = await take(method);
            if (message.kind !== 'request')
                throw new Error(`no ${method}`);
            return message;
        },
        respond: (request, statusCode) => {
            const recorded = headerValues(request, 'record-route').map((value) => ['Record-Route', value]);
            const isAnswer = request.method === 'INVITE' && statusCode === 200;
            const response = buildResponse(request, {
                statusCode,
                toTag: 'psap',
                headers: [
                    ...recorded,
                    ['Contact', `<sip:psap@${place}>`],
                    ...(isAnswer ? [['Content-Type', 'application/sdp']] : []),
                ],
                ...(isAnswer ? { body: Buffer.from(sdp) } : {}),
            });
            send(response.bytes);
        },
        send,
    };
}
async function setUp(stack, scheme = 'wss') {
    const target = {};
    const proxy = await startLiveProxy(certificate, (request) => {
        const isForBrowser = request.requestUri.includes('.invalid');
        return forwardTo([isForBrowser ? undefined : `sip:${target.place}`]);
    });
    open.push(async () => expect(await proxy.stop()).toEqual([]));
    const psap = await psapBehind(proxy);
    target.place = psap.place;
    const { port } = proxy.listener(scheme).local;
    const phone = await startBrowserPhone({
        stack,
        user: 'alice',
        server: `${scheme}://127.0.0.1:${port}`,
        caFile: authority.caFile,
    });
    open.push(() => phone.stop());
    return { phone, psap };
}
/** The browser calls and the PSAP answers; gives the INVITE as it arrived. */
async function answeredCall({ phone, psap }) {
    await phone.dial('sip:sos@example.com');
    const invite = await psap.takeRequest('INVITE');
    psap.respond(invite, 180);
    await phone.next('ringing');
    psap.respond(invite, 200);
    await psap.takeRequest('ACK');
    await phone.next('answered');
    return invite;
}
function requestBack(psap, invite, parts) {
    const contact = contacts(invite);
    const routes = recordRoutes(invite);
    const { method, isNew = false, body = '' } = parts;
    const uri = contact.ok ? contact.value[0]?.uriText : undefined;
    const all = routes.ok ? routes.value.map(({ raw }) => raw) : [];
    return [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP ${psap.place};branch=z9hG4bK${method}${isNew ? 'n' : ''}`,
        'Max-Forwards: 70',
        ...all.map((route) => `Route: ${route}`),
        `From: <sip:psap@example.com>;tag=${isNew ? 'again' : 'psap'}`,
        `To: ${isNew ? '<sip:alice@browser.invalid>' : headerValue(invite, 'from')}`,
        `Call-ID: ${isNew ? 'callback-1' : headerValue(invite, 'call-id')}`,
        `CSeq: 1 ${method}`,
        `Contact: <sip:psap@${psap.place}>`,
        ...(body === '' ? [] : ['Content-Type: application/sdp']),
        `Content-Length: ${body.length}`,
        '',
        body,
    ].join('\r\n');
}
describe.each(['jssip', 'sipjs'])('%s', (stack) => {
    it.each(['ws', 'wss'])('calls by %s, is answered and hangs up', async (scheme) => {
        const made = await setUp(stack, scheme);
        const invite = await answeredCall(made);
        expect(headerValues(invite, 'via')[1]).toMatch(new RegExp(`^SIP/2\\.0/${scheme.toUpperCase()} \\w+\\.invalid;`));
        await made.phone.hangUp();
        made.psap.respond(await made.psap.takeRequest('BYE'), 200);
        await made.phone.next('ended');
    });
    it('says where it is, with the session description in one body', async () => {
        const { phone, psap } = await setUp(stack);
        await phone.dial('sip:911@example.com', {
            place: { lat: 40.25, lon: -99.75 },
            headers: ['X-Note: kept'],
        });
        const invite = await psap.takeRequest('INVITE');
        expect(invite.requestUri).toBe('sip:911@example.com');
        expect(headerValue(invite, 'geolocation')).toBe('<cid:here@browser.example.org>');
        expect(headerValue(invite, 'x-note')).toBe('kept');
        expect(headerValue(invite, 'content-type')).toMatch(/^multipart\/mixed;/);
        expect(invite.body.toString()).toContain('<gml:pos>40.25 -99.75</gml:pos>');
        expect(invite.body.toString()).toContain('m=audio');
        psap.respond(invite, 486);
        await phone.next('ended');
    });
    it('gives up while it rings there', async () => {
        const { phone, psap } = await setUp(stack);
        await phone.dial('sip:sos@example.com');
        const invite = await psap.takeRequest('INVITE');
        psap.respond(invite, 180);
        await phone.next('ringing');
        await phone.hangUp();
        psap.respond(await psap.takeRequest('CANCEL'), 200);
        psap.respond(invite, 487);
        await phone.next('ended');
    });
    it('is hung up on', async () => {
        const made = await setUp(stack);
        const invite = await answeredCall(made);
        made.psap.send(requestBack(made.psap, invite, { method: 'BYE' }));
        await made.psap.take(200);
        await made.phone.next('ended');
    });
    it('is called back on its connection, and answers', async () => {
        const made = await setUp(stack);
        const { phone, psap } = made;
        const invite = await answeredCall(made);
        await phone.hangUp();
        psap.respond(await psap.takeRequest('BYE'), 200);
        await phone.next('ended');
        psap.send(requestBack(psap, invite, { method: 'INVITE', isNew: true, body: sdp }));
        await phone.next('incoming');
        await phone.answer();
        const answer = await psap.take(200);
        expect(answer.body.toString()).toContain('a=setup:active');
        const ack = requestBack(psap, invite, { method: 'ACK', isNew: true });
        const routes = recordRoutes(answer);
        const own = routes.ok ? routes.value.map(({ raw }) => `Route: ${raw}`).reverse() : [];
        psap.send(ack
            .replace(/^Route: .*\r\n/gm, '')
            .replace(/^To: .*$/m, `${own.join('\r\n')}\r\nTo: ${headerValue(answer, 'to')}`));
        await phone.next('answered');
    });
});
