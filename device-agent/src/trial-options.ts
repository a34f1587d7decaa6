import { PROBE_HEADER, probePass } from '@flowyard/launcher';
import { DEFAULT_TRIAL, type DeviceTarget } from '@flowyard/protocol';
import type { RunCommand } from './command-line.ts';
import type { GateOptions } from './health-gates.ts';
import { httpProbe } from './http-probe.ts';

/** How the next snapshot is tried: what was said on this machine counts more than what the target says. */
export interface TrialOptions extends Omit<GateOptions, 'signal'> {
  allowScripts: boolean;
}

/** @param linkToken lets the probe pass where pages ask for a password */
export function trialOptions(
  command: RunCommand,
  target: DeviceTarget | null,
  linkToken: string,
): TrialOptions {
  const { host, port } = command;
  const headers = { [PROBE_HEADER]: probePass(linkToken) };
  const { stableSeconds, startSeconds, allowScripts, probe } = target?.trial ?? DEFAULT_TRIAL;
  return {
    stableMs: command.stableMs ?? stableSeconds * 1000,
    startMs: command.startMs ?? startSeconds * 1000,
    allowScripts: command.allowScripts ?? allowScripts,
    probe: probe && {
      withinMs: probe.seconds * 1000,
      ask: (signal) => httpProbe({ host, port, path: probe.path, headers, signal }),
    },
  };
}
