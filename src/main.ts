import process from 'node:process';
import { Command } from 'commander';
import { addServeCommand } from './cli/serve.ts';

const program = new Command('firstline');
addServeCommand(program);
await program.parseAsync(process.argv);
