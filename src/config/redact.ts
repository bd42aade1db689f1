import type { Config } from './schema.ts';

/** The configuration as it may be shown: the password of the database URL and the secrets replaced. */
export function redactConfig(config: Config): Config {
  const { url } = config.database;
  return {
    ...config,
    sip: { ...config.sip, recordRouteSecrets: config.sip.recordRouteSecrets.map(() => '***') },
    location: {
      ...config.location,
      references: {
        ...config.location.references,
        credentials: redactCredentials(config.location.references.credentials),
      },
      published: {
        ...config.location.published,
        secrets: config.location.published.secrets.map(() => '***'),
      },
    },
    lost: {
      ...config.lost,
      clients: Object.fromEntries(
        Object.entries(config.lost.clients).map(([name, client]) => [
          name,
          { ...client, bearerTokens: client.bearerTokens.map(() => '***') },
        ]),
      ),
      outbound: {
        ...config.lost.outbound,
        credentials: redactCredentials(config.lost.outbound.credentials),
      },
    },
    database: url === undefined ? config.database : { ...config.database, url: redactUrl(url) },
  };
}

type Credentials = Config['location']['references']['credentials'];

function redactCredentials(credentials: Credentials): Credentials {
  return Object.fromEntries(
    Object.entries(credentials).map(([host, shown]) => [
      host,
      'bearerToken' in shown ? { bearerToken: '***' } : { ...shown, password: '***' },
    ]),
  );
}

/** A URL without its password. */
export function redactUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:/@]*):[^@]*@/i, '$1:***@').replace(/([?&]password=)[^&]*/gi, '$1***');
}
