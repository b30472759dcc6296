import { Command, Option } from 'commander';
import { number } from '../options.ts';
import { type Experiment, experiments } from './experiment.ts';

interface ClientArguments {
  readonly port: number;
  readonly experiment: Experiment;
  /** Of each kind. */
  readonly calls: number;
}

/** The command line that every client for calls at their edges takes, whatever it is written in. */
export function clientArguments(): ClientArguments {
  const { server_port, ...others } = new Command()
    .requiredOption('--server_port <port>', 'of the server', number)
    .addOption(new Option('--experiment <name>').choices(experiments).makeOptionMandatory())
    .requiredOption('--calls <n>', 'of each kind', number)
    .parse()
    .opts();
  return { port: server_port, ...others } as ClientArguments;
}
