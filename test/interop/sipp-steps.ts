import { pidfLo } from '../system/emergency.ts';

// SIPp scenarios out of steps. Each is one call; what a step expects and does not get fails the run.

/** What the INVITE of a caller says. */
export interface SippInvite {
  readonly requestUri: string;
  /** Content of location-info; absent: a session description alone. */
  readonly locationInfo?: string;
  readonly headers?: readonly string[];
  /** The multipart's boundary as Content-Type has it, in quotes or without; `"frontier"` unless said otherwise. */
  readonly boundary?: string;
}

/** How a caller's call goes on after its INVITE. */
export type CallerCourse = 'hangsUp' | 'isHungUpOn' | 'givesUp' | 'isToldBusy';

/** How a PSAP takes its call. */
export type PsapCourse = 'isHungUpOn' | 'hangsUp' | 'rings' | 'isBusy';

/** A caller. */
export function callerScenario(invite: SippInvite, course: CallerCourse): string {
  const start = [send(inviteText(invite)), receiveOptional(100)];
  const answered = [...start, receiveOptional(180), receive(200, 'rrs="true"'), send(ack)];
  const courses: Readonly<Record<CallerCourse, readonly string[]>> = {
    hangsUp: [...answered, pause(100), send(callerBye), receive(200)],
    isHungUpOn: [...answered, receiveRequest('BYE'), send(reply('200 OK'))],
    givesUp: [
      ...start,
      receive(180),
      send(cancel(invite.requestUri)),
      receive(200),
      receive(487),
      send(refusalAck(invite.requestUri)),
    ],
    isToldBusy: [...start, receiveOptional(180), receive(486), send(refusalAck(invite.requestUri))],
  };
  return scenario('caller', courses[course]);
}

/** A PSAP. Its log has the Request-URI, the top Route and From of the call. */
export function psapScenario(course: PsapCourse): string {
  const ringing = [receiveInvite, send(reply('180 Ringing', { isTagged: true }))];
  const answered = [
    ...ringing,
    pause(50),
    send(reply('200 OK', { isTagged: true, body: sessionDescription(41_000) })),
    receiveAck,
  ];
  const courses: Readonly<Record<PsapCourse, readonly string[]>> = {
    isHungUpOn: [...answered, receiveRequest('BYE'), send(reply('200 OK'))],
    hangsUp: [...answered, pause(100), send(psapBye), receive(200)],
    rings: [
      ...ringing,
      receiveRequest('CANCEL'),
      send(reply('200 OK', { isTagged: true })),
      // By now [last_…] means the CANCEL, which has one Via only.
      send(reply('487 Request Terminated', { isTagged: true, isToInvite: true })),
      receiveAck,
    ],
    isBusy: [receiveInvite, send(reply('486 Busy Here', { isTagged: true })), receiveAck],
  };
  return scenario('PSAP', courses[course]);
}

