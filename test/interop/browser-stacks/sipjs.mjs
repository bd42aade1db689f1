// A SIP.js user agent over WebSocket that registers nothing: `node sipjs.mjs --server wss://host:port --user alice
// [--ca authority.pem] [--domain host]`. See commands.mjs for what it takes and says.
import { Inviter, SessionState, UserAgent } from 'sip.js';
import { becomeBrowser, sessionDescription } from './browser.mjs';
import { obey, option, say } from './commands.mjs';
import { locationHeaders, withLocation } from './location.mjs';

becomeBrowser({
  caFile: option('ca', '') || undefined,
  onMessage: (way, text) => say('message', { way, text }),
});

let call;
/** Where the caller of the next call is. */
let here;

/** Stands where a browser's peer connection would: the stack's own boundary to media. */
const inventedMedia = () => {
  let hasRemote = false;
  return {
    close: () => undefined,
    async getDescription() {
      const sdp = sessionDescription(hasRemote ? 'active' : 'actpass');
      if (hasRemote || here === undefined) return { body: sdp, contentType: 'application/sdp' };
      return withLocation(sdp, here);
    },
    hasDescription: (contentType) => contentType.toLowerCase() === 'application/sdp',
    async setDescription(sdp) {
      if (!/^m=audio /m.test(sdp)) throw new Error('no audio in the description');
      hasRemote = true;
    },
    sendDtmf: () => false,
  };
};

const agent = new UserAgent({
  uri: UserAgent.makeURI(`sip:${option('user')}@${option('domain', 'browser.invalid')}`),
  transportOptions: { server: option('server') },
  sessionDescriptionHandlerFactory: inventedMedia,
  logBuiltinEnabled: false,
  delegate: {
    onConnect: () => say('connected', { contact: agent.contact.uri.toString() }),
    onDisconnect: (error) => say('disconnected', { detail: error?.message ?? '' }),
    onInvite: (invitation) => {
      say('incoming', { detail: invitation.request.from.toString() });
      follow(invitation);
    },
  },
});

/** Tells what becomes of a call. */
function follow(session) {
  call = session;
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) say('answered');
    if (state === SessionState.Terminated) say('ended', { detail: '' });
  });
}

await agent.start();

await obey(
  {
    async dial({ uri, headers = [], place }) {
      here = place;
      const target = UserAgent.makeURI(uri);
      if (target === undefined) throw new Error(`no URI: ${uri}`);
      const extraHeaders = place === undefined ? headers : [...headers, ...locationHeaders];
      const inviter = new Inviter(agent, target, { extraHeaders });
      follow(inviter);
      await inviter.invite({ requestDelegate: { onProgress: () => say('ringing') } });
    },
    answer: () => call.accept(),
    refuse: () => call.reject({ statusCode: 486 }),
    hangUp: () => hangUp(call),
  },
  () => agent.stop(),
);

/** SIP.js has a name of its own for the end of each kind and state of a call. */
function hangUp(session) {
  if (session.state === SessionState.Established) return session.bye();
  return session instanceof Inviter ? session.cancel() : session.reject();
}
