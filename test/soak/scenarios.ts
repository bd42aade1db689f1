// SIPp scenarios of the soak: each end of a call that the server has to survive, on the caller's and the PSAP's side.

/** What becomes of a call, by the PSAP that its place belongs to and by what its caller does. */
export const ends = [
  'answered',
  'psapHangsUp',
  'cancelled',
  'refused',
  'silent',
  'rungOut',
  'forked',
  'redirected',
  'reinvited',
] as const;

export type End = (typeof ends)[number];

/** The caller's scenario. `place` is `lat lon`. */
export function callerScenario(end: End, place: string): string {
  const steps: Record<End, readonly string[]> = {
    answered: [...answered, pause(100), ...hangUp(2)],
    psapHangsUp: [...answered, recv('BYE'), reply('200 OK', '')],
    cancelled: [
      '<recv response="100" optional="true"/>',
      '<recv response="180"/>',
      cancel,
      '<recv response="200"/>',
      '<recv response="487"/>',
      failureAck,
    ],
    refused: [...answered, pause(100), ...hangUp(2)],
    silent: [...answered, pause(100), ...hangUp(2)],
    rungOut: [...answered, pause(100), ...hangUp(2)],
    // Two people answer: both 200 come, each gets its ACK, and each dialog its BYE.
    forked: [...answered, '<recv response="200" rrs="true"/>', ack, pause(50), ...hangUp(2)],
    redirected: [...answered, pause(100), ...hangUp(2)],
    reinvited: [
      ...answered,
      reinvite,
      '<recv response="100" optional="true"/>',
      '<recv response="200"/>',
      ack3,
      pause(50),
      ...hangUp(4),
    ],
  };
  return scenario(`caller: ${end}`, [invite(place), ...steps[end]]);
}

/** The PSAP's scenario; undefined for one that is not there at all. */
export function psapScenario(end: End | 'default', defaultPort: number): string | undefined {
  const received = '<recv request="INVITE" rrs="true"/>';
  const answerCall = [received, reply('180 Ringing', tag), pause(20), reliable('200 OK', tag), recv('ACK')];
  switch (end) {
    case 'default':
    case 'answered':
      return scenario('answers', [...answerCall, recv('BYE'), reply('200 OK', '')]);
    case 'reinvited':
      return scenario('answers twice', [
        ...answerCall,
        received,
        reliable('200 OK', ''),
        recv('ACK'),
        recv('BYE'),
        reply('200 OK', ''),
      ]);
    case 'psapHangsUp':
      return scenario('hangs up', [
        ...answerCall.slice(0, -1),
        ackWithParties,
        pause(100),
        psapBye,
        '<recv response="100" optional="true"/>',
        '<recv response="200"/>',
      ]);
    case 'cancelled':
    case 'rungOut':
      return scenario('rings', [
        receivedWithVias,
        reply('180 Ringing', tag),
        recv('CANCEL'),
        reply('200 OK', ''),
        terminated,
        recv('ACK'),
      ]);
    case 'refused':
      return scenario('refuses', [received, reliable('486 Busy Here', tag), recv('ACK')]);
    case 'redirected':
      return scenario('redirects', [
        received,
        reliable('302 Moved Temporarily', tag, `Contact: <sip:default@127.0.0.1:${defaultPort}>`),
        recv('ACK'),
      ]);
    case 'forked':
      return scenario('two answer', [
        received,
        reply('180 Ringing', `${tag}a`),
        reply('180 Ringing', `${tag}b`),
        pause(20),
        reply('200 OK', `${tag}a`),
        reply('200 OK', `${tag}b`),
        recv('ACK'),
        recv('ACK'),
        recv('BYE'),
        reply('200 OK', ''),
      ]);
    case 'silent':
      return undefined;
  }
}

const tag = ';tag=[pid]p[call_number]';

function scenario(name: string, steps: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;
}

function message(lines: readonly string[], options: { isRepeated: boolean }): string {
  return `<send${options.isRepeated ? ' retrans="500"' : ''}><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`;
}

function recv(method: string): string {
  return `<recv request="${method}"/>`;
}

function pause(ms: number): string {
  return `<pause milliseconds="${ms}"/>`;
}

