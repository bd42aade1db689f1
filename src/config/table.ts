import { configKeys } from './keys.ts';

/** The rows of docs/configuration.md: one a key, made from the schema so that the two cannot differ. */
export function configTable(): string {
  const rows = configKeys().map((key) => {
    const cells = [
      `\`${key.path.join('.')}\``,
      `\`${key.variable}\``,
      `\`${key.defaultText}\``,
      key.describe,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| key | environment | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