function scenario(name: string, steps: readonly string[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<scenario name="${name}">`,
    ...steps,
    // SIPp refuses a scenario with a variable that nothing uses.
    ...(name === 'PSAP' ? ['<Reference variables="vias,cseq,to"/>'] : []),
    '</scenario>',
    '',
  ].join('\n');
}

/** What nothing else repeats is repeated by SIPp: requests but ACK, and what answers an INVITE in the end. */
function send(message: string): string {
  const isRepeated = /^(?:INVITE|BYE|CANCEL|SIP\/2\.0 4)|application\/sdp/.test(message);
  return `<send${isRepeated ? ' retrans="500"' : ''}><![CDATA[\n\n${message}\n\n]]></send>`;
}

function receive(status: number, attributes = ''): string {
  return `<recv response="${status}" ${attributes}/>`;
}

function receiveOptional(status: number): string {
  return `<recv response="${status}" optional="true"/>`;
}

function receiveRequest(method: string, attributes = ''): string {
  return `<recv request="${method}" ${attributes}/>`;
}

function pause(ms: number): string {
  return `<pause milliseconds="${ms}"/>`;
}

const receiveInvite = [
  '<recv request="INVITE" rrs="true"><action>',
  '<ereg regexp="Via:[^[:cntrl:]]*([[:cntrl:]]+Via:[^[:cntrl:]]*)*" search_in="msg" assign_to="vias"/>',
  '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>',
  '<ereg regexp="INVITE [^ ]+ SIP" search_in="msg" assign_to="requestLine"/>',
  '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>',
  '<ereg regexp=".*" search_in="hdr" header="Route:" assign_to="route"/>',
  '<log message="[$requestLine] | [$route] | [$from]"/>',
  '</action></recv>',
].join('\n');

const receiveAck = [
  '<recv request="ACK"><action>',
  '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>',
  '</action></recv>',
].join('\n');

function reply(
  status: string,
  options: { readonly isTagged?: boolean; readonly isToInvite?: boolean; readonly body?: string } = {},
): string {
  const isToInvite = options.isToInvite === true;
  const head = [
    `SIP/2.0 ${status}`,
    isToInvite ? '[$vias]' : '[last_Via:]',
    '[last_From:]',
    ...(isToInvite ? [] : ['[last_Record-Route:]']),
    `[last_To:]${options.isTagged === true ? ';tag=[pid]p[call_number]' : ''}`,
    '[last_Call-ID:]',
    isToInvite ? 'CSeq:[$cseq]' : '[last_CSeq:]',
    'Contact: <sip:calltaker@[local_ip]:[local_port];transport=[transport]>',
  ];
  if (options.body === undefined) return [...head, 'Content-Length: 0'].join('\n');
  return [...head, 'Content-Type: application/sdp', 'Content-Length: [len]', '', options.body].join('\n');
}

const via = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]';
/** CANCEL and the ACK of a refusal are of the INVITE's transaction. */
const inviteVia = via.replace('[branch]', 'z9hG4bK-[pid]-[call_number]-invite');
const caller = 'From: <sip:caller@carrier.test>;tag=[pid]c[call_number]';

function inviteText(invite: SippInvite): string {
  const head = [
    `INVITE ${invite.requestUri} SIP/2.0`,
    inviteVia,
    'Max-Forwards: 70',
    caller,
    'To: <urn:service:sos>',
    'Call-ID: [call_id]',
    'CSeq: 1 INVITE',
    'Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>',
    ...(invite.headers ?? []),
    'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS',
  ];
  if (invite.locationInfo === undefined)
    return [
      ...head,
      'Content-Type: application/sdp',
      'Content-Length: [len]',
      '',
      sessionDescription(40_000),
    ].join('\n');
  const boundary = invite.boundary ?? '"frontier"';
  const delimiter = `--${boundary.replaceAll('"', '')}`;
  return [
    ...head,
    'Geolocation: <cid:location@carrier.test>',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary=${boundary}`,
    'Content-Length: [len]',
    '',
    delimiter,
    'Content-Type: application/sdp',
    '',
    sessionDescription(40_000),
    // The line break before a delimiter is the delimiter's; that of the last line of a session description is its own.
    '',
    delimiter,
    'Content-Type: application/pidf+xml',
    'Content-ID: <location@carrier.test>',
    '',
    pidfLo(invite.locationInfo).replaceAll('\r\n', '\n'),
    `${delimiter}--`,
  ].join('\n');
}

function sessionDescription(port: number): string {
  return [
    'v=0',
    'o=- 1 1 IN IP[local_ip_type] [local_ip]',
    's=-',
    'c=IN IP[local_ip_type] [local_ip]',
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    'a=rtpmap:0 PCMU/8000',
  ].join('\n');
}

const ack = [
  'ACK [next_url] SIP/2.0',
  via,
  '[routes]',
  'Max-Forwards: 70',
  '[last_From:]',
  '[last_To:]',
  'Call-ID: [call_id]',
  'CSeq: 1 ACK',
  'Content-Length: 0',
].join('\n');

const callerBye = ack.replace('ACK [next_url]', 'BYE [next_url]').replace('1 ACK', '2 BYE');

const psapBye = callerBye.replace('[last_From:]', 'From:[$to]').replace('[last_To:]', 'To:[$from]');

function cancel(requestUri: string): string {
  return [
    `CANCEL ${requestUri} SIP/2.0`,
    inviteVia,
    'Max-Forwards: 70',
    caller,
    'To: <urn:service:sos>',
    'Call-ID: [call_id]',
    'CSeq: 1 CANCEL',
    'Content-Length: 0',
  ].join('\n');
}

function refusalAck(requestUri: string): string {
  return cancel(requestUri)
    .replace('CANCEL ', 'ACK ')
    .replace('1 CANCEL', '1 ACK')
    .replace('To: <urn:service:sos>', '[last_To:]');
}
