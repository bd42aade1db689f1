// A process of its own that opens the embedded store in the folder it is given, says so, and begins a load that never
// ends; the test kills it. Runs the compiled program.
import { pathToFileURL } from 'node:url';

const [dist, dataDir] = process.argv.slice(2);
const { openStore } = await import(new URL('src/store/index.js', pathToFileURL(`${dist}/`)).href);
const { usCountyPsaps } = await import(new URL('data/us-counties.js', pathToFileURL(`${dist}/`)).href);
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

try {
  const store = await openStore({ databaseUrl: undefined, dataDir, logger });
  console.log('open');
  await store.boundaries.load(endless(), {
    name: 'endless',
    source: 'test',
    actor: { name: 'child', via: 'cli' },
    invalidGeometry: 'repair',
  });
} catch (error) {
  console.log(`failed ${error.code} ${error.message}`);
  process.exitCode = 3;
}

async function* endless() {
  let count = 0;
  for (;;) {
    for await (const each of usCountyPsaps()) {
      count += 1;
      if (count === 1_500) console.log('loading');
      yield { kind: 'feature', feature: { ...each.feature, ordinal: count, boundaryId: `b-${count}` } };
    }
  }
}
