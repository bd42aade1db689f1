// A JsSIP user agent over WebSocket that registers nothing: `node jssip.mjs --server wss://host:port --user alice
// [--ca authority.pem] [--domain host]`. See commands.mjs for what it takes and says.
import JsSIP from 'jssip';
import { becomeBrowser, emptyStream } from './browser.mjs';
import { obey, option, say } from './commands.mjs';
import { locationHeaders, withLocation } from './location.mjs';

becomeBrowser({
  caFile: option('ca', '') || undefined,
  onMessage: (way, text) => say('message', { way, text }),
});

const media = { mediaStream: emptyStream, mediaConstraints: { audio: true, video: false }, pcConfig: {} };
const agent = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(option('server'))],
  uri: `sip:${option('user')}@${option('domain', 'browser.invalid')}`,
  register: false,
});
let call;

agent.on('connected', () => say('connected', { contact: agent.contact.uri.toString() }));
agent.on('disconnected', ({ error, code }) =>
  say('disconnected', { detail: `${error === true ? 'abruptly ' : ''}${code ?? ''}` }),
);
agent.on('newRTCSession', ({ originator, session, request }) => {
  call = session;
  if (originator === 'remote') say('incoming', { detail: request.from.toString() });
  session.on('progress', ({ originator: by }) => by === 'remote' && say('ringing'));
  session.on('confirmed', () => say('answered'));
  session.on('ended', ({ cause }) => say('ended', { detail: cause }));
  session.on('failed', ({ cause, message }) =>
    say('ended', { detail: `${cause} ${message?.status_code ?? ''}`.trim() }),
  );
});
agent.start();

await obey(
  {
    dial({ uri, headers = [], place }) {
      const extraHeaders = place === undefined ? headers : [...headers, ...locationHeaders];
      const started = agent.call(uri, { ...media, extraHeaders });
      if (place === undefined) return;
      // JsSIP knows session descriptions only; it lets the request be changed before it leaves.
      started.on('sending', ({ request }) => {
        const { contentType, body } = withLocation(request.body, place);
        request.body = body;
        request.extraHeaders = request.extraHeaders.map((line) =>
          /^content-type:/i.test(line) ? `Content-Type: ${contentType}` : line,
        );
      });
    },
    answer: () => call.answer(media),
    refuse: () => call.terminate({ status_code: 486, reason_phrase: 'Busy Here' }),
    hangUp: () => call.terminate(),
  },
  () => agent.stop(),
);