function invite(place: string): string {
  const sdp = [
    'v=0',
    'o=a 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 40000 RTP/AVP 0',
  ];
  const pidf =
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
    'xmlns:gml="http://www.opengis.net/gml" entity="pres:a@example.org"><tuple id="t"><status><gp:geopriv>' +
    '<gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326">' +
    `<gml:pos>${place}</gml:pos></gml:Point></gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>`;
  const body = [
    '--b1',
    'Content-Type: application/sdp',
    '',
    ...sdp,
    '',
    '--b1',
    'Content-Type: application/pidf+xml',
    'Content-ID: <l@example.org>',
    '',
    pidf,
    '--b1--',
  ];
  return message(
    [
      ...callerHead('INVITE urn:service:sos', '1 INVITE', ''),
      'Geolocation: <cid:l@example.org>',
      'Content-Type: multipart/mixed;boundary=b1',
      'Content-Length: [len]',
      '',
      ...body,
    ],
    { isRepeated: true },
  );
}

function callerHead(start: string, cseq: string, toTag: string): readonly string[] {
  return [
    `${start} SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]',
    ...(toTag === '' ? [] : ['[routes]']),
    'Max-Forwards: 70',
    'From: <sip:a@example.org>;tag=[pid]c[call_number]',
    `To: <urn:service:sos>${toTag}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq}`,
    'Contact: <sip:a@[local_ip]:[local_port];transport=[transport]>',
  ];
}

const ringing = [
  '<recv response="100" optional="true"/>',
  '<recv response="180" optional="true"/>',
  '<recv response="180" optional="true"/>',
];
const ack = message([...callerHead('ACK [next_url]', '1 ACK', '[peer_tag_param]'), 'Content-Length: 0'], {
  isRepeated: false,
});
const ack3 = message([...callerHead('ACK [next_url]', '3 ACK', '[peer_tag_param]'), 'Content-Length: 0'], {
  isRepeated: false,
});
const answered = [...ringing, '<recv response="200" rrs="true"/>', ack];

function hangUp(cseq: number): readonly string[] {
  const bye = message(
    [...callerHead('BYE [next_url]', `${cseq} BYE`, '[peer_tag_param]'), 'Content-Length: 0'],
    { isRepeated: true },
  );
  return [bye, '<recv response="100" optional="true"/>', '<recv response="200"/>'];
}

const reinvite = message(
  [...callerHead('INVITE [next_url]', '3 INVITE', '[peer_tag_param]'), 'Content-Length: 0'],
  { isRepeated: true },
);

const cancel = message(
  [
    'CANCEL urn:service:sos SIP/2.0',
    '[last_Via:]',
    'Max-Forwards: 70',
    'From: <sip:a@example.org>;tag=[pid]c[call_number]',
    'To: <urn:service:sos>',
    'Call-ID: [call_id]',
    'CSeq: 1 CANCEL',
    'Content-Length: 0',
  ],
  { isRepeated: true },
);

const failureAck = message(
  [
    'ACK urn:service:sos SIP/2.0',
    '[last_Via:]',
    'Max-Forwards: 70',
    '[last_From:]',
    '[last_To:]',
    'Call-ID: [call_id]',
    'CSeq: 1 ACK',
    'Content-Length: 0',
  ],
  { isRepeated: false },
);

function responseLines(status: string, toTag: string, extra: readonly string[]): readonly string[] {
  return [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_Record-Route:]',
    '[last_From:]',
    `[last_To:]${toTag}`,
    '[last_Call-ID:]',
    '[last_CSeq:]',
    ...(extra.length === 0 ? ['Contact: <sip:p@[local_ip]:[local_port]>'] : extra),
    'Content-Length: 0',
  ];
}

function reply(status: string, toTag: string, ...extra: readonly string[]): string {
  return message(responseLines(status, toTag, extra), { isRepeated: false });
}

function reliable(status: string, toTag: string, ...extra: readonly string[]): string {
  return message(responseLines(status, toTag, extra), { isRepeated: true });
}

/** Keeps the Via values: the last request received is the CANCEL when the 487 goes out. */
const receivedWithVias =
  '<recv request="INVITE" rrs="true"><action><ereg regexp=".*" search_in="hdr" header="Via:" assign_to="vias"/></action></recv>';

const terminated = message(
  [
    'SIP/2.0 487 Request Terminated',
    'Via: [$vias]',
    '[last_From:]',
    `[last_To:]${tag}`,
    '[last_Call-ID:]',
    'CSeq: 1 INVITE',
    'Content-Length: 0',
  ],
  { isRepeated: true },
);

/** Keeps who is who for the PSAP's own request. */
const ackWithParties =
  '<recv request="ACK"><action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>' +
  '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="psap"/></action></recv>';

const psapBye = message(
  [
    'BYE [next_url] SIP/2.0',
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
    '[routes]',
    'Max-Forwards: 70',
    'From: [$psap]',
    'To: [$caller]',
    'Call-ID: [call_id]',
    'CSeq: 1 BYE',
    'Content-Length: 0',
  ],
  { isRepeated: true },
);
