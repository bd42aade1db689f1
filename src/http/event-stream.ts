import type { ServerResponse } from 'node:http';
import type { HttpLimits } from './limits.ts';
import type { EventStream, ServerEvent } from './problem.ts';

/** The media type of events. */
export const eventStreamType = 'text/event-stream';

interface StreamPorts {
  readonly limits: Pick<HttpLimits, 'eventBacklogBytesMax' | 'eventHeartbeatMs'>;
  readonly streams: Set<ServerResponse>;
}

/**
 * Sends events until the reader goes away, or reads so slowly that what waits for it passes the limit: then the
 * connection is ended, and the reader begins anew.
 */
export function sendEvents(
  response: ServerResponse,
  stream: EventStream,
  { limits, streams }: StreamPorts,
): void {
  streams.add(response);
  response.statusCode = 200;
  response.setHeader('Content-Type', eventStreamType);
  // Proxies that gather answers before they pass them on would hold the events back.
  response.setHeader('X-Accel-Buffering', 'no');
  response.write(': events as they happen\n\n');
  const write = (text: string): void => {
    if (response.destroyed) return;
    if (response.writableLength > limits.eventBacklogBytesMax) response.destroy();
    else response.write(text);
  };
  const heartbeat = setInterval(() => write(': still here\n\n'), limits.eventHeartbeatMs);
  const end = stream.open((event) => write(eventText(event)));
  response.once('close', () => {
    streams.delete(response);
    clearInterval(heartbeat);
    end();
  });
}

function eventText({ name, data }: ServerEvent): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
