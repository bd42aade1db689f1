import process from 'node:process';
import { addServeCommand, buildProgram, runProgram, systemDeps } from './cli/index.ts';

const deps = systemDeps();
const program = buildProgram(deps);
addServeCommand(program);
await runProgram(program, process.argv.slice(2), deps);
