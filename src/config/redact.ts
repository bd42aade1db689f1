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
        credentials: Object.fromEntries(
          Object.entries(config.location.references.credentials).map(([host, shown]) => [
            host,
            'bearerToken' in shown ? { bearerToken: '***' } : { ...shown, password: '***' },
          ]),
        ),
      },
      published: {
        ...config.location.published,
        secrets: config.location.published.secrets.map(() => '***'),
      },
    },
    database: url === undefined ? config.database : { ...config.database, url: redactUrl(url) },
  };
}

/** A URL without its password. */
export function redactUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:/@]*):[^@]*@/i, '$1:***@').replace(/([?&]password=)[^&]*/gi, '$1***');
}
