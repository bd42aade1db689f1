// How the two programs are told what to do: a JSON object a line on standard input, such as {"do":"dial","uri":"sip:sos@…",
// "place":{"lat":40.25,"lon":-99.75},"headers":["X-A: b"]}, {"do":"answer"}, {"do":"refuse"}, {"do":"hangUp"}; and what
// they say: a JSON object a line on standard output: {"event":"connected"}, incoming, ringing, answered, ended (with
// "detail"), disconnected, failed (a command), and message (with "way" and "text") for each WebSocket message.
import { createInterface } from 'node:readline';

/** Says something, in ASCII. */
export function say(event, more = {}) {
  const line = JSON.stringify({ event, ...more });
  const ascii = line.replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  process.stdout.write(`${ascii}\n`);
}

/** Command-line options `--name value`; fails for one that is missing. */
export function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : process.argv[at + 1];
  if (value !== undefined) return value;
  console.error(
    `usage: node ${process.argv[1]} --server wss://host:port --user name [--ca file] [--domain name]`,
  );
  process.exit(64);
}

/** Carries out commands until standard input ends, then `quit`. A command that fails is told of, and the next one taken. */
export async function obey(commands, quit) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...parts } = JSON.parse(line);
    try {
      await commands[name](parts);
    } catch (error) {
      say('failed', { detail: `${name}: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  await quit();
  // Both stacks keep timers after their end.
  process.exit(0);
}
