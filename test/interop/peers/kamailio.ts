import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateFiles } from '../../../src/net/index.ts';
import { namespaceAddress } from '../../support/namespace.ts';
import { pidfLo } from '../../system/emergency.ts';
import { connectTo, startChild, untilDone } from '../child.ts';

/** What a Kamailio does with a call; in-dialog requests go by their route set, and it stays in that (Record-Route). */
export type KamailioPart =
  /** A carrier: sends every call to `nextHop`, with the caller's location added to the body. */
  | { readonly kind: 'carrier'; readonly nextHop: string; readonly locationInfo?: string }
  /** A PSAP's edge: takes the service URN and all but the session description away and rings `phone`. */
  | { readonly kind: 'edge'; readonly phone: string }
  /** A PSAP that has moved: 302 with `contact`. */
  | { readonly kind: 'redirecting'; readonly contact: string };

export interface KamailioOptions {
  readonly name: string;
  /** For UDP and TCP; TLS on the port above. */
  readonly port: number;
  readonly part: KamailioPart;
  readonly tls: CertificateFiles & { readonly caFile: string };
}

/** Starts one (Debian: kamailio, kamailio-tls-modules) at the namespace's IPv4 address and waits until it listens. */
export async function startKamailio(options: KamailioOptions): Promise<{ stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), `firstline-kamailio-${options.name}-`));
  mkdirSync(join(folder, 'run'));
  const file = join(folder, 'kamailio.cfg');
  writeFileSync(file, configuration(options));
  const child = startChild(
    'kamailio',
    ['-f', file, '-DD', '-E', '-w', folder, '-Y', join(folder, 'run'), '-m', '64', '-M', '8'],
    { cwd: folder },
  );
  const reached = await untilDone(() => {
    if (child.process.exitCode !== null) throw new Error(`kamailio ended at its start: ${child.tail()}`);
    return connectTo(options.port, namespaceAddress.ipv4);
  });
  reached.destroy();
  return {
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration({ port, part, tls }: KamailioOptions): string {
  const modules = ['tm', 'sl', 'rr', 'maxfwd', 'pv', 'textops', 'textopsx', 'siputils', 'tls'];
  const settings = {
    tls_method: 'TLSv1.2+',
    certificate: tls.certificateFile,
    private_key: tls.keyFile,
    ca_list: tls.caFile,
  };
  const host = namespaceAddress.ipv4;
  return [
    'debug=1',
    'log_stderror=yes',
    'children=1',
    'tcp_children=2',
    'auto_aliases=no',
    'enable_tls=yes',
    'mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/:/usr/lib/kamailio/modules/"',
    ...['udp', 'tcp'].map((transport) => `listen=${transport}:${host}:${port}`),
    `listen=tls:${host}:${port + 1}`,
    ...modules.map((name) => `loadmodule "${name}.so"`),
    ...Object.entries(settings).map(([name, value]) => `modparam("tls", "${name}", "${value}")`),
    'modparam("tls", "verify_certificate", 1)',
    'request_route {',
    '  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }',
    '  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }',
    '  if (has_totag()) {',
    '    if (loose_route()) { t_relay(); exit; }',
    '    if (is_method("ACK") && t_check_trans()) t_relay();',
    '    exit;',
    '  }',
    '  t_check_trans();',
    '  loose_route();',
    ...steps(part).map((step) => `  ${step}`),
    '  record_route();',
    '  if (!t_relay()) sl_reply_error();',
    '}',
    '',
  ].join('\n');
}

function steps(part: KamailioPart): readonly string[] {
  switch (part.kind) {
    case 'carrier':
      return [
        ...(part.locationInfo === undefined ? [] : location(part.locationInfo)),
        `$du = "${part.nextHop}";`,
      ];
    case 'edge':
      return [
        'if (has_body("multipart/mixed")) {',
        '  filter_body("application/sdp");',
        '  remove_hf("Content-Type");',
        '  append_hf("Content-Type: application/sdp\\r\\n");',
        '}',
        `$ru = "${part.phone}";`,
        '$du = $null;',
      ];
    case 'redirecting':
      return [
        `append_to_reply("Contact: <${part.contact}>\\r\\n");`,
        'sl_send_reply("302", "Moved Temporarily");',
        'exit;',
      ];
  }
}

/** Kamailio cannot give a body part a Content-ID, so its Geolocation header points nowhere. */
function location(locationInfo: string): readonly string[] {
  const document = pidfLo(locationInfo).replaceAll('\r\n', '').replaceAll('"', '\\"');
  return [
    'if (is_method("INVITE")) {',
    '  set_body_multipart();',
    '  msg_apply_changes();',
    `  append_body_part("${document}", "application/pidf+xml");`,
    '  append_hf("Geolocation: <cid:location@carrier.test>\\r\\n");',
    '}',
  ];
}
