// What a peer wrote of the messages that it sent and received, in its own log. Each peer has its form; the message between is SIP.
/** Reads one message; undefined for what is none, such as a keepalive. */
export function readTraced(text) {
    const end = text.indexOf('\r\n\r\n');
    const head = end === -1 ? text : text.slice(0, end);
    const startLine = head.split('\r\n')[0] ?? '';
    if (!/^SIP\/2\.0 \d{3}|^[A-Z]+ \S+ SIP\/2\.0$/.test(startLine))
        return undefined;
    const rest = end === -1 ? '' : text.slice(end + 4);
    const length = headersOf(head, 'Content-Length', 'l')[0];
    return {
        startLine,
        callId: headersOf(head, 'Call-ID', 'i')[0] ?? '',
        cseq: headersOf(head, 'CSeq')[0] ?? '',
        text: head,
        body: length === undefined ? rest : rest.slice(0, Number(length)),
    };
}
/** Reads what came in one piece from a stream: often more messages than one. */
export function readAllTraced(text) {
    const messages = [];
    for (let rest = text.replace(/^[\r\n]+/, ''); rest !== '';) {
        const message = readTraced(rest);
        if (message === undefined)
            break;
        messages.push(message);
        rest = rest.slice(message.text.length + 4 + message.body.length).replace(/^[\r\n]+/, '');
    }
    return messages;
}
/** All values of a header, in order. */
export function tracedValues(message, name, compact) {
    return headersOf(message.text, name, compact);
}
/** The messages of a call whose start line fits; of responses, those to one method. */
export function select(messages, fit) {
    return messages.filter((message) => (fit.callId === undefined || message.callId === fit.callId) &&
        fit.startLine.test(message.startLine) &&
        (fit.method === undefined || message.cseq.endsWith(` ${fit.method}`)));
}
/** The part of a body that is a session description: the body itself, or what a multipart holds of that type. */
export function sessionDescription(message) {
    const type = tracedValues(message, 'Content-Type', 'c')[0] ?? '';
    const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
    if (boundary === undefined)
        return /^application\/sdp/i.test(type) ? message.body.trimEnd() : '';
    const part = message.body
        .split(`--${boundary}`)
        .find((text) => /^content-type:\s*application\/sdp/im.test(text.split('\r\n\r\n')[0] ?? ''));
    return part?.slice(part.indexOf('\r\n\r\n') + 4).trimEnd() ?? '';
}
function headersOf(head, name, compact) {
    const names = [name, compact].filter((item) => item !== undefined).map((item) => item.toLowerCase());
    return head
        .replace(/\r\n[ \t]+/g, ' ')
        .split('\r\n')
        .slice(1)
        .filter((line) => names.includes(line.slice(0, line.indexOf(':')).trim().toLowerCase()))
        .map((line) => line.slice(line.indexOf(':') + 1).trim());
}
