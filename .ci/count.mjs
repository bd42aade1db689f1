// Adds up a folder of reports: vitest's JSON files, and `steps`, whose lines begin with passed or failed. Prints
// `N passed, N failed, N skipped` last; fails on any failure, on any skip, and on a suite that ran no test.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [folder] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const suite = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'passed') suite.passed++;
      else if (test.status === 'failed') suite.failed++;
      else suite.skipped++;
      if (test.status !== 'passed') console.log(`${test.status}: ${test.fullName}`);
    }
    // A file that could not be read, or whose set-up failed, has no failed test of its own.
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) {
      suite.failed++;
      console.log(`failed: ${file.name}: ${String(file.message).split('\n')[0]}`);
    }
  }
  if (suite.passed + suite.failed === 0) {
    suite.failed++;
    console.log(`failed: ${name} ran no test`);
  }
  // Errors outside of any test (an unhandled rejection) fail a run whose tests all passed.
  if (!report.success && suite.failed === 0) {
    suite.failed++;
    console.log(`failed: ${name}: errors outside of the tests`);
  }
  console.log(`${name}: ${suite.passed} passed, ${suite.failed} failed, ${suite.skipped} skipped`);
  for (const key of Object.keys(total)) total[key] += suite[key];
}

const steps = join(folder, 'steps');
for (const line of existsSync(steps) ? readFileSync(steps, 'utf8').trim().split('\n') : []) {
  const state = line.startsWith('passed ') ? 'passed' : 'failed';
  total[state]++;
  if (state === 'failed') console.log(line);
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed + total.skipped > 0 || total.passed === 0 ? 1 : 0;
